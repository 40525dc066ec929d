import { copyFile, cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fixture, signal } from '../helpers.ts';
import { demoSpecs, installDemo, openTestStore, type TestStore, warnings } from '../store-helpers.ts';

async function installedDemo(): Promise<TestStore> {
  const opened = await openTestStore();
  const specs = await demoSpecs();
  for (const name of ['gcc-runtime', 'libgreet', 'greet']) {
    const spec = specs.get(name);
    if (spec !== undefined) await installDemo(opened.store, spec, name === 'greet');
  }
  return opened;
}

/** The records without what a reindex cannot know. */
async function recordsOf({ store }: TestStore): Promise<Record<string, unknown>> {
  const records = Array.from((await store.database.read({ signal })).records('local'));
  return Object.fromEntries(
    records.map(({ node, refCount, path, installed, explicit }) => [
      node.name,
      { refCount, path, installed, explicit },
    ]),
  );
}

describe('reindexing', () => {
  test('K04: gives back what the prefixes tell when the database is gone', async () => {
    const demo = await installedDemo();
    const before = await recordsOf(demo);
    await rm(join(demo.root, '.spack-db'), { recursive: true });
    const result = await demo.store.reindex({ signal });
    expect(result).toEqual({ recorded: 7, found: 6 });
    const after = await recordsOf(demo);
    // What was found counts as asked for, and what is nowhere has no path.
    for (const name of ['greet', 'libgreet', 'gcc-runtime', 'gcc', 'gmake', 'glibc']) {
      const explicit = ['greet', 'libgreet', 'gcc-runtime'].includes(name);
      expect([name, after[name]]).toEqual([name, { ...(before[name] as object), explicit }]);
    }
    expect(after['compiler-wrapper']).toMatchObject({ installed: false, path: undefined });
    expect(warnings(demo.events)).toEqual([]);
  });

  test('keeps marks, times and paths of the old records, and the old file', async () => {
    const demo = await installedDemo();
    const index = join(demo.root, '.spack-db', 'index.json');
    const before = await readFile(index, 'utf8');
    const records = await recordsOf(demo);
    await demo.store.reindex({ signal });
    expect(await recordsOf(demo)).toEqual(records);
    expect(await readFile(`${index}.bkp`, 'utf8')).toBe(before);
  });

  test('K04: starts afresh when the old database is half written, and says so', async () => {
    const demo = await installedDemo();
    await truncate(join(demo.root, '.spack-db', 'index.json'), 500);
    expect(await demo.store.reindex({ signal })).toEqual({ recorded: 7, found: 6 });
    expect(warnings(demo.events)).toEqual(['ERR_OLD_RECORDS']);
  });

  test('keeps what is recorded but not on disk as missing', async () => {
    const demo = await installedDemo();
    const library = (await demoSpecs()).get('libgreet');
    if (library === undefined) throw new Error('no libgreet');
    await rm(await demo.store.prefixOf(library, { signal }), { recursive: true });
    await demo.store.reindex({ signal });
    expect((await recordsOf(demo))['libgreet']).toMatchObject({ installed: false, explicit: false });
    expect(warnings(demo.events)).toEqual(['ERR_PREFIX_GONE']);
  });

  test('takes no folder of an install under way or undone, follows no link and takes no package twice', async () => {
    const demo = await installedDemo();
    const greet = (await demoSpecs()).get('greet');
    if (greet === undefined) throw new Error('no greet');
    const prefix = await demo.store.prefixOf(greet, { signal });
    const parent = dirname(prefix);
    await rm(join(demo.root, '.spack-db'), { recursive: true });
    for (const name of [
      '.berth-0123/prefix',
      '.backupABCDEFGH/backup',
      '.ABCDEFGH.old',
      '.ABCDEFGH.garbage',
      'z-copy',
    ]) {
      await mkdir(dirname(join(parent, name)), { recursive: true });
      await cp(prefix, join(parent, name), { recursive: true });
    }
    await symlink(prefix, join(parent, 'a-link'));
    await mkdir(join(parent, 'damaged', '.spack'), { recursive: true });
    await writeFile(join(parent, 'damaged', '.spack', 'spec.json'), '{');
    await mkdir(join(parent, 'nameless', '.spack'), { recursive: true });
    expect(await demo.store.reindex({ signal })).toEqual({ recorded: 7, found: 6 });
    expect(await demo.store.prefixOf(greet, { signal })).toBe(prefix);
    expect([...warnings(demo.events)].sort()).toEqual(['ERR_PREFIX_SKIPPED', 'ERR_PREFIX_SKIPPED', 'ERR_PREFIX_TWICE']);
  });

  test('finds what was deprecated through the note in its replacement', async () => {
    const demo = await installedDemo();
    const specs = await demoSpecs();
    const [greet, library] = [specs.get('greet'), specs.get('libgreet')];
    if (greet === undefined || library === undefined) throw new Error('incomplete fixture');
    const prefix = await demo.store.prefixOf(greet, { signal });
    const folder = join(await demo.store.prefixOf(library, { signal }), '.spack', 'deprecated');
    await mkdir(folder);
    await copyFile(join(prefix, '.spack', 'spec.json'), join(folder, `${greet.hash}_spec.json`));
    await rm(prefix, { recursive: true });
    await rm(join(demo.root, '.spack-db'), { recursive: true });
    await demo.store.reindex({ signal });
    const record = (await demo.store.database.read({ signal })).local(greet.hash);
    expect(record).toMatchObject({ installed: false, deprecatedFor: library.hash });
  });

  test('turns a database of an older version into one of this', async () => {
    const demo = await openTestStore();
    const directory = join(demo.root, '.spack-db');
    await mkdir(directory, { recursive: true });
    const text = await readFile(fixture('database-v7.json'), 'utf8');
    await writeFile(join(directory, 'index.json'), text);
    await demo.store.reindex({ signal });
    expect(await readFile(join(directory, 'index.json'), 'utf8')).toContain('{"database":{"version":"8",');
    const snapshot = await demo.store.database.read({ signal });
    const external = Array.from(snapshot.records()).filter((record) => record.installed);
    expect(external.length).toBeGreaterThan(0);
    expect((await readdir(directory)).sort()).toEqual(['index.json', 'index.json.bkp', 'index_verifier', 'lock']);
  });
});
