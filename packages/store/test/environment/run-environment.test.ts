import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConcreteSpec } from '@berth/spec';
import { expect, test } from '@jest/globals';
import { foldModifications } from '../../src/environment/fold.ts';
import { defaultPrefixInspections, inspectPrefix, runEnvironment } from '../../src/environment/run-environment.ts';
import { temporaryFolder } from '../helpers.ts';
import { demoSpec } from '../store-helpers.ts';

const inspections = defaultPrefixInspections('linux');

test('each inspected folder that exists is prepended, in the order of the configuration', async () => {
  const prefix = await temporaryFolder();
  for (const folder of ['bin', 'share/man', 'lib/pkgconfig', 'share/pkgconfig']) {
    await mkdir(join(prefix, folder), { recursive: true });
  }
  const found = await inspectPrefix(prefix, inspections);
  expect(found.map((item) => [item.name, 'value' in item ? item.value : ''])).toEqual([
    ['PATH', join(prefix, 'bin')],
    ['MANPATH', join(prefix, 'share/man')],
    ['PKG_CONFIG_PATH', join(prefix, 'lib/pkgconfig')],
    ['PKG_CONFIG_PATH', join(prefix, 'share/pkgconfig')],
    ['CMAKE_PREFIX_PATH', prefix],
  ]);
});

test('prefixes of the system add none of the system paths', async () => {
  const names = (await inspectPrefix('/usr', inspections)).map((item) => item.name);
  expect(names).not.toContain('PATH');
  expect(names).not.toContain('CMAKE_PREFIX_PATH');
});

test('macOS looks for libraries too', () => {
  expect(defaultPrefixInspections('darwin').get('lib64')).toEqual(['DYLD_FALLBACK_LIBRARY_PATH']);
});

async function prefixesOf(specs: readonly ConcreteSpec[]): Promise<(spec: ConcreteSpec) => string> {
  const root = await temporaryFolder();
  for (const spec of specs) await mkdir(join(root, spec.name, 'bin'), { recursive: true });
  return (spec) => spec.external?.path ?? join(root, spec.name);
}

test('roots come first in every path, and what is loaded is noted', async () => {
  const greet = await demoSpec('greet');
  const library = await demoSpec('libgreet');
  const prefixOf = await prefixesOf([greet, library]);
  const options = { prefixOf, inspections, markLoaded: true };
  const changes = foldModifications(await runEnvironment([greet], options), { PATH: '/usr/bin' });
  const [first, ...rest] = (changes.get('PATH') ?? '').split(':');
  expect(first).toBe(join(prefixOf(greet), 'bin'));
  expect(rest).toContain(join(prefixOf(library), 'bin'));
  expect(rest.at(-1)).toBe('/usr/bin');
  expect(changes.get('SPACK_LOADED_HASHES')).toBe(greet.hash);
});

test('recipes are asked for each package, dependencies first, with those of its dependents that are there', async () => {
  const greet = await demoSpec('greet');
  const asked: string[] = [];
  await runEnvironment([greet], {
    prefixOf: await prefixesOf([greet]),
    inspections,
    markLoaded: false,
    fromRecipe: async (spec, dependents) => {
      asked.push(`${spec.name}: ${dependents.map((parent) => parent.name).join(' ')}`);
      return [{ action: 'set', name: 'X', value: spec.name }];
    },
  });
  expect(asked.at(-1)).toBe('greet: ');
  expect(asked).toContain('libgreet: greet');
});

test('an external brings the settings of its configuration', async () => {
  const greet = await demoSpec('greet');
  const settings = new Map<string, unknown>([
    ['set', new Map([['A', '1']])],
    ['unset', ['B']],
    ['prepend_path', new Map([['P', '/x']])],
  ]);
  const external = { path: '/opt/ext', modules: [], extraAttributes: new Map([['environment', settings]]) };
  const spec = Object.create(greet, { external: { value: external }, dependencies: { value: [] } }) as ConcreteSpec;
  const found = await runEnvironment([spec], { prefixOf: () => '/opt/ext', inspections, markLoaded: false });
  expect(found).toEqual([
    { action: 'set', name: 'A', value: '1' },
    { action: 'unset', name: 'B' },
    { action: 'prepend_path', name: 'P', value: '/x' },
  ]);
});
