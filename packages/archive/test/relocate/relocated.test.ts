import { sha256Of } from '@berth/base';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyRelocation,
  type BuildInfo,
  createPrefixMap,
  parseBuildInfo,
  planRelocation,
  pruneSearchPaths,
  rewriteShebangs,
  unpackPackage,
  walkPrefix,
} from '../../src/index.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const signal = AbortSignal.timeout(60_000);

/** The tree after Spack installed a package from a build cache; see the README of the golden build caches. */
interface GoldenTree {
  readonly prefix: string;
  readonly entries: readonly {
    readonly path: string;
    readonly type: 'directory' | 'file' | 'symlink' | 'hardlink';
    readonly executable?: boolean;
    readonly size?: number;
    readonly sha256?: string;
    readonly target?: string;
    readonly to?: string;
  }[];
}

const ARCHIVES: Readonly<Record<string, string>> = {
  'greet.from-padded': 'greet-1fd349dc',
  'greet.from-v1-oci': 'greet-5d8ab71c',
  'greet.from-v2': 'greet-419b0f3b',
  'libgreet.from-padded': 'libgreet-d8f04b83',
};
const DEFAULT_ARCHIVES: Readonly<Record<string, string>> = { greet: 'greet-63cee6ae', libgreet: 'libgreet-e76d86d9' };
/** Prefixes that a spliced package was built with, and those that took their places. */
const SPLICED: Readonly<Record<string, string>> = {
  '7y7a35nxci34gy7e3r7bdjnes5o2o7bm': 'greet-1.0-gayzj2lfzhio7os4e7cw26usd5o2o7bm',
  jcni4qeht7exvcpnt737c2cvqazoz7jz: 'libgreet-1.0-rgwezbr7v7rsupklr34hhfrxgzub47bd',
};
/** Written by whoever installs, not by relocation. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['.spack/install_manifest.json', '.spack/install_times.json']);

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'berth-relocated-'));
});
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

const cases = readdirSync(join(fixtures, 'relocated')).map((file) => file.slice(0, -'.json'.length));

test('all golden trees are compared', () => {
  expect(cases).toHaveLength(13);
});

test.each(cases)('%s is relocated to the bytes that Spack leaves', async (name) => {
  const golden = JSON.parse(readFileSync(join(fixtures, 'relocated', `${name}.json`), 'utf8')) as GoldenTree;
  const directory = await install(name, golden.prefix);
  const expected = golden.entries.filter(({ path }) => isCompared(path, name));
  const found = await treeOf(directory);
  expect(found.filter(({ path }) => isCompared(path, name)).toSorted(byPath)).toEqual(expected.toSorted(byPath));
});

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

function isCompared(path: string, name: string): boolean {
  if (NOT_COMPARED.has(path)) return false;
  // The original tree was built, not unpacked; a spliced one gets the document of another spec.
  if (name.endsWith('.original')) return path !== '.spack/binary_distribution';
  return !name.endsWith('.spliced') || path !== '.spack/spec.json';
}

async function install(name: string, finalPrefix: string): Promise<string> {
  const directory = await mkdtemp(join(work, `${name}-`));
  const archive = ARCHIVES[name] ?? DEFAULT_ARCHIVES[name.split('.')[0] ?? ''] ?? '';
  const source = createReadStream(join(fixtures, 'archives', `${archive}.tar.gz`));
  const { members, buildInfo: document } = await unpackPackage({ source, directory, what: name, signal });
  const buildInfo = parseBuildInfo(document, { what: name });
  const prefixMap = createPrefixMap(pairsFor(buildInfo, finalPrefix));
  const request = {
    directory,
    finalPrefix,
    members,
    buildInfo,
    prefixMap,
    platform: 'linux',
    what: name,
    signal,
  } as const;
  const plan = await planRelocation(request);
  expect(plan.warnings).toEqual([]);
  await applyRelocation(plan, { signal });
  if (name.endsWith('.spliced')) return directory;
  const entries = await walkPrefix(directory, { signal });
  const root = rootOf(finalPrefix);
  await rewriteShebangs(directory, { sbangPath: `${root}/bin/sbang`, finalPrefix, platform: 'linux', entries, signal });
  // Every dependency is installed there, with a lib folder and no lib64.
  const pathExists = (path: string): Promise<boolean> =>
    Promise.resolve(path.startsWith(root) && !path.endsWith('/lib64'));
  await pruneSearchPaths(directory, { finalPrefix, entries, signal, pathExists });
  return directory;
}

function rootOf(prefix: string): string {
  return prefix.slice(0, prefix.indexOf('/linux-x86_64/'));
}

function pairsFor(buildInfo: BuildInfo, finalPrefix: string): [string, string][] {
  const root = rootOf(finalPrefix);
  const places = Array.from(buildInfo.hashToPrefix, ([hash, from]): [string, string] => {
    const name = finalPrefix.includes('gayzj2l') ? SPLICED[hash] : undefined;
    return [from, `${root}/linux-x86_64/${name ?? from.slice(from.lastIndexOf('/') + 1)}`];
  });
  return [[buildInfo.sbangInstallPath ?? '', `${root}/bin/sbang`], ...places, [buildInfo.buildPath, root]];
}

async function treeOf(directory: string): Promise<GoldenTree['entries']> {
  const entries = await walkPrefix(directory, { signal });
  return Promise.all(
    entries.map(async ({ path, kind, mode, sizeBytes, linkTarget, hardLinkOf }) => {
      if (kind === 'directory') return { path, type: kind };
      if (kind === 'symlink') return { path, type: kind, target: linkTarget ?? '' };
      if (hardLinkOf !== undefined) return { path, type: 'hardlink', to: hardLinkOf };
      const sha256 = sha256Of(await readFile(join(directory, path)));
      return { path, type: kind, executable: (mode & 0o100) !== 0, size: sizeBytes, sha256 };
    }),
  );
}

test.each(['greet', 'libgreet'])('a root that is longer fails for %s before anything is changed', async (name) => {
  const directory = await mkdtemp(join(work, `longer-${name}-`));
  const source = createReadStream(join(fixtures, 'archives', `${DEFAULT_ARCHIVES[name] ?? ''}.tar.gz`));
  const { members, buildInfo: document } = await unpackPackage({ source, directory, what: name, signal });
  const before = await treeOf(directory);
  const buildInfo = parseBuildInfo(document, { what: name });
  const own = [...buildInfo.hashToPrefix.values()][0] ?? '';
  const finalPrefix = own.replace('/opt/golden/store', '/opt/golden/t-ocihttp');
  const prefixMap = createPrefixMap(pairsFor(buildInfo, finalPrefix));
  const planned = planRelocation({
    directory,
    finalPrefix,
    members,
    buildInfo,
    prefixMap,
    platform: 'linux',
    what: `${name}@1.0`,
    signal,
  });
  await expect(planned).rejects.toMatchObject({
    name: 'BerthError',
    kind: 'relocate',
    code: 'ERR_RELOCATE_GROW',
    message: expect.stringContaining(`relocate ${name}@1.0: `) as unknown as string,
    hint: expect.stringContaining('padded') as unknown as string,
  });
  expect(await treeOf(directory)).toEqual(before);
  expect(existsSync(finalPrefix)).toBe(false);
});
