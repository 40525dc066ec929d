import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { describe, expect, test } from '@jest/globals';
import { findGarbage, planUninstall } from '../../src/install/uninstall-plan.ts';
import { signal, temporaryFolder } from '../helpers.ts';
import { demoSpecs, installDemo, openTestStore, type TestStore, warnings } from '../store-helpers.ts';

interface Demo extends TestStore {
  readonly greet: ConcreteSpec;
  readonly libgreet: ConcreteSpec;
  readonly runtime: ConcreteSpec;
}

async function installedDemo(): Promise<Demo> {
  const opened = await openTestStore();
  const specs = await demoSpecs();
  const [greet, libgreet, runtime] = ['greet', 'libgreet', 'gcc-runtime'].map((name) => specs.get(name));
  if (greet === undefined || libgreet === undefined || runtime === undefined) throw new Error('incomplete fixture');
  for (const spec of [runtime, libgreet, greet]) await installDemo(opened.store, spec, spec === greet);
  return { ...opened, greet, libgreet, runtime };
}

async function stateOf({ store }: TestStore, spec: ConcreteSpec): Promise<string> {
  const record = (await store.database.read({ signal })).local(spec.hash);
  return record === undefined ? 'absent' : record.installed ? 'installed' : 'missing';
}

const names = (demo: Demo, hashes: readonly DagHash[]): string[] =>
  hashes.map((hash) => [demo.greet, demo.libgreet, demo.runtime].find((spec) => spec.hash === hash)?.name ?? hash);

describe('plans', () => {
  test('name the dependents that forbid a removal, or take them along, dependents first', async () => {
    const demo = await installedDemo();
    const snapshot = await demo.store.database.read({ signal });
    const alone = planUninstall(snapshot, [demo.runtime.hash], { withDependents: false });
    expect(names(demo, alone.hashes)).toEqual(['gcc-runtime']);
    expect(
      names(
        demo,
        alone.dependents.map((record) => record.hash),
      ).sort(),
    ).toEqual(['greet', 'libgreet']);
    const all = planUninstall(snapshot, [demo.runtime.hash], { withDependents: true });
    expect(names(demo, all.hashes)).toEqual(['greet', 'libgreet', 'gcc-runtime']);
    expect(all.dependents).toEqual([]);
  });

  test('garbage is what no explicit package needs', async () => {
    const demo = await installedDemo();
    const find = async (query: Partial<Parameters<typeof findGarbage>[1]>): Promise<string[]> =>
      names(demo, findGarbage(await demo.store.database.read({ signal }), { keepBuildDependencies: true, ...query }));
    expect(await find({})).toEqual([]);
    expect(await find({ roots: [demo.libgreet.hash] })).toEqual(['greet']);
    await demo.store.database.transaction(
      (records) => {
        records.mark(demo.greet.hash, false);
      },
      { signal },
    );
    const garbage = await find({});
    expect(garbage.filter((name) => name.length < 32)).toEqual(['greet', 'libgreet', 'gcc-runtime']);
    expect(garbage.filter((name) => name.length === 32)).toHaveLength(3);
    expect(await find({ candidate: (record) => record.node.name === 'libgreet' })).toEqual(['libgreet']);
  });

  test('build dependencies are garbage unless they are to be kept', async () => {
    const demo = await installedDemo();
    const snapshot = await demo.store.database.read({ signal });
    const externals = findGarbage(snapshot, { keepBuildDependencies: false });
    expect(externals.map((hash) => snapshot.spec(hash).name).sort()).toEqual(['gcc', 'gmake']);
  });
});

describe('uninstalling', () => {
  test('removes the prefix, its empty parents, the record and what only it kept', async () => {
    const demo = await installedDemo();
    for (const spec of [demo.greet, demo.libgreet, demo.runtime]) {
      await demo.store.uninstall(spec.hash, { force: false, signal });
      expect(await stateOf(demo, spec)).toBe('absent');
    }
    expect(await readdir(demo.root)).toEqual(['.spack-db']);
    const left = Array.from((await demo.store.database.read({ signal })).records(), (record) => record.node.name);
    // Externals count as installed: they stay until someone removes them.
    expect(left.sort()).toEqual(['gcc', 'glibc', 'gmake']);
  });

  test('is refused as long as an installed package needs it, unless forced', async () => {
    const demo = await installedDemo();
    await expect(demo.store.uninstall(demo.runtime.hash, { force: false, signal })).rejects.toMatchObject({
      kind: 'busy',
      code: 'ERR_STILL_NEEDED',
    });
    expect(await stateOf(demo, demo.runtime)).toBe('installed');
    await demo.store.uninstall(demo.runtime.hash, { force: true, signal });
    expect(await stateOf(demo, demo.runtime)).toBe('missing');
  });

  test('of what is not on record fails', async () => {
    const demo = await installedDemo();
    await expect(demo.store.uninstall('a'.repeat(32) as DagHash, { force: true, signal })).rejects.toMatchObject({
      kind: 'notfound',
      code: 'ERR_NOT_INSTALLED',
    });
  });

  test('of an external removes only the record', async () => {
    const demo = await installedDemo();
    const gmake = (await demo.store.database.read({ signal })).query().find(({ spec }) => spec.name === 'gmake');
    if (gmake === undefined) throw new Error('no gmake');
    await demo.store.uninstall(gmake.spec.hash, { force: false, signal });
    expect(await stateOf(demo, gmake.spec)).toBe('missing');
    expect((await lstat('/usr')).isDirectory()).toBe(true);
  });

  test('K01: what a killed run left half done is finished by the next', async () => {
    const demo = await installedDemo();
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    await rm(join(prefix, '.spack'), { recursive: true });
    await demo.store.uninstall(demo.greet.hash, { force: false, signal });
    await rm(await demo.store.prefixOf(demo.libgreet, { signal }), { recursive: true });
    await demo.store.uninstall(demo.libgreet.hash, { force: false, signal });
    expect(await stateOf(demo, demo.greet)).toBe('absent');
    expect(await stateOf(demo, demo.libgreet)).toBe('absent');
  });

  test('O2: links in a package and a link in its place are removed, not followed', async () => {
    const demo = await installedDemo();
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'precious'), '');
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    await symlink(outside, join(prefix, 'share', 'out'));
    await demo.store.uninstall(demo.greet.hash, { force: false, signal });
    const library = await demo.store.prefixOf(demo.libgreet, { signal });
    await rename(library, join(outside, 'moved'));
    await symlink(join(outside, 'moved'), library);
    await demo.store.uninstall(demo.libgreet.hash, { force: false, signal });
    expect((await readdir(outside)).sort()).toEqual(['moved', 'precious']);
    expect(await readdir(join(outside, 'moved'))).toContain('bin');
  });

  test('O2: a recorded path outside the install tree is never removed', async () => {
    const demo = await installedDemo();
    const outside = await temporaryFolder();
    const index = join(demo.root, '.spack-db', 'index.json');
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    for (const path of [outside, demo.root, `${prefix}/../../..`, '/', join(demo.root, '.spack-db', '..')]) {
      await writeFile(
        index,
        (await readFile(index, 'utf8')).replaceAll(
          /"path":"[^"]*(?=","installed":true,"explicit":true)/g,
          `"path":"${path}`,
        ),
      );
      const failure = demo.store.uninstall(demo.greet.hash, { force: true, signal });
      await expect(failure).rejects.toMatchObject({ kind: 'policy', code: 'ERR_PREFIX_OUTSIDE' });
    }
    expect(await readdir(dirname(prefix))).toHaveLength(3);
  });

  test('a prefix that holds another package by now stays', async () => {
    const demo = await installedDemo();
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    const other = await demo.store.prefixOf(demo.libgreet, { signal });
    await rm(join(prefix, '.spack', 'spec.json'));
    await writeFile(join(prefix, '.spack', 'spec.json'), await readFile(join(other, '.spack', 'spec.json')));
    await demo.store.uninstall(demo.greet.hash, { force: false, signal });
    expect(await stateOf(demo, demo.greet)).toBe('absent');
    expect((await lstat(prefix)).isDirectory()).toBe(true);
    expect(warnings(demo.events)).toEqual(['ERR_PREFIX_OF_ANOTHER']);
  });

  test('a package with folders that nobody may write is removed too', async () => {
    const demo = await installedDemo();
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    await chmod(join(prefix, 'bin'), 0o555);
    await demo.store.uninstall(demo.greet.hash, { force: false, signal });
    await expect(lstat(prefix)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('of a deprecated package removes the link and the note in its replacement', async () => {
    const demo = await installedDemo();
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    const replacement = await demo.store.prefixOf(demo.libgreet, { signal });
    const folder = join(replacement, '.spack', 'deprecated');
    await mkdir(folder);
    await rename(join(prefix, '.spack', 'spec.json'), join(folder, `${demo.greet.hash}_spec.json`));
    await rm(prefix, { recursive: true });
    await symlink(replacement, prefix);
    await demo.store.database.transaction(
      (records) => {
        records.deprecate(demo.greet.hash, demo.libgreet.hash);
      },
      { signal },
    );
    await demo.store.uninstall(demo.greet.hash, { force: false, signal });
    await expect(lstat(prefix)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(folder)).toEqual([]);
    expect(await stateOf(demo, demo.libgreet)).toBe('installed');
  });

  test('K03: a package that someone relies on now is busy', async () => {
    const demo = await installedDemo();
    const lock = await demo.store.lockSpec(demo.greet.hash, { mode: 'shared', signal });
    const failure = demo.store.uninstall(demo.greet.hash, { force: true, signal });
    await expect(failure).rejects.toMatchObject({ kind: 'busy', code: 'ERR_LOCK_TIMEOUT' });
    await lock.release();
    await demo.store.uninstall(demo.greet.hash, { force: true, signal });
    expect(await stateOf(demo, demo.greet)).toBe('absent');
  });

  test('O3: when the record cannot be changed, the package is still there', async () => {
    const demo = await installedDemo();
    const prefix = await demo.store.prefixOf(demo.greet, { signal });
    const controller = new AbortController();
    const database = await demo.store.database.lock('shared', { signal });
    const failure = demo.store.uninstall(demo.greet.hash, { force: false, signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 150);
    await expect(failure).rejects.toMatchObject({ name: 'AbortError' });
    await database.release();
    expect(await readdir(prefix)).toContain('bin');
    expect((await readdir(demo.root)).filter((name) => name.startsWith('.berth-'))).toEqual([]);
  });
});
