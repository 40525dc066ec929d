import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, openBench, useTree } from './support/bench.ts';
import { type Containers, openContainers } from './support/containers.ts';
import { GREETING_PACKAGES, greetingOf, installGreeting, prefixOf } from './support/greeting.ts';
import { differences, treeContent, treeProblems } from './support/inspect-tree.ts';
import {
  mirrorWords,
  type OciRegistry,
  PASSWORD,
  startSecureRegistry,
  trusting,
  writesOf,
} from './support/oci-registry.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
const TOOLS = missingTools('docker-registry', 'htpasswd', 'openssl', 'skopeo');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

interface Pushed {
  readonly packages: readonly { readonly name: string; readonly outcome: string }[];
}

interface Checked {
  readonly mirrors: readonly { readonly packages: readonly { readonly status: string; readonly indexed: boolean }[] }[];
}

withTools('a build cache in a registry with TLS and a password', () => {
  let registry: OciRegistry;
  let bench: Bench;
  let environment = '';
  let containers: Containers;
  let first: Pushed;

  beforeAll(async () => {
    registry = await startSecureRegistry();
    bench = await openBench(trusting(registry));
    containers = openContainers(bench.folder, registry);
    environment = await installGreeting(bench);
    await bench.text('mirror', 'add', ...mirrorWords(registry, 'demo/cache'));
    first = await inEnvironment('buildcache', 'push', 'reg');
  }, MINUTE);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const inEnvironment = async <T>(...words: string[]): Promise<T> => bench.json<T>('-D', environment, ...words);

  /** As on a machine on which nothing was downloaded or installed. */
  async function startAfresh(name: string): Promise<string> {
    await rm(join(bench.folder, 'cache'), { recursive: true, force: true });
    const tree = join(bench.folder, name);
    await rm(tree, { recursive: true, force: true });
    await useTree(bench, tree);
    return tree;
  }

  /** Installs the environment in the place where it was pushed from, which must give the same tree. */
  async function expectInstallation(): Promise<void> {
    const wanted = await contentOf(join(bench.folder, 't'));
    const tree = await startAfresh('t');
    const { packages } = await inEnvironment<Pushed>('install');
    expect(packages.filter(({ outcome }) => outcome === 'installed')).toHaveLength(GREETING_PACKAGES.length);
    expect(treeProblems(tree)).toEqual([]);
    const content = await contentOf(tree);
    expect(content.size).toBeGreaterThan(30);
    expect([...differences(content, wanted), ...differences(wanted, content)]).toEqual([]);
    expect(greetingOf(tree)).toContain('hello');
  }

  test('is pushed to: every package once', () => {
    expect(first.packages.map(({ name }) => name).sort()).toEqual([...GREETING_PACKAGES].sort());
    expect(first.packages.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed', 'pushed']);
  });

  test(
    'takes nothing a second time, and by force the same bytes under the same digests',
    async () => {
      const digests = async (): Promise<readonly string[]> =>
        Promise.all((await tags()).map(async (tag) => (await inspect(tag)).Digest));
      const before = await digests();
      const again = await registry.during(() => inEnvironment<Pushed>('buildcache', 'push', 'reg'));
      expect(again.result.packages.map(({ outcome }) => outcome)).toEqual(['exists', 'exists', 'exists']);
      expect(again.requests.length).toBeGreaterThan(0);
      expect(writesOf(again.requests)).toEqual([]);
      await rm(join(bench.folder, 'cache'), { recursive: true });
      const forced = await registry.during(() => inEnvironment<Pushed>('buildcache', 'push', '--force', 'reg'));
      expect(forced.result.packages.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed', 'pushed']);
      expect(writesOf(forced.requests).filter((request) => request.includes('/blobs/'))).toEqual([]);
      expect(await digests()).toEqual(before);
    },
    MINUTE,
  );

  test(
    'serves the environment by its lock file when nobody made an index',
    async () => {
      await expectInstallation();
      const check = await inEnvironment<Checked>('buildcache', 'check', '--without-build-dependencies', '-m', 'reg');
      expect(check.mirrors[0]?.packages.map(({ status }) => status)).toEqual(['present', 'present', 'present']);
    },
    MINUTE,
  );

  test(
    'is indexed, listed, checked, and serves the environment by its index',
    async () => {
      expect(await bench.json('buildcache', 'update-index', 'reg')).toMatchObject({ packages: 3, changed: true });
      expect(await bench.json('buildcache', 'update-index', 'reg')).toMatchObject({ packages: 3, changed: false });
      const { packages } = await bench.json<Pushed>('buildcache', 'list', '-a');
      expect(packages.map(({ name }) => name).sort()).toEqual([...GREETING_PACKAGES].sort());
      await startAfresh('elsewhere');
      const check = await inEnvironment<Checked>('buildcache', 'check', '--verify', '--without-build-dependencies');
      expect(check.mirrors[0]?.packages).toHaveLength(3);
      for (const checked of check.mirrors[0]?.packages ?? []) {
        expect(checked).toMatchObject({ status: 'present', indexed: true });
      }
      const tree = await startAfresh('i');
      await bench.text('install', '--cache-only', 'greet');
      expect(greetingOf(tree)).toContain(`${prefixOf(tree, 'libgreet')}/share/libgreet`);
      expect(treeProblems(tree)).toEqual([]);
      await expectInstallation();
    },
    MINUTE,
  );

  interface Inspected {
    readonly Name: string;
    readonly Digest: string;
    readonly Architecture: string;
    readonly Layers: readonly string[];
    readonly RepoTags: readonly string[];
  }

  async function inspect(tag: string): Promise<Inspected> {
    const reference = `docker://${registry.host}/demo/cache:${tag}`;
    return JSON.parse(await containers.skopeo('inspect', reference)) as Inspected;
  }

  async function tags(): Promise<readonly string[]> {
    const text = await containers.skopeo('list-tags', `docker://${registry.host}/demo/cache`);
    const { Tags } = JSON.parse(text) as { Tags: string[] };
    return Tags.filter((tag) => tag !== 'index.spack').sort();
  }

  test(
    'holds images that other programs understand and copy, whole and with the layers of what they need',
    async () => {
      await inEnvironment('buildcache', 'push', '--tag', 'app', 'reg');
      const [packageTags, images] = [await tags(), ['app', 'app-amd64']];
      expect(packageTags.filter((tag) => !images.includes(tag))).toEqual([
        expect.stringMatching(/^gcc-runtime-12\.2\.0-[a-z2-7]{32}\.spack$/),
        expect.stringMatching(/^greet-1\.0-[a-z2-7]{32}\.spack$/),
        expect.stringMatching(/^libgreet-1\.0-[a-z2-7]{32}\.spack$/),
      ]);
      const layers = new Map<string, readonly string[]>();
      for (const tag of packageTags) {
        const to = join(bench.folder, `copy-of-${tag.slice(0, 12)}`);
        await containers.skopeo('copy', `docker://${registry.host}/demo/cache:${tag}`, `oci:${to}:${tag}`);
        const index = JSON.parse(await readFile(join(to, 'index.json'), 'utf8')) as { manifests: unknown[] };
        expect(index.manifests).toHaveLength(1);
        const inspected = await inspect(tag);
        expect(inspected.Architecture).toBe('amd64');
        // The manifest and the config besides the layers.
        expect(await readdir(join(to, 'blobs/sha256'))).toHaveLength(inspected.Layers.length + 2);
        layers.set(tag.replace(/-.*/, ''), inspected.Layers);
      }
      expect(layers.get('greet')).toEqual([...(layers.get('libgreet') ?? []), layers.get('greet')?.at(-1)]);
      expect(layers.get('libgreet')?.slice(0, 1)).toEqual(layers.get('gcc'));
      expect(layers.get('app')).toEqual(layers.get('greet'));
    },
    MINUTE,
  );

  test(
    'is carried away in a folder, which serves a machine without a network and fills another repository',
    async () => {
      const layout = `oci-layout://${join(bench.folder, 'carried')}`;
      const copied = await bench.json<Pushed>('buildcache', 'sync', '--unsigned', 'reg', layout);
      expect(copied.packages.map(({ outcome }) => outcome)).toEqual(['copied', 'copied', 'copied']);
      const fromRegistry = await readFile(join(bench.config, 'mirrors.yaml'), 'utf8');
      await bench.text('mirror', 'remove', 'reg');
      await bench.text('mirror', 'add', '--unsigned', 'carried', layout);
      const { requests } = await registry.during(expectInstallation);
      expect(requests).toEqual([]);
      await writeFile(join(bench.config, 'mirrors.yaml'), fromRegistry.replace('demo/cache', 'demo/second'));
      await bench.json('buildcache', 'sync', '--unsigned', layout, 'reg');
      await expectInstallation();
      await writeFile(join(bench.config, 'mirrors.yaml'), fromRegistry);
    },
    MINUTE,
  );

  test('tells no secret, and says what is wrong when the password is', async () => {
    await using stranger = await openBench({ ...trusting(registry), REGISTRY_PASSWORD: 'wrong' });
    await stranger.text('mirror', 'add', ...mirrorWords(registry, 'demo/cache'));
    const refused = await stranger.run('buildcache', 'update-index', '--debug', 'reg');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/reg|demo\/cache/);
    const right = await bench.run('buildcache', 'update-index', '--debug', 'reg');
    expect(right.code).toBe(0);
    const said = [refused, right].map(({ stdout, stderr }) => stdout + stderr).join('');
    for (const secret of [PASSWORD, Buffer.from(`me:${PASSWORD}`).toString('base64')])
      expect(said).not.toContain(secret);
    const mirrors = await readFile(join(bench.config, 'mirrors.yaml'), 'utf8');
    expect(mirrors).not.toContain(PASSWORD);
  });
});

/** All but what tells from which archive a package was installed. */
async function contentOf(tree: string): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await treeContent(tree))].filter(([path]) => !path.endsWith('/.spack/binary_distribution')));
}
