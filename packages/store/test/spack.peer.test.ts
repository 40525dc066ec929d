import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type ConcreteSpec } from '@berth/spec';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { formatDatabaseIndex, parseDatabaseIndex } from '../src/database/index-text.ts';
import { verifyInstallManifest } from '../src/install/install-manifest.ts';
import { fixture, signal, temporaryFolder } from './helpers.ts';
import { installDemo, openTestStore } from './store-helpers.ts';

const run = promisify(execFile);
const environmentFile = process.env['BERTH_PEER_SPACK'];
const MINUTES = 60_000;

if (environmentFile === undefined) {
  process.stderr.write('skipped: BERTH_PEER_SPACK is not set (the path of a script that puts Spack on the PATH)\n');
}
const withSpack = environmentFile === undefined ? describe.skip : describe;

interface Tree {
  readonly root: string;
  readonly scope: string;
}

/** An install tree of Spack's with a configuration of its own. */
async function newTree(): Promise<Tree> {
  const folder = await temporaryFolder();
  const tree = { root: join(folder, 'store'), scope: join(folder, 'scope') };
  await mkdir(tree.scope);
  await writeFile(join(tree.scope, 'config.yaml'), `config:\n  install_tree:\n    root: ${tree.root}\n`);
  await writeFile(join(tree.scope, 'repos.yaml'), `repos:\n  demo: ${fixture('spack_repo/demo')}\n`);
  return tree;
}

function spackCommand({ scope }: Tree, words: readonly string[]): string[] {
  return ['-c', '. "$0"; exec spack -C "$@"', environmentFile ?? '', scope, ...words];
}

async function spack(tree: Tree, ...words: string[]): Promise<string> {
  return (await run('sh', spackCommand(tree, words))).stdout.trim();
}

async function found(tree: Tree): Promise<string[]> {
  return (await spack(tree, 'find', '--no-groups', '--format', '{name} {hash}')).split('\n').filter(Boolean).sort();
}

withSpack('beside a real Spack', () => {
  let tree: Tree;
  beforeAll(async () => {
    tree = await newTree();
    await spack(tree, 'install', '--fake', '--no-cache', 'greet');
  }, 5 * MINUTES);

  test(
    'what it installed is read whole, and written back byte for byte',
    async () => {
      const text = await readFile(join(tree.root, '.spack-db', 'index.json'), 'utf8');
      expect(formatDatabaseIndex(parseDatabaseIndex(text, 'theirs').records.values())).toBe(text);
      const { store } = await openTestStore({ root: tree.root });
      const ours = (await store.database.read({ signal })).query().map(({ spec }) => `${spec.name} ${spec.hash}`);
      expect(ours.sort()).toEqual(await found(tree));
    },
    MINUTES,
  );

  test(
    'its manifests are clean for us',
    async () => {
      const { store } = await openTestStore({ root: tree.root });
      const snapshot = await store.database.read({ signal });
      const specs = snapshot.query().filter(({ spec }) => spec.external === undefined);
      expect(specs).toHaveLength(4);
      for (const { spec } of specs) {
        expect([...(await verifyInstallManifest(snapshot.prefixOf(spec), { signal }))]).toEqual([]);
      }
    },
    MINUTES,
  );

  test(
    'it finds, verifies and uninstalls what we installed, and we see that',
    async () => {
      const copy = await newTree();
      const { store } = await openTestStore({ root: copy.root });
      const theirs = await openTestStore({ root: tree.root });
      const snapshot = await theirs.store.database.read({ signal });
      const specs = new Map(snapshot.query().map(({ spec }) => [spec.name, spec] as const));
      const need = (name: string): ConcreteSpec =>
        specs.get(name) ??
        ((): never => {
          throw new Error(name);
        })();
      for (const name of ['compiler-wrapper', 'gcc-runtime', 'libgreet', 'greet']) {
        const prefix = await installDemo(store, need(name), name === 'greet');
        expect(prefix).toBe(snapshot.prefixOf(need(name)).replace(tree.root, copy.root));
      }
      expect(await found(copy)).toEqual(await found(tree));
      // It looks at externals too, if it is asked for all.
      for (const name of ['greet', 'libgreet', 'gcc-runtime'])
        await spack(copy, 'verify', 'manifest', `/${need(name).hash}`);
      await spack(copy, 'uninstall', '-y', 'greet');
      const after = await store.database.read({ signal });
      expect(after.get(need('greet').hash)).toBeUndefined();
      expect(after.isInstalled(need('libgreet').hash)).toBe(true);
      await store.uninstall(need('libgreet').hash, { force: false, signal });
      expect(await found(copy)).not.toContain(`libgreet ${need('libgreet').hash}`);
      await spack(copy, 'reindex');
      expect((await found(copy)).map((line) => line.split(' ')[0])).toEqual([
        ...['compiler-wrapper', 'gcc', 'gcc-runtime', 'glibc', 'gmake'],
      ]);
      const reread = await store.database.read({ signal });
      expect(reread.isInstalled(need('gcc-runtime').hash)).toBe(true);
    },
    5 * MINUTES,
  );

  test(
    'our reindex of its tree gives the records it wrote itself',
    async () => {
      const { store } = await openTestStore({ root: tree.root });
      const index = join(tree.root, '.spack-db', 'index.json');
      const before = parseDatabaseIndex(await readFile(index, 'utf8'), 'theirs').records;
      await store.reindex({ signal });
      const after = parseDatabaseIndex(await readFile(index, 'utf8'), 'ours').records;
      const comparable = (records: typeof before): unknown =>
        Array.from(records.values(), ({ node, ...facts }) => ({ ...facts, node: node.text })).sort((a, b) =>
          a.hash < b.hash ? -1 : 1,
        );
      expect(comparable(after)).toEqual(comparable(before));
      expect(await found(tree)).toHaveLength(7);
    },
    MINUTES,
  );

  test.each([
    ['database', 'spack.store.STORE.db.lock'],
    ['package', 'spack.store.STORE.prefix_locker.raw_lock(spec, timeout=None)'],
  ])(
    'its lock of the %s excludes ours, and ours excludes its',
    async (what, lock) => {
      const { store } = await openTestStore({ root: tree.root, databaseLockTimeoutMs: 0, packageLockTimeoutMs: 0 });
      const greet = (await store.database.read({ signal })).query().find(({ spec }) => spec.name === 'greet');
      if (greet === undefined) throw new Error('greet is not installed');
      const script = join(tree.scope, `${what}.py`);
      await writeFile(script, lockScript(lock, join(greet.record.path ?? '', '.spack', 'spec.json')));
      const take = async (): Promise<AsyncDisposable> =>
        what === 'database'
          ? store.database.lock('exclusive', { signal })
          : store.lockSpec(greet.spec.hash, { mode: 'exclusive', signal });

      const holder = spawn('sh', spackCommand(tree, ['python', script, 'hold']), {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      try {
        const lines = createInterface(holder.stdout)[Symbol.asyncIterator]();
        expect((await lines.next()).value).toBe('held');
        await expect(take()).rejects.toMatchObject({
          code: 'ERR_LOCK_TIMEOUT',
          details: { holder: { pid: holder.pid } },
        });
        holder.stdin.end('\n');
        await once(holder, 'exit');
      } finally {
        holder.kill('SIGKILL');
      }

      const ours = await take();
      expect(await spack(tree, 'python', script, 'try')).toBe('refused');
      await ours[Symbol.asyncDispose]();
      expect(await spack(tree, 'python', script, 'try')).toBe('held');
    },
    2 * MINUTES,
  );

  test('nothing of ours stays in its tree', async () => {
    expect((await readdir(tree.root)).sort()).toEqual(['.spack-db', 'bin', 'linux-x86_64_v4']);
  });
});

/** Takes a lock as Spack does, says so, and keeps it until it is told to go on. */
function lockScript(lock: string, specFile: string): string {
  return `
import sys
import spack.spec
import spack.store
from spack.llnl.util.lock import LockTimeoutError

with open("${specFile}") as file:
    spec = spack.spec.Spec.from_json(file.read())
lock = ${lock}
try:
    lock.acquire_write(timeout=0.01)
    print("held", flush=True)
    if sys.argv[1] == "hold":
        sys.stdin.readline()
    lock.release_write()
except LockTimeoutError:
    print("refused", flush=True)
`;
}
