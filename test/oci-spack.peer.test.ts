import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, openBench, useTree } from './support/bench.ts';
import { GREETING_PACKAGES, greetingOf, installGreeting, prefixOf } from './support/greeting.ts';
import { treeProblems } from './support/inspect-tree.ts';
import { mirrorWords, type OciRegistry, startSecureRegistry, trusting } from './support/oci-registry.ts';
import { shareSpack, type Spack, SPACK_ENVIRONMENT, spackWith } from './support/spack.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
const TOOLS = missingTools('docker-registry', 'htpasswd', 'openssl');
if (SPACK_ENVIRONMENT === undefined) {
  process.stderr.write('SKIPPED: BERTH_PEER_SPACK is not set (path of a shell script that puts Spack on the PATH)\n');
}
const withSpack = TOOLS.length > 0 || SPACK_ENVIRONMENT === undefined ? describe.skip : describe;

let registry: OciRegistry;
let bench: Bench;
let spack: Spack;
let environment = '';

async function prepare(repository: string): Promise<void> {
  registry = await startSecureRegistry();
  bench = await openBench(trusting(registry));
  spack = await shareSpack(bench);
  environment = await installGreeting(bench);
  await bench.text('mirror', 'add', ...mirrorWords(registry, repository));
}

async function putAway(): Promise<void> {
  await registry[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
}

/** As on a machine on which nothing was installed or downloaded: Spack keeps blobs in its cache of sources. */
async function startAfresh(name: string): Promise<string> {
  const tree = join(bench.folder, name);
  await rm(join(bench.folder, 'cache/misc/indices'), { recursive: true, force: true });
  await rm(join(bench.folder, 'cache/misc/blobs'), { recursive: true, force: true });
  await useTree(bench, tree, { source_cache: join(bench.folder, `sources-of-${name}`) });
  return tree;
}

function expectGreeting(tree: string): void {
  expect(greetingOf(tree)).toContain(`${prefixOf(tree, 'libgreet')}/share/libgreet`);
  expect(treeProblems(tree)).toEqual([]);
}

withSpack('what berth pushed to a registry with TLS and a password', () => {
  beforeAll(async () => {
    await prepare('demo/ours');
    await bench.text('-D', environment, 'buildcache', 'push', '--unsigned', 'reg');
  }, 2 * MINUTE);
  afterAll(putAway);

  test(
    'is installed by Spack from a lock file when nobody made an index',
    async () => {
      const tree = await startAfresh('n');
      const { requests } = await registry.during(() => spack.text('-D', environment, 'install', '--cache-only'));
      expectGreeting(tree);
      expect(requests.filter(({ uri }) => uri.endsWith('.spack'))).not.toEqual([]);
    },
    2 * MINUTE,
  );

  test(
    'is listed, found by name and installed by Spack by the index that berth makes',
    async () => {
      await bench.text('buildcache', 'update-index', 'reg');
      const tree = await startAfresh('x');
      const listed = await spack.text('buildcache', 'list', '-L', '-a');
      for (const name of GREETING_PACKAGES) expect(listed).toMatch(new RegExp(`^[a-z2-7]{32} ${name}@`, 'm'));
      await spack.text('buildcache', 'install', '--otherarch', '--unsigned', 'greet');
      expectGreeting(tree);
    },
    2 * MINUTE,
  );

  test(
    'is added to by Spack, and each indexes what both have pushed',
    async () => {
      await useTree(bench, join(bench.folder, 't'));
      const push = ['buildcache', 'push', '--unsigned', '--force', '--without-build-dependencies', '--only', 'package'];
      await spack.text('-D', environment, ...push, '--update-index', 'reg', 'greet');
      expect(await bench.json('buildcache', 'update-index', 'reg')).toMatchObject({ packages: 3 });
      await spack.text('buildcache', 'update-index', 'reg');
      expect(await bench.json('buildcache', 'update-index', 'reg')).toMatchObject({ packages: 3, changed: false });
      const tree = await startAfresh('y');
      await bench.text('-D', environment, 'install');
      expectGreeting(tree);
    },
    3 * MINUTE,
  );
});

withSpack('what Spack pushed to a registry with TLS and a password', () => {
  beforeAll(async () => {
    await prepare('demo/theirs');
    await spack.text('-D', environment, 'buildcache', 'push', '--unsigned', '--without-build-dependencies', 'reg');
  }, 2 * MINUTE);
  afterAll(putAway);

  test(
    'is installed by berth from a lock file when nobody made an index',
    async () => {
      const tree = await startAfresh('n');
      await bench.text('-D', environment, 'install');
      expectGreeting(tree);
    },
    MINUTE,
  );

  test(
    'is listed, checked and installed by berth by the index that Spack makes',
    async () => {
      await spack.text('buildcache', 'update-index', 'reg');
      const tree = await startAfresh('x');
      const { packages } = await bench.json<{ packages: { name: string }[] }>('buildcache', 'list', '-a');
      expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining([...GREETING_PACKAGES]));
      await bench.text('-D', environment, 'buildcache', 'check', '--verify', '--without-build-dependencies');
      await bench.text('install', 'greet');
      expectGreeting(tree);
    },
    2 * MINUTE,
  );

  test('is not pushed again by berth', async () => {
    await useTree(bench, join(bench.folder, 't'));
    const { packages } = await bench.json<{ packages: { outcome: string }[] }>(
      ...['-D', environment, 'buildcache', 'push', 'reg'],
    );
    expect(packages.map(({ outcome }) => outcome)).toEqual(['exists', 'exists', 'exists']);
  });
});

withSpack('the entry of a registry in mirrors.yaml', () => {
  const EDITS = [
    ['add', '--oci-username', 'me', '--oci-password-variable', 'SECRET', 'a', 'oci://ghcr.io/org/cache'],
    ['add', '--oci-username-variable', 'NAME', '--oci-password-variable', 'SECRET', 'b', 'oci://user/image'],
    ['add', '--unsigned', 'c', 'oci+http://localhost:5000/x'],
    ['set', '--push', '--oci-username', 'writer', '--oci-password-variable', 'WRITE', 'a'],
    ['set', '--fetch', '--oci-username-variable', 'READER', '--oci-password-variable', 'READ', 'b'],
    ['set', '--oci-username', 'you', '--oci-password-variable', 'OTHER', 'c'],
    ['set', '--push', '--url', 'oci://quay.io/org/cache', 'a'],
  ] as const;

  test(
    'is the same whether Spack or berth writes it, byte for byte',
    async () => {
      await using writer = await openBench();
      const folders = [join(writer.folder, 'ours'), join(writer.folder, 'theirs')] as const;
      for (const folder of folders) await mkdir(folder);
      await using ours = await openBench({ SPACK_USER_CONFIG_PATH: folders[0] });
      const theirs = spackWith(writer, folders[1]);
      let edits = 0;
      for (const words of EDITS) {
        await ours.text('mirror', ...words);
        await theirs.text('mirror', ...words);
        const [text, wanted] = await Promise.all(
          folders.map((folder) => readFile(join(folder, 'mirrors.yaml'), 'utf8')),
        );
        expect(text).toBe(wanted);
        edits += 1;
      }
      expect(edits).toBe(7);
    },
    3 * MINUTE,
  );
});
