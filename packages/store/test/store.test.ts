import { lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_PROJECTIONS } from '../src/layout/projections.ts';
import { signal, temporaryFolder } from './helpers.ts';
import { demoSpec, installDemo, openTestStore } from './store-helpers.ts';

describe('a store', () => {
  test('creates nothing before something is written', async () => {
    const { store, root } = await openTestStore();
    await store.database.read({ signal });
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('places a package by the projections, padded if asked for, and finds it again after they changed', async () => {
    const spec = await demoSpec('gcc-runtime');
    const root = join(await temporaryFolder(), 'store');
    const padded = await openTestStore({ root, paddedLength: root.length + 30 });
    expect(padded.store.root).toHaveLength(root.length + 30);
    const prefix = await installDemo(padded.store, spec, true);
    expect(prefix).toBe(`${padded.store.root}/linux-x86_64/gcc-runtime-12.2.0-${spec.hash}`);
    const changed = await openTestStore({
      root,
      paddedLength: root.length + 30,
      projections: new Map([['all', '{hash}']]),
    });
    expect(await changed.store.prefixOf(spec, { signal })).toBe(prefix);
  });

  test('gives an installed tree the modes of its package', async () => {
    const { store } = await openTestStore({ permissionsOf: () => ({ read: 'user', write: 'user' }) });
    const spec = await demoSpec('greet');
    const prefix = await installDemo(store, spec, true);
    await store.applyPermissions(prefix, { spec, signal });
    expect(((await lstat(join(prefix, 'bin'))).mode & 0o7777).toString(8)).toBe('700');
  });

  test('K02: of two that install one package the second waits, and finds it done', async () => {
    const { store } = await openTestStore({ packageLockTimeoutMs: undefined });
    const spec = await demoSpec('greet');
    const install = async (): Promise<string> => {
      await using lock = await store.lockSpec(spec.hash, { mode: 'exclusive', signal });
      if ((await store.database.read({ signal })).isInstalled(spec.hash)) return `found ${lock.mode}`;
      await installDemo(store, spec, true);
      return `installed ${lock.mode}`;
    };
    expect((await Promise.all([install(), install()])).sort()).toEqual(['found exclusive', 'installed exclusive']);
  });

  test('K02: when the first one fails, the second takes over', async () => {
    const { store } = await openTestStore({ packageLockTimeoutMs: undefined });
    const spec = await demoSpec('greet');
    const first = await store.lockSpec(spec.hash, { mode: 'exclusive', signal });
    const second = store.lockSpec(spec.hash, { mode: 'exclusive', signal });
    await first.release();
    await (await second).release();
    await installDemo(store, spec, true);
    expect((await store.database.read({ signal })).isInstalled(spec.hash)).toBe(true);
  });

  test('with locks switched off creates no lock file', async () => {
    const { store, root } = await openTestStore({ locks: false });
    await installDemo(store, await demoSpec('greet'), true);
    expect((await readdir(join(root, '.spack-db'))).sort()).toEqual(['index.json', 'index_verifier']);
  });

  test('reads upstreams, each of which sees those after it', async () => {
    const base = await openTestStore();
    const middle = await openTestStore();
    await installDemo(base.store, await demoSpec('libgreet'), true);
    await middle.store.database.transaction(
      async (records) => records.add(await demoSpec('gmake'), { explicit: true }),
      {
        signal,
      },
    );
    const trees = [
      { name: 'middle', root: middle.root },
      { name: 'base', root: base.root },
    ];
    const { store, root } = await openTestStore({ upstreams: trees });
    const spec = await demoSpec('libgreet');
    const snapshot = await store.database.read({ signal });
    expect(snapshot.isInstalled(spec.hash)).toBe(true);
    expect(store.upstreams[0]?.isInstalled(spec.hash)).toBe(true);
    expect(await store.prefixOf(spec, { signal })).toBe(`${base.root}/linux-x86_64/libgreet-1.0-${spec.hash}`);
    await installDemo(store, await demoSpec('greet'), true);
    const names = Array.from((await store.database.read({ signal })).records('local'), (record) => record.node.name);
    // What the upstreams have installed is not recorded here, what they only know of is.
    expect(names.sort()).toEqual(['compiler-wrapper', 'gcc-runtime', 'greet']);
    expect(
      (await store.database.read({ signal })).spec((await demoSpec('greet')).hash).dependencies.length,
    ).toBeGreaterThan(3);
    expect(await readdir(root)).toContain('.spack-db');
  });

  test('refuses an upstream of a version it cannot read, naming it', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, '.spack-db'));
    await writeFile(join(root, '.spack-db', 'index.json'), '{"database":{"version":"5","installs":{}}}');
    const failure = openTestStore({ upstreams: [{ name: 'old', root }], projections: DEFAULT_PROJECTIONS });
    await expect(failure).rejects.toMatchObject({ code: 'ERR_DATABASE_VERSION', details: { name: 'old' } });
  });
});

describe('failure marks', () => {
  test('are seen by others, also without the lock, until they are cleared', async () => {
    const { store, root } = await openTestStore();
    const spec = await demoSpec('greet');
    expect(await store.failures.isMarked(spec)).toBe(false);
    await store.failures.mark(spec, { signal });
    await store.failures.mark(spec, { signal });
    const other = await openTestStore({ root });
    expect(await other.store.failures.isMarked(spec)).toBe(true);
    expect(await readdir(join(root, '.spack-db', 'failures'))).toEqual([`greet-${spec.hash}`]);
    expect(await other.store.failures.clear(spec, { unlessHeld: false })).toBe(true);
    expect(await other.store.failures.isMarked(spec)).toBe(false);
    await store.failures[Symbol.asyncDispose]();
    expect(await store.failures.isMarked(spec)).toBe(false);
  });

  test('of all packages are cleared at once', async () => {
    const { store } = await openTestStore();
    await store.failures.clearAll();
    for (const name of ['greet', 'libgreet']) await store.failures.mark(await demoSpec(name), { signal });
    await store.failures.clearAll();
    expect(await store.failures.isMarked(await demoSpec('greet'))).toBe(false);
    expect(await store.failures.isMarked(await demoSpec('libgreet'))).toBe(false);
  });
});
