import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBlobCache } from '@berth/buildcache';
import { install, type OpenMirror, push, type PushOptions, type PushResult } from '@berth/core';
import { defaultPrefixInspections } from '@berth/store';
import { makeWorld, type World } from '../support/world.ts';

const signal = new AbortController().signal;
let world: World;
let target: OpenMirror;
let path: string;

beforeEach(async () => {
  world = await makeWorld();
  await install(world.installOptions([await world.quickstartMirror('m')]), world.context);
  path = join(world.folder, 'target');
  target = await world.mirrorAt(path, { name: 'target' });
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

function options(changes: Partial<PushOptions> = {}): PushOptions {
  return {
    roots: [world.spec('greet')],
    mirror: target,
    scope: 'all',
    buildDependencies: 'installed',
    force: false,
    updateIndex: true,
    failFast: false,
    concurrency: 2,
    spackRoot: '/opt/spack',
    inspections: defaultPrefixInspections('linux'),
    cache: createBlobCache(join(world.folder, 'blobs')),
    ...changes,
  };
}

function outcomes({ packages }: PushResult): Record<string, string> {
  return Object.fromEntries(packages.map(({ spec, outcome, error }) => [spec.name, error?.code ?? outcome]));
}

async function files(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

describe('push', () => {
  test('publishes the closure; another tree installs from it and gets the same files', async () => {
    expect(outcomes(await push(options(), world.context))).toEqual({
      'gcc-runtime': 'pushed',
      libgreet: 'pushed',
      greet: 'pushed',
    });
    expect((await target.mirror.index({ signal }))?.size).toBe(3);
    await using other = await makeWorld({ rootName: 'tree2' });
    const again = await other.mirrorAt(path, { name: 'again' });
    const result = await install(other.installOptions([again]), other.context);
    expect(result.packages.map(({ outcome }) => outcome)).not.toContain('failed');
    const script = 'bin/greet-script';
    const prefixOf = (of: World): string => of.context.store.layout.defaultPrefix(world.spec('greet'));
    const [first, second] = await Promise.all([world, other].map((of) => readFile(join(prefixOf(of), script), 'utf8')));
    expect(second).toBe(first?.replaceAll(world.root, other.root));
  });

  test('skips what is there, and updates the index all the same', async () => {
    await push(options({ updateIndex: false }), world.context);
    expect(await target.mirror.index({ signal })).toBeUndefined();
    const again = await push(options(), world.context);
    expect(new Set(Object.values(outcomes(again)))).toEqual(new Set(['exists']));
    expect(again.index).toEqual({ packages: 3, changed: true });
  });

  test('F03 a truncated blob is not there: it is pushed again', async () => {
    await push(options(), world.context);
    const blobs = (await files(path)).filter((name) => name.startsWith('blobs'));
    const sizes = await Promise.all(
      blobs.map(async (name) => [name, (await readFile(join(path, name))).length] as const),
    );
    const [largest = ''] = sizes.toSorted(([, a], [, b]) => b - a)[0] ?? [];
    await writeFile(join(path, largest), 'cut');
    const again = await push(options(), world.context);
    expect(Object.values(outcomes(again)).filter((outcome) => outcome === 'pushed')).toHaveLength(1);
  });

  test('pushes the installed build dependencies, and with all of them a missing one fails', async () => {
    const all = await push(options({ buildDependencies: 'all' }), world.context);
    expect(outcomes(all)).toMatchObject({ greet: 'pushed', 'compiler-wrapper': 'ERR_NOT_INSTALLED' });
    const failFast = push(options({ buildDependencies: 'all', failFast: true }), world.context);
    await expect(failFast).rejects.toMatchObject({ code: 'ERR_NOT_INSTALLED', kind: 'notfound' });
  });

  test('--only package sends one package, --only dependencies the others', async () => {
    expect(outcomes(await push(options({ scope: 'package' }), world.context))).toEqual({ greet: 'pushed' });
    const others = await push(options({ scope: 'dependencies' }), world.context);
    expect(outcomes(others)).toEqual({ 'gcc-runtime': 'pushed', libgreet: 'pushed' });
  });

  test('G01 a mirror that wants signatures gets nothing', async () => {
    const pushing = push(options({ mirror: { ...target, signed: true } }), world.context);
    await expect(pushing).rejects.toMatchObject({ kind: 'signature', code: 'ERR_SIGNING_UNAVAILABLE' });
    expect(await files(path).catch(() => [])).toEqual([]);
  });

  test('a file that disappears while it is packed fails its package and publishes nothing of it', async () => {
    const prefix = world.context.store.layout.defaultPrefix(world.spec('greet'));
    world.host.hooks.push.before.tapPromise('remove', async () => {
      await rm(prefix, { recursive: true });
    });
    const result = await push(options(), world.context);
    expect(outcomes(result)).toEqual({ 'gcc-runtime': 'pushed', libgreet: 'pushed', greet: 'ERR_IO' });
    expect((await files(path)).filter((name) => name.includes('greet-1.0'))).toEqual([
      expect.stringContaining('libgreet-1.0'),
    ]);
    expect(result.index?.packages).toBe(2);
  });
});
