import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BERTH, type Ended, start, succeeded } from './support/berth.ts';
import { type Bench, configure, copyQuickstart, openBench, useTree } from './support/bench.ts';
import { readMirror } from './support/inspect-mirror.ts';
import { differences, readRecords, treeContent, treeProblems } from './support/inspect-tree.ts';
import { announceSeed, type Random, seededRandom } from './support/random.ts';
import { letCompete, pick } from './support/rivals.ts';
import { shareSpack, type Spack, SPACK_ENVIRONMENT, spackWith } from './support/spack.ts';

const MINUTE = 60_000;

if (SPACK_ENVIRONMENT === undefined) {
  process.stderr.write('SKIPPED: BERTH_PEER_SPACK is not set (path of a shell script that puts Spack on the PATH)\n');
}
const withSpack = SPACK_ENVIRONMENT === undefined ? describe.skip : describe;

/** The packages of the quickstart that are not external, dependencies first. */
const PACKAGES = ['gcc-runtime', 'libgreet', 'greet'] as const;

let bench: Bench;
let spack: Spack;
/** The quickstart's environment, without a mirror of its own. */
let environment = '';

async function prepare(): Promise<void> {
  bench = await openBench();
  spack = await shareSpack(bench);
  environment = await copyQuickstart(bench);
  await writeFile(join(environment, 'spack.yaml'), 'spack:\n  specs:\n  - greet\n  view: false\n');
  await useMirror('mirror');
}

/** Makes a folder of the bench the only mirror. */
async function useMirror(name: string): Promise<void> {
  await configure(bench, 'mirrors', { [name]: { url: `file://${join(bench.folder, name)}`, signed: false } });
}

/** Makes a new, short folder the install tree. */
async function useNewTree(name: string): Promise<string> {
  const tree = join(bench.folder, name);
  await useTree(bench, tree);
  return tree;
}

function prefixOf(tree: string, name: string): string {
  const record = Array.from(readRecords(tree).values()).find(({ spec }) => spec.name === name);
  if (record?.path == null) throw new Error(`${name} is not installed in ${tree}`);
  return record.path;
}

function greetingOf(tree: string): string {
  return execFileSync(join(prefixOf(tree, 'greet'), 'bin/greet'), { encoding: 'utf8' });
}

/** What both programs say of the tree must be the same, byte for byte. */
async function expectSameRecords(): Promise<void> {
  const [ours, theirs] = [await bench.text('find', '--json'), await spack.text('find', '--json')];
  expect(JSON.parse(ours)).toEqual(JSON.parse(theirs));
  expect(ours).toBe(theirs);
}

withSpack('an install tree that berth made', () => {
  let tree = '';
  beforeAll(async () => {
    await prepare();
    tree = await useNewTree('t');
    await bench.text('-D', environment, 'install');
  }, MINUTE);
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test(
    'is listed by Spack as by berth, in every form',
    async () => {
      await expectSameRecords();
      for (const words of [
        ['find'],
        ['find', '-lv'],
        ['find', '-Lp'],
        ['find', '-d'],
        ['find', '-x'],
        ['find', '-N'],
      ]) {
        expect(await bench.text(...words)).toBe(await spack.text(...words));
      }
      const format = ['find', '--format', '{name} {version} {/hash:7} {architecture} {prefix}'];
      expect(await bench.text(...format)).toBe(await spack.text(...format));
    },
    2 * MINUTE,
  );

  test(
    'is whole: Spack verifies every package, and its reindex finds the records berth wrote',
    async () => {
      await spack.text('verify', 'manifest', ...PACKAGES);
      const before = await spack.text('find', '--json');
      await spack.text('reindex');
      expect(await spack.text('find', '--json')).toBe(before);
      await expectSameRecords();
      expect(treeProblems(tree)).toEqual([]);
    },
    2 * MINUTE,
  );

  test(
    'is the tree that Spack makes of the same mirror, file by file, but for what each writes about the installation',
    async () => {
      const ours = await contentWithoutMetadata(tree);
      const greeting = greetingOf(tree);
      expect(ours.size).toBeGreaterThan(30);
      await rm(tree, { recursive: true });
      await spack.text('-D', environment, 'install', '--cache-only');
      const theirs = await contentWithoutMetadata(tree);
      expect([...differences(ours, theirs), ...differences(theirs, ours)]).toEqual([]);
      expect(greetingOf(tree)).toBe(greeting);
    },
    2 * MINUTE,
  );

  test(
    'is left to Spack to uninstall from, and berth sees it',
    async () => {
      await spack.text('uninstall', '-y', 'greet');
      await expectSameRecords();
      expect(treeProblems(tree)).toEqual([]);
      await bench.text('uninstall', '-y', 'libgreet');
      await expectSameRecords();
      expect(treeProblems(tree)).toEqual([]);
    },
    2 * MINUTE,
  );
});

async function contentWithoutMetadata(tree: string): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await treeContent(tree))].filter(([path]) => !/\/\.spack(\/|$)/.test(path)));
}

withSpack('a build cache that berth pushed', () => {
  beforeAll(async () => {
    await prepare();
    await useNewTree('t');
    await bench.text('-D', environment, 'install');
    await bench.text('-D', environment, 'buildcache', 'push', '--unsigned', '--update-index', join(bench.folder, 'm'));
    await useMirror('m');
  }, MINUTE);
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test(
    'is listed, checked and found complete by Spack',
    async () => {
      const listed = await spack.text('buildcache', 'list', '-L', '-a');
      for (const name of PACKAGES) expect(listed).toMatch(new RegExp(`^[a-z2-7]{32} ${name}@`, 'm'));
      await spack.text('buildcache', 'check', '-m', `file://${join(bench.folder, 'm')}`, 'greet');
      const report = join(bench.folder, 'report.json');
      await spack.text('buildcache', 'check-index', '--verify', 'all', '--output', report, join(bench.folder, 'm'));
      expect(JSON.parse(await readFile(report, 'utf8'))).toEqual({
        exists: true,
        manifests: { missing: [], unindexed: [] },
        blobs: { missing: {} },
      });
    },
    2 * MINUTE,
  );

  test(
    'is installed and run by Spack',
    async () => {
      const tree = await useNewTree('s');
      await spack.text('-D', environment, 'install', '--cache-only');
      expect(greetingOf(tree)).toContain(`${prefixOf(tree, 'libgreet')}/share/libgreet`);
      await expectSameRecords();
      expect(treeProblems(tree)).toEqual([]);
    },
    2 * MINUTE,
  );

  test(
    'is extended by Spack, and berth reads the index that Spack then writes',
    async () => {
      const mirror = join(bench.folder, 'm');
      await rm(join(mirror, 'v3/manifests/spec/greet'), { recursive: true });
      await useTree(bench, join(bench.folder, 't'));
      const push = ['buildcache', 'push', '--unsigned', '--without-build-dependencies', '--update-index'];
      await spack.text('-D', environment, ...push, mirror);
      expect(await readMirror(mirror)).toMatchObject({ problems: [], packages: { length: 3 }, indexed: { length: 3 } });
      await bench.text('buildcache', 'update-index', mirror);
      expect(await readMirror(mirror)).toMatchObject({ problems: [], packages: { length: 3 }, indexed: { length: 3 } });
      await bench.text('-D', environment, 'buildcache', 'check', '--verify', '--without-build-dependencies');
    },
    2 * MINUTE,
  );
});

withSpack('a build cache that Spack pushed', () => {
  beforeAll(async () => {
    await prepare();
    await useNewTree('t');
    await spack.text('-D', environment, 'install', '--cache-only');
    const push = ['buildcache', 'push', '--unsigned', '--without-build-dependencies', '--update-index'];
    await spack.text('-D', environment, ...push, join(bench.folder, 'm'));
    await useMirror('m');
  }, 2 * MINUTE);
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test(
    'is listed, checked and installed by berth, and runs',
    async () => {
      const { packages } = await bench.json<{ packages: { name: string }[] }>('buildcache', 'list', '-a');
      expect(packages.map(({ name }) => name)).toEqual(['gcc-runtime', 'greet', 'libgreet']);
      await bench.text('-D', environment, 'buildcache', 'check', '--verify', '--without-build-dependencies');
      const tree = await useNewTree('u');
      await bench.text('-D', environment, 'install');
      expect(greetingOf(tree)).toContain(`${prefixOf(tree, 'libgreet')}/share/libgreet`);
      expect(await bench.json('verify', 'manifest', '-a')).toEqual({});
      await spack.text('verify', 'manifest', ...PACKAGES);
      await expectSameRecords();
    },
    2 * MINUTE,
  );

  test(
    'has the packages that berth pushes of the same tree, byte for byte once decompressed',
    async () => {
      await useTree(bench, join(bench.folder, 't'));
      const [ours, theirs] = [join(bench.folder, 'ours'), join(bench.folder, 'm')];
      const words = ['-D', environment, 'buildcache', 'push', '--unsigned', '--update-index', ours];
      // Packages say where the program lives that packed them.
      const env = { ...bench.env, SPACK_ROOT: (await spack.text('location', '-r')).trim() };
      await succeeded('push', start(process.execPath, [BERTH, ...words], { env, cwd: bench.folder }));
      expect(await readMirror(ours)).toEqual(await readMirror(theirs));
      for (const name of PACKAGES) {
        const [a, b] = [await archiveOf(ours, name), await archiveOf(theirs, name)];
        expect(a.byteLength).toBeGreaterThan(10_000);
        expect(a.equals(b)).toBe(true);
      }
    },
    2 * MINUTE,
  );
});

/** The tar of a package on a mirror. */
async function archiveOf(mirror: string, name: string): Promise<Buffer> {
  const folder = join(mirror, 'v3/manifests/spec', name);
  const [file = ''] = await readdir(folder);
  const { data } = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
    readonly data: readonly { readonly mediaType: string; readonly checksum: string }[];
  };
  const digest = data.find(({ mediaType }) => mediaType.includes('install'))?.checksum ?? '';
  return gunzipSync(await readFile(join(mirror, 'blobs/sha256', digest.slice(0, 2), digest)));
}

withSpack('mirrors.yaml', () => {
  let folders: readonly [string, string];
  beforeAll(async () => {
    bench = await openBench();
    folders = [join(bench.folder, 'ours'), join(bench.folder, 'theirs')];
    for (const folder of folders) await mkdir(folder);
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  /** Runs both programs, each on its own file, and returns their ends. */
  async function both(words: readonly string[]): Promise<readonly [Ended, Ended]> {
    const env = { ...bench.env, SPACK_USER_CONFIG_PATH: folders[0] };
    const ours = start(process.execPath, [BERTH, 'mirror', ...words], { env, cwd: bench.folder });
    const theirs = spackWith(bench, folders[1]).start('mirror', ...words);
    return Promise.all([ours.ended, theirs.ended]);
  }

  async function files(): Promise<readonly [string, string]> {
    const [ours, theirs] = await Promise.all(folders.map((folder) => readFile(join(folder, 'mirrors.yaml'), 'utf8')));
    return [ours ?? '', theirs ?? ''];
  }

  test.each([
    'add one file:///m/one',
    'add --unsigned two /some/path',
    'add --type binary --autopush three s3://bucket/prefix',
    'add --s3-access-key-id-variable ID --s3-access-key-secret-variable SECRET --s3-profile p four s3://bucket/four',
    'add --s3-endpoint-url https://minio:9000 nine s3://bucket/nine',
    'add --oci-username u --oci-password-variable P --signed five oci://ghcr.io/a/b',
    'add one file:///again',
    'add --name a/view six file:///six',
    'add --s3-access-key-id ID seven s3://half',
    'add --type source --type binary eight https://example.org/x',
    'set --unsigned one',
    'set --push --url file:///push one',
    'set --fetch --s3-profile q four',
    'set --autopush --type source two',
    'set --no-autopush two',
    'set --unsigned nosuch',
    'set --url /some/path two',
    'set-url two file:///elsewhere',
    'set-url --push four s3://bucket/push',
    'remove three',
    'rm nosuch',
  ])(
    'mirror %s: ends as with Spack, and leaves the same bytes',
    async (line) => {
      const [ours, theirs] = await both(line.split(' '));
      expect(ours.code).toBe(theirs.code);
      const [text, wanted] = await files();
      expect(text).toBe(wanted);
    },
    MINUTE,
  );

  test(
    'mirror list prints what Spack prints',
    async () => {
      const [ours, theirs] = await both(['list']);
      expect(ours.code).toBe(0);
      expect(ours.stdout).toBe(theirs.stdout);
    },
    MINUTE,
  );

  test(
    'a file written by hand keeps every comment, and Spack reads what berth made of it',
    async () => {
      const hand = [
        '# head of the file',
        'mirrors:',
        '  # about a',
        '  a: file:///a   # trailing',
        '  b:',
        '    url: "s3://bucket/b"',
        '',
        '    # about the profile',
        "    profile: 'p'",
        '    signed: false',
        '  c: {url: https://c, binary: true}',
        '# tail',
        '',
      ].join('\n');
      for (const folder of folders) await writeFile(join(folder, 'mirrors.yaml'), hand);
      const edits = [
        ['add', 'z', 'file:///z'],
        ['set', '--unsigned', 'a'],
        ['set', '--s3-profile', 'q', 'b'],
        ['set', '--push', '--url', 'file:///cp', 'c'],
      ];
      for (const words of edits) {
        const [ours, theirs] = await both(words);
        expect([ours.code, theirs.code]).toEqual([0, 0]);
      }
      const [text] = await files();
      for (const comment of ['head of the file', 'about a', 'trailing', 'about the profile', 'tail']) {
        expect(text).toContain(`# ${comment}\n`);
      }
      // Spack's reading of either file is the same.
      const theirs = spackWith(bench, folders[1]);
      const wanted = await theirs.text('config', 'get', '--json', 'mirrors');
      await copyFile(join(folders[0], 'mirrors.yaml'), join(folders[1], 'mirrors.yaml'));
      expect(JSON.parse(await theirs.text('config', 'get', '--json', 'mirrors'))).toEqual(JSON.parse(wanted));
    },
    2 * MINUTE,
  );
});

withSpack('K02, K03: berth and Spack at work in one tree', () => {
  const random: Random = seededRandom(announceSeed('BERTH_RIVALS_SEED'));
  beforeAll(async () => {
    await prepare();
    await useNewTree('t');
  }, MINUTE);
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test(
    'four of berth and two of Spack install and uninstall at random: both read what is on disk in the end',
    async () => {
      const tree = join(bench.folder, 't');
      await bench.text('-D', environment, 'install');
      const hashes = PACKAGES.map((name) => prefixOf(tree, name).slice(-32));
      const words = (draw: Random, install: readonly string[]): string[] =>
        draw() < 0.6
          ? [...install, `/${pick(hashes, draw)}`]
          : ['uninstall', '-y', '--dependents', `/${pick(hashes, draw)}`];
      const berth = (draw: Random): { what: string; ended: Promise<Ended> } => {
        const chosen = ['-D', environment, ...words(draw, ['install']), '--json'];
        return { what: `berth ${chosen.join(' ')}`, ended: bench.start(...chosen).ended };
      };
      const theirs = (draw: Random): { what: string; ended: Promise<Ended> } => {
        const chosen = ['-D', environment, ...words(draw, ['install', '--cache-only'])];
        return { what: `spack ${chosen.join(' ')}`, ended: spack.start(...chosen).ended };
      };
      const rivals = [berth, berth, berth, berth, theirs, theirs];
      const deeds = await letCompete({ rivals, turns: 5, random });
      expect(deeds).toHaveLength(30);
      const stopped = deeds.filter(({ what, ended }) => what.startsWith('berth') && !isExpected(ended));
      expect(stopped).toEqual([]);
      expect(treeProblems(tree)).toEqual([]);
      await expectSameRecords();
      await bench.text('-D', environment, 'install');
      await expectSameRecords();
      expect(treeProblems(tree)).toEqual([]);
      expect(greetingOf(tree)).toContain('hello');
    },
    5 * MINUTE,
  );
});

/** Success, or a failure that a rival can bring about. */
function isExpected({ code, stdout }: Ended): boolean {
  if (code === 0) return true;
  const { error } = JSON.parse(stdout) as { readonly error?: { readonly code: string } };
  return ['ERR_STILL_NEEDED', 'ERR_NOT_INSTALLED'].includes(error?.code ?? '');
}
