import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBerthError } from '@berth/base';
import { type DagHash, parseSpec } from '@berth/spec';
import { describe, expect, test } from '@jest/globals';
import { type Database, openDatabase } from '../../src/database/database.ts';
import { recordState } from '../../src/database/record.ts';
import { type DatabaseSnapshot } from '../../src/database/snapshot.ts';
import { fixture, signal, temporaryFolder } from '../helpers.ts';

const VECTOOL = 'murhel2lncwodelfrpwfbbc4y2toro66' as DagHash;
const VECLIB2 = 'klo7mv5bgjzd4zz4xrm7xmuyg3zdbuad' as DagHash;
const VECAPP = 'ogmpzlojrhw2itepoernadfqfo3lbmis' as DagHash;
const VECLIB1 = '4vybyenff23qkdfbi3tpwlfss7avnbfl' as DagHash;

interface Opened {
  readonly directory: string;
  readonly database: Database;
  readonly missing: string[];
}

async function openCopy(
  options: { from?: string; upstreams?: DatabaseSnapshot[]; onDisk?: boolean } = {},
): Promise<Opened> {
  const directory = join(await temporaryFolder(), '.spack-db');
  await mkdir(directory);
  if (options.from !== undefined) await copyFile(fixture(options.from), join(directory, 'index.json'));
  const missing: string[] = [];
  const database = openDatabase({
    directory,
    locks: true,
    lockTimeoutMs: 1000,
    upstreams: options.upstreams ?? [],
    defaultPrefix: (spec) => `/store/${spec.name}-${spec.hash}`,
    isOnDisk: async () => options.onDisk ?? true,
    onMissingDependency: (_parent, child) => missing.push(child),
  });
  return { directory, database, missing };
}

async function fails(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('reading', () => {
  test('a missing database is an empty one', async () => {
    const { database } = await openCopy();
    expect([...(await database.read({ signal })).records()]).toEqual([]);
  });

  test('specs are linked to their dependencies, each once', async () => {
    const { database, missing } = await openCopy({ from: 'database-v8.json' });
    const snapshot = await database.read({ signal });
    const app = snapshot.spec(VECAPP);
    expect(app.dependencies.map((edge) => edge.spec.hash)).toEqual([VECLIB2, VECTOOL]);
    expect(app.dependencies[0]?.spec).toBe(snapshot.spec(VECLIB2));
    expect(snapshot.spec(VECAPP)).toBe(app);
    expect(missing).toEqual([]);
  });

  test('queries select by state, by mark and by a predicate', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    const snapshot = await database.read({ signal });
    const hashes = (...query: Parameters<DatabaseSnapshot['query']>): DagHash[] =>
      snapshot.query(...query).map(({ spec }) => spec.hash);
    expect(hashes()).toEqual([VECLIB2, VECAPP]);
    expect(hashes({ states: ['missing'] })).toEqual([VECTOOL]);
    expect(hashes({ states: ['installed', 'missing', 'deprecated'], explicit: true })).toEqual([
      VECLIB2,
      VECAPP,
      VECLIB1,
    ]);
    expect(hashes({ constraint: parseSpec('veclib@2:') })).toEqual([VECLIB2]);
    expect(hashes({ constraint: parseSpec('^veclib+shared') })).toEqual([VECAPP]);
    expect(hashes({ constraint: parseSpec('veclib~shared') })).toEqual([]);
    expect(hashes({ predicate: (record) => record.node.name === 'vecapp' })).toEqual([VECAPP]);
  });

  test('dependents are those over the types asked for', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    const snapshot = await database.read({ signal });
    expect(snapshot.dependents(VECLIB2, ['link', 'run']).map((record) => record.hash)).toEqual([VECAPP]);
    expect(snapshot.dependents(VECTOOL, ['link', 'run'])).toEqual([]);
    expect(snapshot.dependents(VECTOOL, ['build']).map((record) => record.hash)).toEqual([VECAPP]);
  });

  test('a prefix of a hash finds its records in any state', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    const snapshot = await database.read({ signal });
    expect(snapshot.withHashPrefix('4vy').map((record) => record.hash)).toEqual([VECLIB1]);
    expect(snapshot.withHashPrefix('zz')).toEqual([]);
  });

  test('the prefix of a spec is its path on record, whatever the projection says now', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    const snapshot = await database.read({ signal });
    expect(snapshot.prefixOf(snapshot.spec(VECAPP))).toBe(`/opt/store/linux-x86_64_v4/vecapp-1.0-${VECAPP}`);
  });

  test('a dependency that no database knows is dropped and reported', async () => {
    const { directory, database, missing } = await openCopy({ from: 'database-v8.json' });
    await database.transaction(
      (records) => {
        records.replaceAll([...records.records().values()].filter((r) => r.hash !== VECTOOL));
      },
      { signal },
    );
    expect((await readFile(join(directory, 'index.json'), 'utf8')).includes(`"${VECTOOL}":`)).toBe(false);
    const app = (await database.read({ signal })).spec(VECAPP);
    expect(app.dependencies).toHaveLength(1);
    expect(missing).toEqual([VECTOOL]);
  });

  test('the file is read again only when it has changed', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    await writeFile(join(directory, 'index_verifier'), 'a');
    const first = await database.read({ signal });
    expect(await database.read({ signal })).toBe(first);
    await writeFile(join(directory, 'index_verifier'), 'b');
    expect(await database.read({ signal })).not.toBe(first);
  });

  test('without a verifier the file is read every time', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    expect(await database.read({ signal })).not.toBe(await database.read({ signal }));
  });

  test.each(['7', '6', '5', '0.9.3', '9'])(
    'version %s of a local database is refused with the way out',
    async (version) => {
      const { directory, database } = await openCopy();
      await writeFile(join(directory, 'index.json'), `{"database":{"version":"${version}","installs":{}}}`);
      expect(await fails(database.read({ signal }))).toMatchObject({
        kind: 'index',
        code: 'ERR_DATABASE_VERSION',
        hint: version === '9' ? 'Use a newer berth.' : 'Bring the database up to date: berth reindex.',
      });
    },
  );

  test('K04: a half-written database is one error, and no transaction touches it', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    await truncate(join(directory, 'index.json'), 1000);
    expect(isBerthError(await fails(database.read({ signal })), 'ERR_DATABASE_FORMAT')).toBe(true);
    const failure = await fails(
      database.transaction(
        (records) => {
          records.mark(VECAPP, false);
        },
        { signal },
      ),
    );
    expect(isBerthError(failure, 'ERR_DATABASE_FORMAT')).toBe(true);
    expect((await stat(join(directory, 'index.json'))).size).toBe(1000);
  });

  test('K04: a database deleted while running is an empty one', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    await database.read({ signal });
    await rm(directory, { recursive: true });
    expect([...(await database.read({ signal })).records()]).toEqual([]);
  });
});

describe('transactions', () => {
  test('change what they are asked to change and keep the text of the other records', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    const before = await readFile(join(directory, 'index.json'), 'utf8');
    await database.transaction(
      (records) => {
        records.mark(VECAPP, false);
      },
      { signal },
    );
    const after = await readFile(join(directory, 'index.json'), 'utf8');
    const place = before.indexOf('"explicit":true', before.indexOf(`"${VECAPP}":{"spec"`));
    expect(after).toBe(`${before.slice(0, place)}"explicit":false${before.slice(place + '"explicit":true'.length)}`);
    expect(await readFile(join(directory, 'index_verifier'), 'utf8')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await readdir(directory)).sort()).toEqual(['index.json', 'index_verifier', 'lock']);
  });

  test('that change nothing write nothing', async () => {
    const { directory, database } = await openCopy();
    await database.transaction(() => undefined, { signal });
    expect(await readdir(directory)).toEqual(['lock']);
  });

  test('that throw write nothing', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    const before = await readFile(join(directory, 'index.json'), 'utf8');
    const failure = await fails(
      database.transaction(
        (records) => {
          records.mark(VECAPP, false);
          throw new Error('stop');
        },
        { signal },
      ),
    );
    expect((failure as Error).message).toBe('stop');
    expect(await readFile(join(directory, 'index.json'), 'utf8')).toBe(before);
  });

  test('of two openers in one process see each other', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    const other = openDatabase({
      ...{ directory, locks: true, lockTimeoutMs: 1000, upstreams: [] },
      defaultPrefix: () => '/',
      isOnDisk: async () => true,
      onMissingDependency: () => undefined,
    });
    await database.read({ signal });
    await other.transaction(
      (records) => {
        records.mark(VECAPP, false);
      },
      { signal },
    );
    expect((await database.read({ signal })).get(VECAPP)?.explicit).toBe(false);
  });

  test('wait for the lock as long as configured, then fail as busy', async () => {
    const { database } = await openCopy();
    const lock = await database.lock('shared', { signal });
    const failure = await fails(database.transaction(() => undefined, { signal }));
    await lock.release();
    expect(failure).toMatchObject({ kind: 'busy', code: 'ERR_LOCK_TIMEOUT' });
  }, 10_000);

  test('K05: a write that fails leaves the previous content and no temporary file', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    const before = await readFile(join(directory, 'index.json'), 'utf8');
    // A directory with the name of a temporary file makes the write fail, whoever runs this.
    await mkdir(join(directory, 'index.json.host.1.temp'));
    const failure = await fails(
      database.transaction(
        (records) => {
          records.mark(VECAPP, false);
        },
        { signal },
      ),
    );
    expect(failure).toMatchObject({ kind: 'io', code: 'ERR_IO' });
    expect(await readFile(join(directory, 'index.json'), 'utf8')).toBe(before);
  });

  test('K01: what a killed writer left is removed by the next one', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    await writeFile(join(directory, 'index.json.host.1.temp'), '{"database"');
    await database.transaction(
      (records) => {
        records.mark(VECAPP, false);
      },
      { signal },
    );
    expect((await readdir(directory)).sort()).toEqual(['index.json', 'index_verifier', 'lock']);
  });

  test('a verifier that cannot be replaced is removed, so that no reader trusts what it knew', async () => {
    const { directory, database } = await openCopy({ from: 'database-v8.json' });
    await symlink(join(directory, 'nowhere', 'else'), join(directory, 'index_verifier'));
    await database.transaction(
      (records) => {
        records.mark(VECAPP, false);
      },
      { signal },
    );
    expect(await readdir(directory)).not.toContain('index_verifier');
    expect((await database.read({ signal })).get(VECAPP)?.explicit).toBe(false);
  });
});

describe('operations on records', () => {
  test('removing what others need only marks it as not installed', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    await database.transaction(
      (records) => {
        records.remove(VECLIB2);
      },
      { signal },
    );
    expect((await database.read({ signal })).get(VECLIB2)).toMatchObject({ installed: false, refCount: 2 });
  });

  test('removing a package also drops the records that only it kept', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    await database.transaction(
      (records) => {
        records.remove(VECAPP);
      },
      { signal },
    );
    const snapshot = await database.read({ signal });
    expect(snapshot.get(VECAPP)).toBeUndefined();
    expect(snapshot.get(VECTOOL)).toBeUndefined();
    expect(snapshot.get(VECLIB2)?.refCount).toBe(1);
  });

  test('removing a deprecated package releases the one it was given up for', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    await database.transaction(
      (records) => {
        records.remove(VECLIB1);
      },
      { signal },
    );
    expect((await database.read({ signal })).get(VECLIB2)?.refCount).toBe(1);
  });

  test('deprecating again moves the reference to the new replacement', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    await database.transaction(
      (records) => {
        records.deprecate(VECLIB1, VECAPP);
      },
      { signal },
    );
    const snapshot = await database.read({ signal });
    expect(snapshot.get(VECLIB2)?.refCount).toBe(1);
    expect(snapshot.get(VECAPP)?.refCount).toBe(1);
    expect(snapshot.get(VECLIB1)).toMatchObject({ deprecatedFor: VECAPP, installed: false });
  });

  test('adding a spec adds its unknown dependencies as implicit, children first', async () => {
    const source = await openCopy({ from: 'store-metadata/database-index.json' });
    const snapshot = await source.database.read({ signal });
    const [greet] = snapshot.query({ constraint: parseSpec('greet') }).map(({ spec }) => spec);
    if (greet === undefined) throw new Error('the fixture has no greet');
    const { database, directory } = await openCopy({ onDisk: false });
    await database.transaction(
      async (records) => records.add(greet, { explicit: true, installationTime: 1795404411 }),
      { signal },
    );
    const copy = await database.read({ signal });
    expect(Array.from(copy.records(), (record) => record.node.name).sort()).toEqual(
      Array.from(snapshot.records(), (record) => record.node.name).sort(),
    );
    for (const record of copy.records()) {
      expect(record.refCount).toBe(snapshot.get(record.hash)?.refCount);
      expect(record.node.text).toBe(snapshot.get(record.hash)?.node.text);
      expect(record.explicit).toBe(record.node.name === 'greet');
      expect(recordState(record)).toBe(['gcc', 'glibc', 'gmake'].includes(record.node.name) ? 'installed' : 'missing');
    }
    expect(await readFile(join(directory, 'index.json'), 'utf8')).toContain('"installation_time":1795404411.0,');
  });

  test('adding again sets the mark to what was said last and renews the time', async () => {
    const { database } = await openCopy({ from: 'database-v8.json' });
    const spec = (await database.read({ signal })).spec(VECAPP);
    await database.transaction(async (records) => records.add(spec, { explicit: false, installationTime: 5 }), {
      signal,
    });
    const record = (await database.read({ signal })).get(VECAPP);
    expect(record).toMatchObject({ explicit: false, installed: true, refCount: 0 });
    expect(record?.installationTime.token).toBe('5.0');
  });

  test('what is not on record cannot be changed', async () => {
    const { database } = await openCopy();
    for (const change of ['mark', 'remove'] as const) {
      const failure = await fails(
        database.transaction(
          (records) => {
            records[change](VECAPP, true);
          },
          { signal },
        ),
      );
      expect(failure).toMatchObject({ kind: 'notfound', code: 'ERR_NOT_IN_DATABASE' });
    }
  });
});

describe('upstreams', () => {
  test('serve what is not known here, and nothing of theirs is recorded here', async () => {
    const upstream = await (await openCopy({ from: 'database-v8.json' })).database.read({ signal });
    const { database } = await openCopy({ upstreams: [upstream] });
    const spec = upstream.spec(VECAPP);
    await database.transaction(async (records) => records.add(spec, { explicit: true }), { signal });
    const snapshot = await database.read({ signal });
    expect([...snapshot.records('local')]).toEqual([]);
    expect(snapshot.isInstalled(VECAPP)).toBe(true);
    expect(snapshot.query({ scope: 'upstream' }).map((found) => found.record.hash)).toEqual([VECLIB2, VECAPP]);
    expect(snapshot.upstreamOf(VECAPP)).toBe(upstream);
    expect(snapshot.prefixOf(spec)).toBe(`/opt/store/linux-x86_64_v4/vecapp-1.0-${VECAPP}`);
  });

  test('are hidden by a local record, even one that is not installed', async () => {
    const upstream = await (await openCopy({ from: 'database-v8.json' })).database.read({ signal });
    const { database, directory } = await openCopy({ from: 'database-v8.json', upstreams: [upstream] });
    await database.transaction(
      (records) => {
        records.remove(VECLIB2);
      },
      { signal },
    );
    const snapshot = await database.read({ signal });
    expect(snapshot.isInstalled(VECLIB2)).toBe(false);
    expect(snapshot.upstreamOf(VECLIB2)).toBeUndefined();
    expect(await readdir(directory)).toContain('index.json');
  });
});
