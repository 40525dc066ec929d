import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, configure, openBench, useTree } from './support/bench.ts';
import { type MirrorContent, mirrorFiles, readMirror } from './support/inspect-mirror.ts';
import { differences, readRecords, treeContent, treeProblems } from './support/inspect-tree.ts';
import { holdsAnything, killDuringWork, measure } from './support/kill.ts';
import { makePackageSet, type PackageSet } from './support/package-set.ts';
import { announceSeed, type Random, seededRandom } from './support/random.ts';

/** K01: kill -9 at random moments; more rounds with `BERTH_KILL_ROUNDS=200`. */
const ROUNDS = Number(process.env['BERTH_KILL_ROUNDS'] ?? 20);
const SHARE = { install: 0.35, uninstall: 0.15, push: 0.35, index: 0.15 } as const;
const SIZE = { packages: 12, texts: 60, dataBytes: 2 << 20 } as const;
const MINUTE = 60_000;
/** Of an undisturbed run: later, most runs would be over. */
const LATEST = 0.95;

let bench: Bench;
let set: PackageSet;
/** A mirror with everything, and one that lacks the index. */
let full = '';
let withoutIndex = '';
const random: Random = seededRandom(announceSeed('BERTH_KILL_SEED'));

beforeAll(async () => {
  bench = await openBench();
  set = await makePackageSet(bench.folder, SIZE);
  withoutIndex = join(bench.folder, 'without-index');
  await useTree(bench, set.tree);
  await bench.text('-D', set.environment, 'buildcache', 'push', '--unsigned', withoutIndex);
  full = join(bench.folder, 'full');
  await bench.text('-D', set.environment, 'buildcache', 'push', '--unsigned', '--update-index', full);
  await configure(bench, 'mirrors', { set: { url: full, signed: false } });
}, 2 * MINUTE);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

function roundsOf(what: keyof typeof SHARE): readonly number[] {
  return Array.from({ length: Math.max(1, Math.round(ROUNDS * SHARE[what])) }, (_, at) => at + 1);
}

describe('berth install', () => {
  let wanted: ReadonlyMap<string, string> = new Map();
  let workMs = 0;
  const tree = (): string => join(bench.folder, 't');
  const begun = (): boolean => holdsAnything(tree());

  beforeAll(async () => {
    await useTree(bench, tree());
    const run = await measure(bench.start('-D', set.environment, 'install'), begun);
    workMs = run.workMs;
    expect(treeProblems(tree())).toEqual([]);
    wanted = await treeContent(tree());
    expect(wanted.size).toBeGreaterThan(SIZE.packages * SIZE.texts);
  }, MINUTE);

  test.each(roundsOf('install'))(
    'killed in round %i: what it recorded is whole, and the next run ends where an undisturbed one does',
    async () => {
      await rm(tree(), { recursive: true });
      // A run that finishes what another left may be killed as well.
      const kills = random() < 0.3 ? 2 : 1;
      for (let kill = 0; kill < kills; kill += 1) {
        const delayMs = random() * LATEST * workMs;
        await killDuringWork({ begin: () => bench.start('-D', set.environment, 'install'), begun, delayMs });
        expect(differences(await treeContent(tree()), wanted)).toEqual([]);
      }
      const { packages } = await bench.json<{ packages: { outcome: string }[] }>('-D', set.environment, 'install');
      expect(packages).toHaveLength(SIZE.packages);
      expect(packages.map(({ outcome }) => outcome)).not.toContain('failed');
      expect(treeProblems(tree())).toEqual([]);
      const content = await treeContent(tree());
      expect([...differences(content, wanted), ...differences(wanted, content)]).toEqual([]);
      const explicit = Array.from(readRecords(tree()).values()).filter((record) => record.explicit);
      expect(explicit.map(({ spec }) => spec.hash)).toEqual([set.root.hash]);
      expect(await bench.json('verify', 'manifest', '-a')).toEqual({});
    },
    MINUTE,
  );
});

describe('berth uninstall', () => {
  let workMs = 0;
  const tree = (): string => join(bench.folder, 'u');
  const words = ['uninstall', '-y', '--all'];
  const install = (): Promise<string> => bench.text('-D', set.environment, 'install');
  const atWork = (): boolean => readdirSync(tree()).some((name) => name.startsWith('.berth-'));

  beforeAll(async () => {
    await useTree(bench, tree());
    await install();
    workMs = (await measure(bench.start(...words), atWork)).workMs;
    expect(readRecords(tree()).size).toBe(0);
    expect(treeProblems(tree())).toEqual([]);
  }, MINUTE);

  test.each(roundsOf('uninstall'))(
    'killed in round %i: what is still recorded is whole, and the next run removes it',
    async () => {
      await useTree(bench, tree());
      const begin = (): ReturnType<Bench['start']> => bench.start(...words);
      await install();
      const whole = await treeContent(tree());
      await killDuringWork({ begin, begun: atWork, delayMs: random() * LATEST * workMs, restore: install });
      expect(differences(await treeContent(tree()), whole)).toEqual([]);
      await bench.text(...words);
      expect(readRecords(tree()).size).toBe(0);
      expect(treeProblems(tree())).toEqual([]);
    },
    MINUTE,
  );
});

/** What a killed writer may leave until the next run, and nothing worse. */
function torn({ problems }: MirrorContent): readonly string[] {
  return problems.filter((problem) => !problem.endsWith(': a left-over'));
}

describe('berth buildcache push', () => {
  let wanted: ReadonlyMap<string, string> = new Map();
  let workMs = 0;
  const mirror = (): string => join(bench.folder, 'm');
  const words = (): string[] => ['-D', set.environment, 'buildcache', 'push', '--unsigned', '--update-index', mirror()];
  const spools = (): string => join(bench.folder, 'cache/misc/blobs/sha256');
  const begun = (): boolean => holdsAnything(spools()) || holdsAnything(mirror());

  beforeAll(async () => {
    await useTree(bench, set.tree);
    workMs = (await measure(bench.start(...words()), begun)).workMs;
    wanted = await mirrorFiles(mirror());
    expect(await readMirror(mirror())).toEqual(await readMirror(full));
    expect(await readMirror(full)).toMatchObject({ problems: [], packages: { length: SIZE.packages } });
  }, MINUTE);

  test.each(roundsOf('push'))(
    'killed in round %i: the mirror reads right, and the next run ends where an undisturbed one does',
    async () => {
      await rm(mirror(), { recursive: true });
      const delayMs = random() * LATEST * workMs;
      await killDuringWork({ begin: () => bench.start(...words()), begun, delayMs });
      expect(torn(await readMirror(mirror()))).toEqual([]);
      const { packages } = await bench.json<{ packages: { outcome: string }[] }>(...words());
      expect(packages.map(({ outcome }) => outcome)).not.toContain('failed');
      expect(await readMirror(mirror())).toEqual(await readMirror(full));
      expect(await mirrorFiles(mirror())).toEqual(wanted);
      expect(existsSync(spools()) ? readdirSync(spools()) : []).toEqual([]);
      const check = await bench.run('-D', set.environment, 'buildcache', 'check', '--verify', '-m', mirror());
      expect(check).toMatchObject({ code: 0, signal: null });
    },
    MINUTE,
  );
});

describe('berth buildcache update-index', () => {
  let workMs = 0;
  const mirror = (): string => join(bench.folder, 'i');
  const words = (): string[] => ['buildcache', 'update-index', mirror()];

  beforeAll(async () => {
    await cp(withoutIndex, mirror(), { recursive: true });
    const { ended } = await measure(bench.start(...words()), () => true);
    workMs = ended.elapsedMs;
  }, MINUTE);

  test.each(roundsOf('index'))(
    'killed in round %i: readers see the old index or the new one, and the next run writes it',
    async () => {
      await rm(mirror(), { recursive: true });
      await cp(withoutIndex, mirror(), { recursive: true });
      const delayMs = (0.4 + 0.55 * random()) * workMs;
      await killDuringWork({ begin: () => bench.start(...words()), begun: () => true, delayMs });
      const between = await readMirror(mirror());
      expect(torn(between)).toEqual([]);
      expect([undefined, SIZE.packages]).toContain(between.indexed?.length);
      await bench.text(...words());
      expect(await readMirror(mirror())).toEqual(await readMirror(full));
    },
    MINUTE,
  );
});
