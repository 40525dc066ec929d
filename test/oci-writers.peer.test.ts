import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended } from './support/berth.ts';
import { type Bench, configure, openBench, useTree } from './support/bench.ts';
import { type OciRegistry, startRegistry } from './support/oci-registry.ts';
import { announceSeed, type Random, seededRandom } from './support/random.ts';
import { makeSmallPackages, type SmallPackages } from './support/small-packages.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
const WRITERS = 8;
const PUSHES = 10;
/** Of the pushes, where some are killed. */
const KILLED = 0.25;

const TOOLS = missingTools('docker-registry');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

withTools(`X06: ${WRITERS} writers push ${PUSHES} packages each to one repository and its index`, () => {
  let registry: OciRegistry;
  let bench: Bench;
  let made: SmallPackages;
  const random: Random = seededRandom(announceSeed('BERTH_WRITERS_SEED'));

  beforeAll(async () => {
    registry = await startRegistry();
    bench = await openBench();
    // One more for the push that comes last.
    made = await makeSmallPackages(bench.folder, { count: WRITERS * PUSHES + 1 });
    await useTree(bench, made.tree);
  }, MINUTE);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  async function useRepository(name: string): Promise<void> {
    await configure(bench, 'mirrors', { reg: { url: `oci+http://${registry.host}/${name}` } });
  }

  function push(hash: string): ReturnType<Bench['start']> {
    return bench.start('buildcache', 'push', '--unsigned', '--only', 'package', '--update-index', 'reg', `/${hash}`);
  }

  /** Every writer pushes its packages one after another; returns how each push ended, by hash. */
  async function letWrite(end: (hash: string) => Promise<Ended>): Promise<ReadonlyMap<string, Ended>> {
    const ends = new Map<string, Ended>();
    const writer = async (at: number): Promise<void> => {
      for (const { hash } of made.specs.slice(at * PUSHES, (at + 1) * PUSHES)) ends.set(hash, await end(hash));
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, at) => writer(at)));
    return ends;
  }

  /** Hashes that a machine which knows nothing yet finds in the index. */
  async function readIndex(): Promise<readonly string[]> {
    await rm(join(bench.folder, 'cache'), { recursive: true, force: true });
    const { packages } = await bench.json<{ packages: { hash: string }[] }>('buildcache', 'list', '-a');
    return packages.map(({ hash }) => hash).sort();
  }

  /** Every package must be there whole or not at all. */
  async function expectWhole(): Promise<readonly string[]> {
    const { stdout } = await bench.run('-D', made.environment, 'buildcache', 'check', '--verify', '--json');
    const { mirrors } = JSON.parse(stdout) as { mirrors: { packages: { hash: string; status: string }[] }[] };
    const checked = mirrors[0]?.packages ?? [];
    expect(checked).toHaveLength(made.specs.length);
    expect(checked.filter(({ status }) => !['present', 'missing'].includes(status))).toEqual([]);
    return checked.filter(({ status }) => status === 'present').map(({ hash }) => hash);
  }

  test(
    'and the index holds them all when the last has ended',
    async () => {
      await useRepository('quiet');
      const ends = await letWrite((hash) => push(hash).ended);
      expect(Array.from(ends.values()).filter(({ code }) => code !== 0)).toEqual([]);
      // A process that is done leaves nothing open that it would have to wait for.
      expect(Array.from(ends.values()).filter(({ stderr }) => /warning/i.test(stderr))).toEqual([]);
      const acknowledged = [...ends.keys()].sort();
      expect(acknowledged).toHaveLength(WRITERS * PUSHES);
      expect(await readIndex()).toEqual(acknowledged);
      expect((await expectWhole()).toSorted()).toEqual(acknowledged);
    },
    5 * MINUTE,
  );

  test(
    'and where none of them wrote the index, it is made of all packages at once, without a warning',
    async () => {
      await useRepository('unindexed');
      await bench.text('-D', made.environment, 'buildcache', 'push', '--unsigned', 'reg');
      const { code, stderr } = await bench.run('buildcache', 'update-index', 'reg');
      expect({ code, warns: /warning/i.test(stderr) ? stderr : '' }).toEqual({ code: 0, warns: '' });
      expect(await readIndex()).toHaveLength(made.specs.length);
    },
    MINUTE,
  );

  test(
    'some of them killed, and after one more push the index holds all that were acknowledged and what else is whole',
    async () => {
      await useRepository('killed');
      const longest = { ms: 0 };
      let kills = 0;
      const ends = await letWrite(async (hash) => {
        const { child, ended } = push(hash);
        const isDoomed = longest.ms > 0 && random() < KILLED;
        if (isDoomed) {
          await Promise.race([sleep((0.2 + 0.8 * random()) * longest.ms), ended]);
          child.kill('SIGKILL');
        }
        const end = await ended;
        if (end.signal === 'SIGKILL') kills += 1;
        else longest.ms = Math.max(longest.ms, end.elapsedMs);
        return end;
      });
      const failed = Array.from(ends.values()).filter(({ code, signal }) => code !== 0 && signal !== 'SIGKILL');
      expect(failed).toEqual([]);
      expect(kills).toBeGreaterThan(5);

      const acknowledged = Array.from(ends).flatMap(([hash, { code }]) => (code === 0 ? [hash] : []));
      const indexed = await readIndex();
      const last = made.specs.at(-1)?.hash ?? '';
      const lacking = acknowledged.filter((hash) => !indexed.includes(hash));
      process.stderr.write(`${kills} killed, ${lacking.length} of ${acknowledged.length} not indexed at first\n`);
      expect(await push(last).ended).toMatchObject({ code: 0 });
      const whole = await expectWhole();
      expect(whole).toEqual(expect.arrayContaining([...acknowledged, last]));
      expect(await readIndex()).toEqual(whole.toSorted());
    },
    5 * MINUTE,
  );
});
