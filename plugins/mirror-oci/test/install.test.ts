import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { walkPrefix } from '@berth/archive';
import { sha256Of } from '@berth/base';
import { readEntrySpec } from '@berth/buildcache';
import { install, type OpenMirror } from '@berth/core';
import { verifyInstallManifest } from '@berth/store';
import { makeWorld } from '../../../core/test/support/world.ts';
import { goldenMirror } from './support/layouts.ts';

const runs = process.platform === 'linux' && process.arch === 'x64';
const signal = new AbortController().signal;
const NEW = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';

interface GoldenTree {
  readonly prefix: string;
  readonly entries: readonly GoldenEntry[];
}

interface GoldenEntry {
  readonly path: string;
  readonly type: string;
  readonly executable?: boolean;
  readonly size?: number;
  readonly sha256?: string;
  readonly target?: string;
  readonly to?: string;
}

/** Written by whoever installs. */
const OWN_DOCUMENTS: ReadonlySet<string> = new Set([
  '.spack/install_manifest.json',
  '.spack/install_times.json',
  '.spack/spec.json',
]);

/** The temporary folder and the name of the root below it are as long as the golden root, so that names can be exchanged. */
const cases = [
  {
    layout: 'cache',
    hash: NEW,
    count: 3,
    rootName: 'stor',
    root: '/opt/golden/stort',
    trees: ['greet.same-length', 'libgreet.same-length'],
  },
  {
    layout: 'on-oci-base',
    hash: NEW,
    count: 3,
    rootName: 'stor',
    root: '/opt/golden/stort',
    trees: ['greet.same-length', 'libgreet.same-length'],
  },
  {
    layout: 'on-docker-base',
    hash: NEW,
    count: 3,
    rootName: 'stor',
    root: '/opt/golden/stort',
    trees: ['greet.same-length', 'libgreet.same-length'],
  },
  {
    layout: 'orig',
    hash: '7uwc4z7zi7ndprz6cchsrsc5qiseaajl',
    count: 2,
    rootName: 's',
    root: '/opt/golden/o1',
    trees: ['greet.from-v1-oci'],
  },
];

test.each(cases)('layout $layout installs to the tree that Spack makes of it', async (each) => {
  await using world = await makeWorld({ folderPrefix: '/tmp/b', rootName: each.rootName });
  expect(world.root).toHaveLength(each.root.length);
  await using golden = await goldenMirror(each.layout, { connection: { cacheDir: join(world.folder, 'cache') } });
  const opened: OpenMirror = { mirror: golden.mirror, name: each.layout, url: 'oci-layout:', signed: false };
  const entry = await golden.mirror.find({ name: 'greet', version: '1.0', hash: each.hash }, { signal });
  if (entry === undefined) throw new Error('the layout has it');
  const root = await readEntrySpec(golden.mirror, entry, { signal });

  const { packages } = await install(world.installOptions([opened], { roots: [root] }), world.context);
  expect(packages.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(packages.filter(({ outcome }) => outcome === 'installed')).toHaveLength(each.count);
  for (const name of each.trees) {
    const tree = JSON.parse(
      await readFile(join(import.meta.dirname, 'fixtures/relocated', `${name}.json`), 'utf8'),
    ) as GoldenTree;
    const prefix = tree.prefix.replace(each.root, world.root);
    expect(await treeAt(prefix, { from: world.root, to: each.root })).toEqual(
      tree.entries.filter(isCompared).toSorted(byPath),
    );
    expect(await verifyInstallManifest(prefix, { signal })).toEqual(new Map());
  }
  const program = join(packages.at(-1)?.prefix ?? '', 'bin/greet');
  const output = runs ? (await promisify(execFile)(program)).stdout : world.root;
  expect(output).toContain(world.root);
});

function isCompared({ path }: GoldenEntry): boolean {
  return !OWN_DOCUMENTS.has(path);
}

function byPath(a: GoldenEntry, b: GoldenEntry): number {
  return a.path < b.path ? -1 : 1;
}

/** What is below a prefix, as if it had been installed below another root of the same length. */
async function treeAt(
  prefix: string,
  root: { readonly from: string; readonly to: string },
): Promise<readonly GoldenEntry[]> {
  const entries = await walkPrefix(prefix, { signal });
  const golden = await Promise.all(
    entries.map(async ({ path, kind, mode, linkTarget = '', hardLinkOf }): Promise<GoldenEntry> => {
      if (kind === 'directory') return { path, type: kind };
      if (kind === 'symlink') return { path, type: kind, target: linkTarget.replace(root.from, root.to) };
      if (hardLinkOf !== undefined) return { path, type: 'hardlink', to: hardLinkOf };
      const text = await readFile(join(prefix, path), 'latin1');
      const bytes = Buffer.from(text.replaceAll(root.from, root.to), 'latin1');
      return {
        path,
        type: kind,
        executable: (mode & 0o100) !== 0,
        size: bytes.byteLength,
        sha256: sha256Of(bytes),
      };
    }),
  );
  return golden.filter(isCompared).toSorted(byPath);
}
