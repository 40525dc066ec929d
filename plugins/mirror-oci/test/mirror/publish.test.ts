import { describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { type BerthEvent, sha256Of } from '@berth/base';
import { type OciMirror } from '../../src/mirror/oci-mirror.ts';
import { FIXTURES, mirrorAt, openTemporaryFolder } from '../support/layouts.ts';
import {
  GOLDEN_TAGS,
  type GoldenDocument,
  type GoldenName,
  goldenPublication,
  readDocuments,
} from '../support/publications.ts';

const signal = new AbortController().signal;
const NAMES: readonly GoldenName[] = ['gcc-runtime', 'libgreet', 'greet'];

async function pushAll(mirror: OciMirror, image: { readonly baseImage?: string } = {}): Promise<void> {
  const publications = await Promise.all(NAMES.map(goldenPublication));
  for (const { spec, archive } of publications) await mirror.putArchive(spec, archive, { signal });
  await Promise.all(publications.map((each) => mirror.publish({ ...each, image }, { signal })));
}

/** What must be equal: everything but the time, and the search path, which names each folder once here. */
function comparable({ configBytes }: GoldenDocument): unknown {
  const config = JSON.parse(configBytes.toString()) as Record<string, unknown>;
  const runtime = config['config'] as { Env: readonly string[] };
  const variables = runtime.Env.map((entry) => {
    const [name = '', value = ''] = entry.split(/=(.*)/s);
    return `${name}=${[...new Set(value.split(':'))].join(':')}`;
  });
  const { archive_timestamp: time, history, ...rest } = config;
  expect(time === undefined || typeof time === 'string').toBe(true);
  expect(history === undefined || Array.isArray(history)).toBe(true);
  return { keys: Object.keys(config), rest: { ...rest, config: { ...runtime, Env: variables } } };
}

describe('images are those of the golden layouts', () => {
  test.each([
    { layout: 'cache', baseImage: undefined },
    { layout: 'on-oci-base', baseImage: `oci-layout://${FIXTURES}/base:multi` },
    { layout: 'on-docker-base', baseImage: `oci-layout://${FIXTURES}/base:docker` },
  ])('$layout', async ({ layout, baseImage }) => {
    await using folder = await openTemporaryFolder();
    const path = join(folder.path, 'layout');
    await using mirror = mirrorAt(path);
    await pushAll(mirror, baseImage === undefined ? {} : { baseImage });
    for (const tag of Object.values(GOLDEN_TAGS)) {
      const golden = await readDocuments(join(FIXTURES, layout), tag);
      const made = await readDocuments(path, tag);
      expect(made.manifest.layers).toEqual(golden.manifest.layers);
      const { digest, size } = { size: made.configBytes.byteLength, digest: `sha256:${sha256Of(made.configBytes)}` };
      const expected = golden.manifestBytes
        .toString()
        .replace(/"digest":"[^"]+","size":\d+/, `"digest":"${digest}","size":${size}`);
      expect(made.manifestBytes.toString()).toBe(expected);
      expect(comparable(made)).toEqual(comparable(golden));
    }
  });
});

test('the same package is the same manifest from two machines', async () => {
  await using one = await openTemporaryFolder();
  await using another = await openTemporaryFolder();
  const { manifestBytes } = await pushTo(one.path);
  expect((await pushTo(another.path)).manifestBytes).toEqual(manifestBytes);
});

async function pushTo(path: string): Promise<GoldenDocument> {
  await using mirror = mirrorAt(path);
  await pushAll(mirror);
  return await readDocuments(path, GOLDEN_TAGS.greet);
}

test('SOURCE_DATE_EPOCH stands for the time of the installation', async () => {
  await using folder = await openTemporaryFolder();
  await using mirror = mirrorAt(folder.path, { sourceDate: new Date(1_000_000_000_000) });
  await pushAll(mirror);
  const { config } = await readDocuments(folder.path, GOLDEN_TAGS.greet);
  expect(config.archive_timestamp).toBe('2001-09-09T01:46:40.000000+00:00');
});

test('the search path has each folder once, in front of that of the base image', async () => {
  await using folder = await openTemporaryFolder();
  await using mirror = mirrorAt(folder.path);
  await pushAll(mirror, { baseImage: `oci-layout://${FIXTURES}/base:multi` });
  const { config } = await readDocuments(folder.path, GOLDEN_TAGS.greet);
  expect(config.config.Env.slice(0, 3)).toEqual([
    'PATH=/opt/golden/store/linux-x86_64/greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm/bin:/usr/local/bin:/usr/bin:/bin',
    'DEMO_BASE=1',
    'ACLOCAL_PATH=/usr/share/aclocal',
  ]);
});

test('a package that is pushed alone installs; its image says which layers it lacks', async () => {
  await using folder = await openTemporaryFolder();
  const events: BerthEvent[] = [];
  await using mirror = mirrorAt(folder.path, { connection: { emit: (event) => events.push(event) } });
  const publication = await goldenPublication('greet');
  expect(await mirror.publish(publication, { signal })).toBe('published');
  expect(await mirror.exists(publication.spec, { signal })).toBe(true);
  const { manifest } = await readDocuments(folder.path, GOLDEN_TAGS.greet);
  expect(manifest.layers).toHaveLength(1);
  const [warning, ...others] = events.filter(({ type }) => type === 'warning');
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: 'OCI_LAYER_MISSING' });
  expect(JSON.stringify(warning)).toContain('gcc-runtime@12.2.0/ota4ukz, libgreet@1.0/jcni4qe');
});

test('layers of dependencies that were pushed before come from their manifests', async () => {
  await using folder = await openTemporaryFolder();
  await using first = mirrorAt(folder.path);
  for (const name of ['gcc-runtime', 'libgreet'] as const) {
    await first.publish(await goldenPublication(name), { signal });
  }
  await using second = mirrorAt(folder.path);
  await second.publish(await goldenPublication('greet'), { signal });
  const golden = await readDocuments(join(FIXTURES, 'cache'), GOLDEN_TAGS.greet);
  const made = await readDocuments(folder.path, GOLDEN_TAGS.greet);
  expect(made.manifest.layers).toEqual(golden.manifest.layers);
  expect(made.config.rootfs).toEqual(golden.config.rootfs);
});

test('G01 an image manifest cannot hold a seal, and is not pushed without it', async () => {
  await using folder = await openTemporaryFolder();
  await using mirror = mirrorAt(folder.path);
  const publication = await goldenPublication('greet');
  const pushing = mirror.publish({ ...publication, seal: async (bytes) => bytes }, { signal });
  await expect(pushing).rejects.toMatchObject({ kind: 'config', code: 'ERR_OCI_SEAL' });
  expect(await mirror.find(publication.spec, { signal })).toBeUndefined();
});
