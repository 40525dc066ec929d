import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { install, type InstallResult, type OpenMirror } from '@berth/core';
import { verifyInstallManifest } from '@berth/store';
import { makeWorld, type World } from '../support/world.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;

function outcomes({ packages }: InstallResult): Record<string, string> {
  return Object.fromEntries(packages.map(({ spec, outcome, error }) => [spec.name, error?.code ?? outcome]));
}

async function blobOf(path: string, name: string): Promise<string> {
  const folder = join(path, 'v3/manifests/spec', name);
  const [file = ''] = await readdir(folder);
  const manifest = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
    data: { checksum: string; mediaType: string }[];
  };
  const archive = manifest.data.find(({ mediaType }) => mediaType.includes('install'));
  const digest = archive?.checksum ?? '';
  return join(path, 'blobs/sha256', digest.slice(0, 2), digest);
}

/** Flips a byte in the middle of a package's archive. */
async function damageArchive(path: string, name: string): Promise<void> {
  const blob = await blobOf(path, name);
  const bytes = await readFile(blob);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
  await writeFile(blob, bytes);
}

async function strayNames(): Promise<string[]> {
  return (await readdir(world.root)).filter((name) => name.startsWith('.berth-'));
}

/** The same packages, built in a tree with a short root. */
const UNPADDED = join(import.meta.dirname, '../../../packages/buildcache/test/fixtures/mirrors/v3-unsigned');
const ALL_DONE = { glibc: 'registered', 'gcc-runtime': 'installed', libgreet: 'installed', greet: 'installed' };

describe('install', () => {
  test('puts the closure at its prefixes, verified clean, and records it', async () => {
    const mirror = await world.quickstartMirror('m');
    const result = await install(world.installOptions([mirror]), world.context);
    expect(outcomes(result)).toEqual(ALL_DONE);
    const snapshot = await world.context.store.database.read({ signal });
    for (const { spec, prefix } of result.packages) {
      expect(snapshot.isInstalled(spec.hash)).toBe(true);
      if (spec.external === undefined) expect(await verifyInstallManifest(prefix, { signal })).toEqual(new Map());
    }
    expect(snapshot.get(world.spec('greet').hash)?.explicit).toBe(true);
    expect(snapshot.get(world.spec('libgreet').hash)?.explicit).toBe(false);
    expect(await strayNames()).toEqual([]);
  });

  test('keeps what is installed the second time', async () => {
    const mirror = await world.quickstartMirror('m');
    await install(world.installOptions([mirror]), world.context);
    const again = await install(world.installOptions([]), world.context);
    expect(new Set(Object.values(outcomes(again)))).toEqual(new Set(['kept']));
  });

  test('--only dependencies leaves the roots out, and --only package wants them there', async () => {
    const mirror = await world.quickstartMirror('m');
    const early = install(world.installOptions([mirror], { scope: 'package' }), world.context);
    await expect(early).rejects.toMatchObject({ code: 'ERR_DEPENDENCY_MISSING', kind: 'usage' });
    const dependencies = await install(world.installOptions([mirror], { scope: 'dependencies' }), world.context);
    expect(Object.keys(outcomes(dependencies))).not.toContain('greet');
    const root = await install(world.installOptions([mirror], { scope: 'package' }), world.context);
    expect(outcomes(root)).toEqual({ greet: 'installed' });
  });

  test('a plan hook may leave packages out, and the others see the amended plan', async () => {
    const mirror = await world.quickstartMirror('m');
    const seen: number[] = [];
    world.host.hooks.install.plan.tapPromise('only-runtime', async (plan) => ({
      ...plan,
      packages: plan.packages.filter(({ spec }) => spec.name === 'gcc-runtime'),
    }));
    world.host.hooks.install.before.tapPromise('count', async (plan) => void seen.push(plan.packages.length));
    expect(outcomes(await install(world.installOptions([mirror]), world.context))).toEqual({
      'gcc-runtime': 'installed',
    });
    expect(seen).toEqual([1]);
  });
});

describe('what a mirror serves wrongly', () => {
  test('P04 R01 a damaged archive is final for its package: the next mirror is not asked, its dependents fail, others install', async () => {
    const bad = await world.quickstartMirror('bad');
    const good = await world.quickstartMirror('good');
    await damageArchive(bad.path, 'libgreet');
    const result = await install(world.installOptions([bad, good]), world.context);
    expect(outcomes(result)).toEqual({
      glibc: 'registered',
      'gcc-runtime': 'installed',
      libgreet: 'ERR_DIGEST_MISMATCH',
      greet: 'ERR_DEPENDENCY_FAILED',
    });
    const snapshot = await world.context.store.database.read({ signal });
    expect(snapshot.isInstalled(world.spec('libgreet').hash)).toBe(false);
    expect(await readdir(join(world.root, 'linux-x86_64'))).toHaveLength(1);
    expect(await strayNames()).toEqual([]);
  });

  test('J14 a manifest of another package under this name and hash is refused', async () => {
    const mirror = await world.quickstartMirror('m');
    const folder = join(mirror.path, 'v3/manifests/spec');
    const [runtime = ''] = await readdir(join(folder, 'gcc-runtime'));
    const [greet = ''] = await readdir(join(folder, 'greet'));
    await writeFile(join(folder, 'greet', greet), await readFile(join(folder, 'gcc-runtime', runtime)));
    const result = await install(world.installOptions([mirror]), world.context);
    expect(outcomes(result)['greet']).toBe('ERR_BINDING');
    expect(result.packages.find(({ spec }) => spec.name === 'greet')?.error?.kind).toBe('digest');
  });

  test('G13 what must be signed and is not is refused, and no other mirror is asked', async () => {
    const strict = await world.quickstartMirror('strict', { signed: true });
    const lax = await world.quickstartMirror('lax');
    const result = await install(world.installOptions([strict, lax]), world.context);
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['ERR_SIGNATURE_REQUIRED', 'registered']));
    const failure = result.packages.find(({ spec }) => spec.name === 'greet')?.error;
    expect(failure).toMatchObject({ kind: 'signature' });
    expect(failure?.hint).toMatch(/signed: false.*--no-check-signature/);
    const unchecked = await install(world.installOptions([strict], { checkSignatures: false }), world.context);
    expect(outcomes(unchecked)).toEqual({ ...ALL_DONE, glibc: 'kept' });
  });

  test('a mirror that does not answer is passed over, with a warning', async () => {
    const gone: OpenMirror = await world.mirrorAt(join(world.folder, 'file'), { name: 'gone' });
    await writeFile(join(world.folder, 'file'), 'not a folder');
    const good = await world.quickstartMirror('good');
    const result = await install(world.installOptions([gone, good]), world.context);
    expect(outcomes(result)).toEqual(ALL_DONE);
    expect(result.packages.at(-1)?.mirror).toBe('good');
  });

  test('no mirror has it: each missing package says so, nothing is touched', async () => {
    const empty = await world.mirrorAt(join(world.folder, 'empty'), { name: 'empty' });
    const result = await install(world.installOptions([empty]), world.context);
    expect(outcomes(result)).toMatchObject({ greet: 'ERR_NO_BINARY', libgreet: 'ERR_NO_BINARY' });
    expect(result.packages.at(-1)?.error?.message).toMatch(/empty does not have it/);
    expect(await readdir(world.root)).not.toContain('linux-x86_64');
  });
});

describe('the prefix', () => {
  test('A40 something else at the prefix is refused and stays', async () => {
    const mirror = await world.quickstartMirror('m');
    const prefix = world.context.store.layout.defaultPrefix(world.spec('gcc-runtime'));
    await mkdir(prefix, { recursive: true });
    await writeFile(join(prefix, 'precious'), 'x');
    const result = await install(world.installOptions([mirror]), world.context);
    expect(outcomes(result)['gcc-runtime']).toBe('ERR_PREFIX_EXISTS');
    expect(await readdir(prefix)).toEqual(['precious']);
  });

  test('K01 a complete prefix without a record, as a killed install leaves it, is replaced', async () => {
    const mirror = await world.quickstartMirror('m');
    await install(world.installOptions([mirror]), world.context);
    const { hash } = world.spec('greet');
    await world.context.store.database.transaction(
      (records) => {
        records.remove(hash);
      },
      { signal },
    );
    const result = await install(world.installOptions([mirror]), world.context);
    expect(outcomes(result)['greet']).toBe('installed');
    expect((await world.context.store.database.read({ signal })).isInstalled(hash)).toBe(true);
  });

  test('K01 a recorded package whose prefix is gone, as a killed uninstall leaves it, is installed again', async () => {
    const mirror = await world.quickstartMirror('m');
    await install(world.installOptions([mirror]), world.context);
    await rm(world.context.store.layout.defaultPrefix(world.spec('libgreet')), { recursive: true });
    const result = await install(world.installOptions([mirror]), world.context);
    expect(outcomes(result)).toEqual({ glibc: 'kept', 'gcc-runtime': 'kept', libgreet: 'installed', greet: 'kept' });
    expect(
      await verifyInstallManifest(world.context.store.layout.defaultPrefix(world.spec('libgreet')), { signal }),
    ).toEqual(new Map());
  });

  test('--overwrite replaces the roots only, and a failed one brings the old prefix back', async () => {
    const mirror = await world.quickstartMirror('m');
    await install(world.installOptions([mirror]), world.context);
    const prefix = world.context.store.layout.defaultPrefix(world.spec('greet'));
    await writeFile(join(prefix, 'mine'), 'x');
    await damageArchive(mirror.path, 'greet');
    const failed = await install(world.installOptions([mirror], { overwrite: true }), world.context);
    expect(outcomes(failed)).toMatchObject({ greet: 'ERR_DIGEST_MISMATCH', libgreet: 'kept' });
    expect(await readdir(prefix)).toContain('mine');
    const other = await world.quickstartMirror('other');
    const done = await install(world.installOptions([other], { overwrite: true }), world.context);
    expect(outcomes(done)).toMatchObject({ greet: 'installed', libgreet: 'kept' });
    expect(await readdir(prefix)).not.toContain('mine');
  });

  test('E03 a root too long for the strings in a program is refused before anything appears', async () => {
    await using long = await makeWorld({ rootName: 'x'.repeat(60) });
    const mirror = await long.mirrorAt(UNPADDED, { name: 'unpadded' });
    const result = await install(long.installOptions([mirror]), long.context);
    const failure = result.packages.find(({ spec }) => spec.name === 'libgreet')?.error;
    expect(failure).toMatchObject({ kind: 'relocate', code: 'ERR_RELOCATE_GROW' });
    expect(failure?.message).toContain(long.root);
    expect(await readdir(join(long.root, 'linux-x86_64'))).toEqual([expect.stringMatching(/^gcc-runtime/)]);
  });

  test('K02 two processes that install the same packages at once do the work once', async () => {
    const mirror = await world.quickstartMirror('m');
    const contexts = [world.context, await world.otherContext(), await world.otherContext()];
    const results = await Promise.all(contexts.map((context) => install(world.installOptions([mirror]), context)));
    const done = results.map((result) => outcomes(result)['greet']);
    expect(done.toSorted()).toEqual(['installed', 'kept', 'kept']);
    const snapshot = await world.context.store.database.read({ signal });
    expect(snapshot.query({ explicit: true }).map(({ spec }) => spec.name)).toEqual(['greet']);
    expect(await strayNames()).toEqual([]);
  });
});

describe('what another process has locked', () => {
  async function holdLock(name: string): Promise<AsyncDisposable> {
    return (await world.otherContext()).store.lockSpec(world.spec(name).hash, { mode: 'exclusive', signal });
  }

  async function started(name: string): Promise<void> {
    const { hash } = world.spec(name);
    while (!world.events.some((event) => event.type === 'task-start' && event.id === hash)) await sleep(5);
  }

  test('K03 a kept package that is removed before it could be locked is installed again', async () => {
    const mirror = await world.quickstartMirror('m');
    await install(world.installOptions([mirror]), world.context);
    const lock = await holdLock('libgreet');
    const running = install(world.installOptions([mirror]), world.context);
    await sleep(50);
    const { hash } = world.spec('libgreet');
    await rm(world.context.store.layout.defaultPrefix(world.spec('libgreet')), { recursive: true });
    const other = await world.otherContext();
    await other.store.database.transaction(
      (records) => {
        records.remove(hash);
      },
      { signal },
    );
    await lock[Symbol.asyncDispose]();
    expect(outcomes(await running)).toMatchObject({ libgreet: 'installed', greet: 'kept', 'gcc-runtime': 'kept' });
  }, 20_000);

  test('K02 it keeps no other package from being worked on, whatever the concurrency', async () => {
    const mirror = await world.quickstartMirror('m');
    const lock = await holdLock('gcc-runtime');
    const running = install(world.installOptions([mirror], { concurrency: 1 }), world.context);
    await started('greet');
    await started('libgreet');
    await lock[Symbol.asyncDispose]();
    expect(outcomes(await running)).toEqual(ALL_DONE);
    expect(await strayNames()).toEqual([]);
  }, 20_000);
});

test('an abort ends the install and leaves nothing half done', async () => {
  const controller = new AbortController();
  await using stopped = await makeWorld({ signal: controller.signal });
  const mirror = await stopped.quickstartMirror('m');
  stopped.host.hooks.install.before.tapPromise('stop', async () => {
    controller.abort();
  });
  await expect(install(stopped.installOptions([mirror]), stopped.context)).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect((await readdir(stopped.root)).filter((name) => name.startsWith('.berth-'))).toEqual([]);
});
