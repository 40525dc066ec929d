import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

interface Workspace {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly declared: ReadonlySet<string>;
}

/** The layers of docs/architecture.md; a package may import only from a lower number. */
const LAYERS: Readonly<Record<string, number>> = {
  '@berth/base': 0,
  '@berth/spec': 1,
  '@berth/config': 2,
  '@berth/http': 2,
  '@berth/archive': 2,
  '@berth/store': 3,
  '@berth/buildcache': 3,
  '@berth/core': 4,
  '@berth/plugin-kit': 5,
  '@berth/cli': 6,
};
const PLUGIN_LAYER = 5;

const folders = ['packages', 'plugins', 'examples/plugins']
  .filter((parent) => existsSync(parent))
  .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
  .concat('core', 'plugin-kit', 'cli')
  .filter((folder) => existsSync(join(folder, 'src')));

const workspaces: readonly Workspace[] = folders.map((folder) => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  return { folder, manifest, declared };
});

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const IMPORT = /^import\b[^'";]*'([^']+)';|^export\b[^'"=;]*\bfrom '([^']+)';|\bimport\('([^']+)'\)/gm;

function importsOf(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, 'src', name), 'utf8');
    for (const [, imported, exported, dynamic] of text.matchAll(IMPORT)) {
      const specifier = imported ?? exported ?? dynamic ?? '';
      if (!specifier.startsWith('.') && !builtins.has(specifier)) found.set(specifier, name);
    }
  }
  return found;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function layerOf(name: string): number {
  return LAYERS[name] ?? PLUGIN_LAYER;
}

test('every workspace has a place in the layers', () => {
  expect(workspaces.length).toBeGreaterThanOrEqual(10);
  const packages = workspaces.filter(({ folder }) => folder.startsWith('packages') || folder === 'core');
  expect(packages.map(({ manifest }) => manifest.name).filter((name) => !(name in LAYERS))).toEqual([]);
});

describe.each(workspaces)('$manifest.name', ({ folder, manifest, declared }) => {
  const imports = importsOf(folder);

  test('imports only what its own package.json declares', () => {
    const undeclared = [...imports].filter(([specifier]) => !declared.has(packageOf(specifier)));
    expect(undeclared).toEqual([]);
  });

  test('imports only from lower layers', () => {
    const ours = [...declared].filter((name) => name.startsWith('@berth/'));
    expect(ours.filter((name) => layerOf(name) >= layerOf(manifest.name))).toEqual([]);
  });

  test('imports the public entry of a package only', () => {
    const deep = [...imports.keys()].filter((name) => name.startsWith('@berth/') && name.split('/').length > 2);
    expect(deep).toEqual([]);
  });
});
