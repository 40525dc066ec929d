import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended } from './support/berth.ts';
import { type Bench, configure, openBench, useTree } from './support/bench.ts';
import { readMirror } from './support/inspect-mirror.ts';
import { readRecords, treeProblems } from './support/inspect-tree.ts';
import { makePackageSet, type PackageSet } from './support/package-set.ts';
import { announceSeed, type Random, seededRandom } from './support/random.ts';
import { type Deeds, letCompete, pick } from './support/rivals.ts';

const MINUTE = 60_000;
const random: Random = seededRandom(announceSeed('BERTH_RIVALS_SEED'));

let bench: Bench;
let set: PackageSet;
let mirror = '';

beforeEach(async () => {
  bench = await openBench();
  set = await makePackageSet(bench.folder, { packages: 8, texts: 10, dataBytes: 1 << 16 });
  mirror = join(bench.folder, 'mirror');
  await useTree(bench, set.tree);
  await bench.text('-D', set.environment, 'buildcache', 'push', '--unsigned', '--update-index', mirror);
  await configure(bench, 'mirrors', { set: { url: mirror, signed: false } });
}, MINUTE);

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** Ends that a rival can bring about: somebody else needs the package, or has removed it already. */
const EXPECTED = ['ERR_STILL_NEEDED', 'ERR_NOT_INSTALLED', 'ERR_SEVERAL_MATCH'];

function unexpected(deeds: Deeds): readonly string[] {
  return deeds.flatMap(({ what, ended }) => {
    if (ended.code === 0 || EXPECTED.includes(codeOf(ended))) return [];
    return [`${what}: ${String(ended.code ?? ended.signal)}\n${ended.stderr}\n${ended.stdout}`];
  });
}

function codeOf({ stdout }: Ended): string {
  const { error } = JSON.parse(stdout) as { readonly error?: { readonly code: string } };
  return error?.code ?? '';
}

test(
  'K02, K03: four processes install and uninstall at random in one tree, which ends whole',
  async () => {
    const tree = join(bench.folder, 't');
    await useTree(bench, tree);
    const rival = (draw: Random): ReturnType<Parameters<typeof letCompete>[0]['rivals'][number]> => {
      const { hash } = pick(set.specs, draw);
      const words = draw() < 0.6 ? ['install', `/${hash}`] : ['uninstall', '-y', '--dependents', `/${hash}`];
      return { what: words.join(' '), ended: bench.start(...words, '--json').ended };
    };
    const deeds = await letCompete({ rivals: [rival, rival, rival, rival], turns: 6, random });
    expect(deeds).toHaveLength(24);
    expect(unexpected(deeds)).toEqual([]);
    expect(treeProblems(tree)).toEqual([]);
    expect(await bench.json('verify', 'manifest', '-a')).toEqual({});
    await bench.text('-D', set.environment, 'install');
    const records = Array.from(readRecords(tree).values()).filter(({ installed }) => installed);
    expect(records.map(({ spec }) => spec.hash).sort()).toEqual(set.specs.map(({ hash }) => hash).sort());
    expect(treeProblems(tree)).toEqual([]);
  },
  3 * MINUTE,
);

test(
  'K02: four processes install the same environment at once; each package is installed once',
  async () => {
    const tree = join(bench.folder, 't');
    await useTree(bench, tree);
    const runs = await Promise.all(
      [1, 2, 3, 4].map(() =>
        bench.json<{ packages: { hash: string; outcome: string }[] }>('-D', set.environment, 'install'),
      ),
    );
    const outcomes = runs.flatMap(({ packages }) => packages.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'installed')).toHaveLength(set.specs.length);
    expect(outcomes.filter((outcome) => outcome === 'kept')).toHaveLength(3 * set.specs.length);
    expect(treeProblems(tree)).toEqual([]);
  },
  MINUTE,
);

test(
  'X06: six processes push to one mirror and update its index at once, and nothing is lost',
  async () => {
    const target = join(bench.folder, 'm');
    const push = (hash: string): Promise<Ended> =>
      bench.start('buildcache', 'push', '--unsigned', '--update-index', '--only', 'package', target, `/${hash}`).ended;
    const queue = set.specs.map(({ hash }) => hash);
    const writer = async (): Promise<void> => {
      for (let hash = queue.pop(); hash !== undefined; hash = queue.pop()) {
        expect(await push(hash)).toMatchObject({ code: 0, signal: null });
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => writer()));
    expect(await readMirror(target)).toEqual(await readMirror(mirror));
  },
  2 * MINUTE,
);

test(
  'K10: the same packages pushed by four processes with --force: every manifest names blobs that are there',
  async () => {
    const target = join(bench.folder, 'm');
    const words = ['-D', set.environment, 'buildcache', 'push', '--unsigned', '--force', '--update-index', target];
    const ends = await Promise.all([1, 2, 3, 4].map(() => bench.run(...words)));
    expect(ends.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', '']);
    expect(await readMirror(target)).toEqual(await readMirror(mirror));
  },
  2 * MINUTE,
);

test(
  'K03: gc and install side by side: what the environment names is there in the end',
  async () => {
    const tree = join(bench.folder, 't');
    await useTree(bench, tree);
    const installer = (): ReturnType<Parameters<typeof letCompete>[0]['rivals'][number]> => ({
      what: 'install',
      ended: bench.start('-D', set.environment, 'install', '--json').ended,
    });
    const collector = (): ReturnType<Parameters<typeof letCompete>[0]['rivals'][number]> => ({
      what: 'gc',
      ended: bench.start('gc', '-y', '--json').ended,
    });
    const deeds = await letCompete({ rivals: [installer, installer, collector, collector], turns: 3, random });
    expect(unexpected(deeds)).toEqual([]);
    expect(treeProblems(tree)).toEqual([]);
    const installed = Array.from(readRecords(tree).values()).filter((record) => record.installed);
    expect(installed).toHaveLength(set.specs.length);
  },
  2 * MINUTE,
);

test(
  'L05: an index that is read while it is written is the old one or the new one',
  async () => {
    const target = join(bench.folder, 'm');
    await cp(mirror, target, { recursive: true });
    await configure(bench, 'mirrors', { target: { url: target, signed: false } });
    const reader = async (): Promise<readonly number[]> => {
      const counts: number[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        counts.push((await bench.json<{ packages: unknown[] }>('buildcache', 'list', '-a')).packages.length);
      }
      return counts;
    };
    const writer = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) await bench.text('buildcache', 'update-index', target);
    };
    const [counts] = await Promise.all([reader(), writer(), writer()]);
    expect(counts).toEqual(Array.from({ length: 5 }, () => set.specs.length));
  },
  2 * MINUTE,
);
