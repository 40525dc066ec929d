import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, configure, openBench, useTree } from './support/bench.ts';
import { type CuttingProxy, startCuttingProxy, type Traffic } from './support/cutting-proxy.ts';
import { differences, treeContent, treeProblems } from './support/inspect-tree.ts';
import { type OciRegistry, startRegistry } from './support/oci-registry.ts';
import { makePackageSet, type PackageSet, type PackageSetSize } from './support/package-set.ts';
import { announceSeed, type Random, seededRandom } from './support/random.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
/** Of each, pushes and installations; one cut in each. */
const ROUNDS = Number(process.env['BERTH_CUT_ROUNDS'] ?? 25);
/** Archives of which a piece is the whole. */
const SMALL = { packages: 4, texts: 5, dataBytes: 7 << 20 } as const;
const LARGE = { packages: 2, texts: 5, dataBytes: 16 << 20 } as const;
const MOST_TWICE = 8 << 20;

const TOOLS = missingTools('docker-registry');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

withTools('R14 to R16: a connection to a registry that is cut anywhere', () => {
  let registry: OciRegistry;
  let proxy: CuttingProxy;
  let bench: Bench;
  const random: Random = seededRandom(announceSeed('BERTH_CUT_SEED'));
  const rounds = Array.from({ length: ROUNDS }, (_, at) => at + 1);

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startCuttingProxy(registry.port);
    bench = await openBench();
  }, MINUTE);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  async function useRepository(name: string): Promise<void> {
    await rm(join(bench.folder, 'cache'), { recursive: true, force: true });
    await configure(bench, 'mirrors', { reg: { url: `oci+http://${proxy.host}/${name}` } });
  }

  async function makeSet(name: string, size: PackageSetSize): Promise<PackageSet> {
    const folder = join(bench.folder, name);
    await mkdir(folder);
    return makePackageSet(folder, size);
  }

  async function push({ environment, tree }: PackageSet): Promise<Traffic> {
    await useTree(bench, tree);
    await bench.text('-D', environment, 'buildcache', 'push', '--unsigned', '--update-index', 'reg');
    return proxy.traffic();
  }

  /** All of the set is there, whole and indexed, for a machine that has nothing of it. */
  async function expectWhole(set: PackageSet): Promise<void> {
    await rm(join(bench.folder, 'cache'), { recursive: true });
    const { mirrors } = await bench.json<{ mirrors: { packages: { status: string; indexed: boolean }[] }[] }>(
      ...['-D', set.environment, 'buildcache', 'check', '--verify'],
    );
    const found = mirrors[0]?.packages.map(({ status, indexed }) => ({ status, indexed }));
    expect(found).toEqual(set.specs.map(() => ({ status: 'present', indexed: true })));
  }

  const bytesOf = ({ sentBytes, receivedBytes }: Traffic): number => sentBytes + receivedBytes;

  describe('while berth pushes', () => {
    let set: PackageSet;
    let undisturbed: Traffic;
    beforeAll(async () => {
      set = await makeSet('small', SMALL);
      await useRepository('cuts/small');
      proxy.cutAt(undefined);
      undisturbed = await push(set);
      expect(undisturbed.sentBytes).toBeGreaterThan(SMALL.packages * SMALL.dataBytes);
    }, MINUTE);

    test.each(rounds)(
      'round %i: the push succeeds, what it pushed is whole, and at most 8 MiB went twice',
      async (round) => {
        await useRepository(`cuts/small-${round}`);
        proxy.cutAt(Math.floor(random() * bytesOf(undisturbed)));
        const traffic = await push(set);
        expect(traffic.cuts).toBe(1);
        expect(bytesOf(traffic) - bytesOf(undisturbed)).toBeLessThanOrEqual(MOST_TWICE);
        await expectWhole(set);
      },
      MINUTE,
    );
  });

  describe('while large packages are on their way', () => {
    let set: PackageSet;
    let pushed: Traffic;
    let installed: Traffic;
    let wanted: ReadonlyMap<string, string>;
    const tree = (): string => join(bench.folder, 't');

    async function install(): Promise<Traffic> {
      await rm(tree(), { recursive: true, force: true });
      await useTree(bench, tree());
      await bench.text('-D', set.environment, 'install');
      return proxy.traffic();
    }

    beforeAll(async () => {
      set = await makeSet('large', LARGE);
      await useRepository('cuts/large');
      proxy.cutAt(undefined);
      pushed = await push(set);
      await useRepository('cuts/large');
      proxy.cutAt(undefined);
      installed = await install();
      wanted = await treeContent(tree());
      expect(installed.receivedBytes).toBeGreaterThan(LARGE.packages * LARGE.dataBytes);
    }, MINUTE);

    test.each(rounds)(
      'round %i: the installation succeeds, its tree is whole, and at most 8 MiB came twice',
      async () => {
        await useRepository('cuts/large');
        proxy.cutAt(Math.floor(random() * bytesOf(installed)));
        const traffic = await install();
        expect(traffic.cuts).toBe(1);
        expect(bytesOf(traffic) - bytesOf(installed)).toBeLessThanOrEqual(MOST_TWICE);
        expect(treeProblems(tree())).toEqual([]);
        const content = await treeContent(tree());
        expect([...differences(content, wanted), ...differences(wanted, content)]).toEqual([]);
      },
      MINUTE,
    );

    // This registry drops the whole upload of which a piece came in part; what it keeps is tested with a double.
    test.each(rounds.slice(0, Math.ceil(ROUNDS / 5)))(
      'round %i: the push succeeds, and at most the one archive that was cut went twice',
      async (round) => {
        await useRepository(`cuts/large-${round}`);
        proxy.cutAt(Math.floor(random() * bytesOf(pushed)));
        const traffic = await push(set);
        expect(traffic.cuts).toBe(1);
        expect(bytesOf(traffic) - bytesOf(pushed)).toBeLessThanOrEqual(1.1 * LARGE.dataBytes);
        await expectWhole(set);
      },
      MINUTE,
    );
  });
});
