import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type BerthEvent } from '@berth/base';
import { mirrorContract } from '@berth/plugin-kit';
import { describeContract } from '@berth/plugin-kit/jest';
import { type ConcreteSpec } from '@berth/spec';
import { type OciMirror } from '../src/mirror/oci-mirror.ts';
import { openOciMirror } from '../src/open-mirror.ts';
import { describeWithRegistry, type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { connectionTo, FIXTURES, mirrorAt, openTemporaryFolder } from './support/layouts.ts';
import { GOLDEN_TAGS, goldenPublication, publicationOf } from './support/publications.ts';
import { syntheticGraph } from './support/synthetic.ts';

const signal = new AbortController().signal;
let registry: DockerRegistry;
let repositories = 0;

/** One line for each request that was made: `GET http://…`. */
const made: string[] = [];

function note(event: BerthEvent): void {
  const [, method, url] = (event.type === 'debug' ? /method=(\w+) url=(\S+)/.exec(event.message) : undefined) ?? [];
  if (method !== undefined) made.push(`${method} ${url ?? ''}`);
}

function open(name: string, cacheDir?: string): Promise<OciMirror> {
  const connection = { ...connectionTo('/'), url: `oci+http://${registry.host}/${name}`, cacheDir, emit: note };
  return openOciMirror(connection, { env: {} });
}

describeWithRegistry()('a mirror in a registry', () => {
  beforeAll(async () => {
    registry = await startDockerRegistry();
  }, 60_000);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  describeContract('keeps the contract', mirrorContract, async () => {
    repositories += 1;
    const mirror = await open(`contract/r${repositories}`);
    return { mirror, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
  });

  test('brings an index up to date in ten requests, however many packages there are', async () => {
    await using folder = await openTemporaryFolder();
    const specs = [...syntheticGraph(Array.from({ length: 101 }, (_, at) => ({ name: `p-${at}` }))).values()];
    const publish = (mirror: OciMirror, spec: ConcreteSpec): Promise<unknown> =>
      mirror.publish(publicationOf(spec, { bytes: Buffer.from(spec.name) }), { signal });
    const [late, ...early] = specs as [ConcreteSpec, ...ConcreteSpec[]];
    await using mirror = await open('many', join(folder.path, 'cache'));
    await Promise.all(early.map((spec) => publish(mirror, spec)));
    await mirror.updateIndex({ add: early }, { signal });
    await publish(mirror, late);
    made.length = 0;
    expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 101, changed: true });
    expect(made.length).toBeLessThanOrEqual(10);
    expect(made.length).toBeGreaterThan(3);
  }, 120_000);

  test('takes layers of a base image in another repository without moving them', async () => {
    await using folder = await openTemporaryFolder();
    await cp(join(FIXTURES, 'base'), folder.path, { recursive: true });
    const layout = mirrorAt(folder.path);
    const graph = syntheticGraph([{ name: 'app' }]);
    const [app] = [...graph.values()] as [ConcreteSpec];
    await using base = await open('base');
    const onLayout = { baseImage: `oci-layout://${folder.path}:multi` };
    await base.publish({ ...publicationOf(app, { bytes: Buffer.from('x') }), image: onLayout }, { signal });
    await base.publishImage({ tag: 'run', roots: [app], runEnvironment: [], ...onLayout }, { signal });

    made.length = 0;
    await using target = await open('target');
    const image = { baseImage: `oci+http://${registry.host}/base:run` };
    await target.publish({ ...publicationOf(app, { bytes: Buffer.from('y') }), image }, { signal });
    expect(await target.exists(app, { signal })).toBe(true);
    expect(made.filter((line) => line.includes('mount=')).length).toBeGreaterThan(0);
    expect(made.filter((line) => /^GET .*\/v2\/base\/blobs\//.test(line))).toHaveLength(1);
    await layout[Symbol.asyncDispose]();
  });

  test('serves what was pushed to it whole: the golden package', async () => {
    await using mirror = await open('golden');
    for (const name of ['gcc-runtime', 'libgreet', 'greet'] as const) {
      await mirror.publish(await goldenPublication(name), { signal });
    }
    const greet = { name: 'greet', version: '1.0', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm' };
    const entry = await mirror.find(greet, { signal });
    expect(entry?.documentKey).toBe(GOLDEN_TAGS.greet);
    expect(entry?.archive?.digest).toBe('63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745');
  });
});
