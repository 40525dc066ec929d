import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BERTH, start } from './support/berth.ts';
import { type Bench, configure, copyQuickstart, openBench, useTree } from './support/bench.ts';
import { readMirror } from './support/inspect-mirror.ts';
import { readRecords, treeProblems } from './support/inspect-tree.ts';
import { holdsAnything, measure, stopDuringWork } from './support/kill.ts';
import { makePackageSet, type PackageSet } from './support/package-set.ts';

const SIZE = { packages: 12, texts: 60, dataBytes: 2 << 20 } as const;
/** The contract is one second; a loaded machine gets more. */
const PATIENCE_MS = 5000;
const MINUTE = 60_000;

let bench: Bench;
let set: PackageSet;
let mirror = '';

beforeAll(async () => {
  bench = await openBench();
  set = await makePackageSet(bench.folder, SIZE);
  mirror = join(bench.folder, 'mirror');
  await useTree(bench, set.tree);
  await bench.text('-D', set.environment, 'buildcache', 'push', '--unsigned', '--update-index', mirror);
  await configure(bench, 'mirrors', { set: { url: mirror, signed: false } });
}, 2 * MINUTE);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const SIGNALS = [
  { signal: 'SIGINT', code: 130, at: 0.15 },
  { signal: 'SIGINT', code: 130, at: 0.6 },
  { signal: 'SIGTERM', code: 143, at: 0.4 },
] as const;

function interruption(signal: string): unknown {
  return { ok: false, error: { kind: 'interrupted', message: `interrupted by ${signal}` } };
}

describe('K06: berth install', () => {
  const tree = (): string => join(bench.folder, 't');
  const words = (): string[] => ['-D', set.environment, 'install', '--json'];
  const begun = (): boolean => holdsAnything(tree());
  let workMs = 0;

  beforeAll(async () => {
    await useTree(bench, tree());
    workMs = (await measure(bench.start(...words()), begun)).workMs;
  }, MINUTE);

  test.each(SIGNALS)(
    'stopped by $signal after $at of the work: ends at once with $code, and nothing is half done',
    async ({ signal, code, at }) => {
      await rm(tree(), { recursive: true });
      const begin = (): ReturnType<Bench['start']> => bench.start(...words());
      const { ended, stoppingMs } = await stopDuringWork({ begin, begun, delayMs: at * workMs, signal });
      expect(ended).toMatchObject({ code, signal: null });
      expect(stoppingMs).toBeLessThan(PATIENCE_MS);
      expect(JSON.parse(ended.stdout)).toMatchObject(interruption(signal) as object);
      expect(ended.stderr).toContain(`error: interrupted by ${signal}\n`);
      expect(treeProblems(tree())).toEqual([]);
      expect(readRecords(tree()).size).toBeLessThan(SIZE.packages);
      expect(await bench.json('verify', 'manifest', '-a')).toEqual({});
      await bench.text(...words());
      expect(readRecords(tree()).size).toBe(SIZE.packages);
      expect(treeProblems(tree())).toEqual([]);
    },
    MINUTE,
  );
});

test(
  'K06: a second SIGINT does not wait for the clean-up, and the next run does what is left of it',
  async () => {
    const tree = join(bench.folder, 'twice');
    await useTree(bench, tree);
    const { child, ended } = bench.start('-D', set.environment, 'install');
    while (!holdsAnything(tree)) await sleep(2);
    await sleep(100);
    const signalledAt = performance.now();
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, signal: null });
    expect(performance.now() - signalledAt).toBeLessThan(PATIENCE_MS);
    await bench.text('-D', set.environment, 'install');
    expect(treeProblems(tree)).toEqual([]);
    expect(await bench.json('verify', 'manifest', '-a')).toEqual({});
  },
  MINUTE,
);

describe('K06: berth buildcache push', () => {
  const target = (): string => join(bench.folder, 'm');
  const spools = (): string => join(bench.folder, 'cache/misc/blobs/sha256');
  const words = (): string[] => [
    ...['-D', set.environment, 'buildcache', 'push'],
    ...['--unsigned', '--update-index', '--json', target()],
  ];
  const begun = (): boolean => holdsAnything(spools()) || holdsAnything(target());
  let workMs = 0;

  beforeAll(async () => {
    await useTree(bench, set.tree);
    workMs = (await measure(bench.start(...words()), begun)).workMs;
  }, MINUTE);

  test.each(SIGNALS)(
    'stopped by $signal after $at of the work: ends at once with $code, and nothing is half done',
    async ({ signal, code, at }) => {
      await rm(target(), { recursive: true, force: true });
      const begin = (): ReturnType<Bench['start']> => bench.start(...words());
      const { ended, stoppingMs } = await stopDuringWork({ begin, begun, delayMs: at * workMs, signal });
      expect(ended).toMatchObject({ code, signal: null });
      expect(stoppingMs).toBeLessThan(PATIENCE_MS);
      expect(JSON.parse(ended.stdout)).toMatchObject(interruption(signal) as object);
      expect((await readMirror(target())).problems).toEqual([]);
      expect(existsSync(spools()) ? readdirSync(spools()) : []).toEqual([]);
      await bench.text(...words());
      expect(await readMirror(target())).toEqual(await readMirror(mirror));
    },
    MINUTE,
  );
});

describe('C02: standard output is closed before the result is written', () => {
  test.each([
    { name: 'install', words: ['install'] },
    { name: 'install --json', words: ['install', '--json'] },
    { name: 'find', words: ['find'] },
    { name: 'buildcache list', words: ['buildcache', 'list', '-a'] },
  ])(
    'berth $name ends with 141 and says nothing of it',
    async ({ words }) => {
      const tree = join(bench.folder, 'piped');
      await useTree(bench, tree);
      await bench.text('-D', set.environment, 'install');
      const { child, ended } = start(process.execPath, [BERTH, '-D', set.environment, ...words], {
        env: bench.env,
        cwd: bench.folder,
      });
      child.stdout?.destroy();
      const { code, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
      expect(treeProblems(tree)).toEqual([]);
    },
    MINUTE,
  );
});

describe('C09: with --json every failure is one document', () => {
  let quickstart: Bench;
  let environment = '';

  beforeAll(async () => {
    quickstart = await openBench();
    environment = await copyQuickstart(quickstart);
    await useTree(quickstart, join(quickstart.folder, 't'));
    await quickstart.text('-D', environment, 'install');
  }, MINUTE);

  afterAll(async () => {
    await quickstart[Symbol.asyncDispose]();
  });

  test.each([
    { words: ['install', 'nosuch'], code: 2, error: { kind: 'usage', code: 'ERR_NO_MATCH' } },
    { words: ['install', '/aaaaaaa'], code: 2, error: { kind: 'usage', code: 'ERR_HASH_UNKNOWN' } },
    { words: ['install', 'greet@@'], code: 2, error: { kind: 'usage', code: 'ERR_SPEC_SYNTAX' } },
    { words: ['uninstall', '-y', 'libgreet'], code: 1, error: { kind: 'busy', code: 'ERR_STILL_NEEDED' } },
    { words: ['uninstall', 'greet'], code: 2, error: { kind: 'usage', code: 'ERR_NEEDS_YES' } },
    { words: ['uninstall', '-y', 'nosuch'], code: 1, error: { kind: 'notfound', code: 'ERR_NOT_INSTALLED' } },
    { words: ['location', '-i', 'nosuch'], code: 1, error: { kind: 'notfound', code: 'ERR_NOT_INSTALLED' } },
    { words: ['buildcache', 'push', 'nosuch'], code: 2, error: { kind: 'usage', code: 'ERR_MIRROR_UNKNOWN' } },
    { words: ['buildcache', 'push', './m'], code: 3, error: { kind: 'signature', code: 'ERR_SIGNING_UNAVAILABLE' } },
    { words: ['mirror', 'remove', 'nosuch'], code: 1, error: { kind: 'notfound', code: 'ERR_MIRROR_NOT_FOUND' } },
  ])('berth $words', async ({ words, code, error }) => {
    const ended = await quickstart.run('-D', environment, ...words, '--json');
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      error: { ...error, message: expect.stringMatching(/./) as unknown },
    });
    expect(ended.stderr).toMatch(/^error: .*\n/m);
  });

  test('a package whose archive was altered fails by itself, with the exit code of security', async () => {
    const blobs = join(quickstart.folder, 'mirror/blobs/sha256');
    const [name] = readdirSync(blobs, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes('/1fd349dc'),
    );
    const path = join(blobs, name ?? '');
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await rm(path);
    await writeFile(path, bytes);
    await useTree(quickstart, join(quickstart.folder, 'u'));
    const ended = await quickstart.run('-D', environment, 'install', '--json');
    expect(ended.code).toBe(3);
    const { packages } = JSON.parse(ended.stdout) as { packages: { name: string; outcome: string; error?: unknown }[] };
    expect(packages.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
      { name: 'greet', error: { kind: 'digest', code: 'ERR_DIGEST_MISMATCH' } },
    ]);
    expect(packages.filter(({ outcome }) => outcome === 'installed').map((one) => one.name)).toEqual([
      'gcc-runtime',
      'libgreet',
    ]);
    expect(treeProblems(join(quickstart.folder, 'u'))).toEqual([]);
  });
});
