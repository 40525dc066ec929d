import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkMirrors, type CheckedPackage, type OpenMirror, updateMirrorIndex } from '@berth/core';
import { makeWorld, type World } from '../support/world.ts';

let world: World;
let mirror: OpenMirror & { readonly path: string };
beforeEach(async () => {
  world = await makeWorld();
  mirror = await world.quickstartMirror('m');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function check(
  options: { readonly verify?: boolean; readonly mirrors?: readonly OpenMirror[] } = {},
): Promise<ReadonlyMap<string, CheckedPackage>> {
  const { verify = false, mirrors = [mirror] } = options;
  const checks = await checkMirrors({ specs: [...world.specs.values()], mirrors, verify }, world.context);
  expect(checks.map((one) => one.mirror.name)).toEqual(mirrors.map(({ name }) => name));
  return new Map(checks.flatMap(({ packages }) => packages.map((one) => [one.spec.name, one])));
}

/** The path of the archive that the manifest of a package names. */
async function archiveOf(name: string): Promise<string> {
  const folder = join(mirror.path, 'v3/manifests/spec', name);
  const [file = ''] = await readdir(folder);
  const manifest = JSON.parse(await readFile(join(folder, file), 'utf8')) as { data: { checksum: string }[] };
  const digest = manifest.data[0]?.checksum ?? '';
  return join(mirror.path, 'blobs/sha256', digest.slice(0, 2), digest);
}

test('a healthy mirror has everything but what was never pushed; externals are not asked about', async () => {
  const packages = await check({ verify: true });
  expect([...packages.keys()].sort()).toEqual(['compiler-wrapper', 'gcc-runtime', 'greet', 'libgreet']);
  expect(packages.get('compiler-wrapper')).toMatchObject({ status: 'missing', indexed: false });
  for (const name of ['gcc-runtime', 'greet', 'libgreet']) {
    expect(packages.get(name)).toMatchObject({ status: 'present', indexed: true });
  }
  expect(world.events.filter(({ type }) => type === 'warning')).toEqual([]);
});

test('F03: a blob that is gone or cut short makes a package incomplete without reading it', async () => {
  await rm(await archiveOf('greet'));
  const archive = await archiveOf('libgreet');
  await writeFile(archive, (await readFile(archive)).subarray(0, 100));
  const packages = await check();
  expect(packages.get('greet')?.status).toBe('incomplete');
  expect(packages.get('libgreet')?.status).toBe('incomplete');
  expect(packages.get('gcc-runtime')?.status).toBe('present');
});

test('F03: a flipped bit is found by reading, and only then', async () => {
  const archive = await archiveOf('greet');
  const bytes = await readFile(archive);
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  await writeFile(archive, bytes);
  expect((await check()).get('greet')?.status).toBe('present');
  const verified = await check({ verify: true });
  expect(verified.get('greet')).toMatchObject({ status: 'damaged', error: { code: 'ERR_DIGEST_MISMATCH' } });
  expect(verified.get('libgreet')?.status).toBe('present');
});

test('J14: the manifest of another package under the name that was asked is damage', async () => {
  const folder = (name: string): string => join(mirror.path, 'v3/manifests/spec', name);
  const [greet = ''] = await readdir(folder('greet'));
  const [libgreet = ''] = await readdir(folder('libgreet'));
  await writeFile(join(folder('greet'), greet), await readFile(join(folder('libgreet'), libgreet)));
  expect((await check({ verify: true })).get('greet')).toMatchObject({
    status: 'damaged',
    error: { code: 'ERR_BINDING' },
  });
});

test('a manifest that does not parse is damage', async () => {
  const folder = join(mirror.path, 'v3/manifests/spec/greet');
  const [file = ''] = await readdir(folder);
  await writeFile(join(folder, file), '{"version":3}');
  expect((await check()).get('greet')).toMatchObject({ status: 'damaged', error: { kind: 'format' } });
});

test('X04: the index promises what is gone, or leaves out what is there: both are told', async () => {
  const manifests = join(mirror.path, 'v3/manifests/spec');
  const saved = await readFile(join(manifests, 'greet', (await readdir(join(manifests, 'greet')))[0] ?? ''));
  await rm(join(manifests, 'greet'), { recursive: true });
  expect((await check()).get('greet')).toMatchObject({ status: 'missing', indexed: true });
  expect(await updateMirrorIndex(mirror, { rebuild: true }, world.context)).toEqual({ packages: 2, changed: true });
  await mkdir(join(manifests, 'greet'));
  const spec = world.spec('greet');
  await writeFile(join(manifests, `greet/greet-1.0-${spec.hash}.spec.manifest.json`), saved);
  expect((await check()).get('greet')).toMatchObject({ status: 'present', indexed: false });
});

test('X01: without a usable index the packages are checked all the same', async () => {
  await writeFile(join(mirror.path, 'v3/manifests/index/index.manifest.json'), 'not JSON');
  expect((await check()).get('greet')).toMatchObject({ status: 'present', indexed: undefined });
  expect(world.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'ERR_INDEX' }));
  await rm(join(mirror.path, 'v3/manifests/index'), { recursive: true });
  expect((await check()).get('greet')).toMatchObject({ status: 'present', indexed: undefined });
  expect(world.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'NO_INDEX' }));
});

test('each mirror is asked by itself', async () => {
  const empty = await world.mirrorAt(join(world.folder, 'empty'), { name: 'empty' });
  const checks = await checkMirrors(
    { specs: [world.spec('greet')], mirrors: [mirror, empty], verify: false },
    world.context,
  );
  expect(checks.map(({ packages }) => packages.map(({ status }) => status))).toEqual([['present'], ['missing']]);
});
