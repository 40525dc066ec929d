import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, configure, openBench, useTree } from './support/bench.ts';
import { type OciRegistry, startRegistry } from './support/oci-registry.ts';
import { makeSmallPackages, type SmallPackages } from './support/small-packages.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
const PACKAGES = Number(process.env['BERTH_OCI_PACKAGES'] ?? 2000);
const MOST_REQUESTS = 10;

const TOOLS = missingTools('docker-registry');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

withTools(`the index of a repository of ${PACKAGES} packages`, () => {
  let registry: OciRegistry;
  let bench: Bench;
  let made: SmallPackages;

  beforeAll(async () => {
    registry = await startRegistry();
    bench = await openBench();
    made = await makeSmallPackages(bench.folder, { count: PACKAGES + 2 });
    await useTree(bench, made.tree);
    await configure(bench, 'mirrors', { reg: { url: `oci+http://${registry.host}/demo/many` } });
    const most = made.specs.slice(0, PACKAGES).map(({ hash }) => `/${hash}`);
    await bench.text('buildcache', 'push', '--unsigned', '--update-index', 'reg', ...most);
  }, 10 * MINUTE);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  /** Pushes one more package without the index. */
  async function pushOneMore(at: number): Promise<void> {
    await bench.text('buildcache', 'push', '--unsigned', 'reg', `/${made.specs[at]?.hash ?? ''}`);
  }

  test(
    'takes in one more package with at most 10 requests',
    async () => {
      await pushOneMore(PACKAGES);
      const { result, requests } = await registry.during(() => bench.json('buildcache', 'update-index', 'reg'));
      expect(result).toMatchObject({ packages: PACKAGES + 1, changed: true });
      expect(requests.length).toBeGreaterThan(2);
      expect(requests.length).toBeLessThanOrEqual(MOST_REQUESTS);
    },
    MINUTE,
  );

  test(
    'takes in one more package with two requests more from a machine that has neither the index nor the package',
    async () => {
      await pushOneMore(PACKAGES + 1);
      await rm(join(bench.folder, 'cache'), { recursive: true });
      const { result, requests } = await registry.during(() => bench.json('buildcache', 'update-index', 'reg'));
      expect(result).toMatchObject({ packages: PACKAGES + 2, changed: true });
      expect(requests.length).toBeLessThanOrEqual(MOST_REQUESTS + 2);
    },
    MINUTE,
  );

  test(
    'costs two requests when there is nothing new',
    async () => {
      const { result, requests } = await registry.during(() => bench.json('buildcache', 'update-index', 'reg'));
      expect(result).toMatchObject({ packages: PACKAGES + 2, changed: false });
      expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
    },
    MINUTE,
  );
});
