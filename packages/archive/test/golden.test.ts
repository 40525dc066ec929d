import { sha256Of } from '@berth/base';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as tar from 'tar';
import { unpackPackage, walkPrefix, writePackage } from '../src/index.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const STORE = '/opt/golden/store/linux-x86_64';

/** Written by Spack 1.2.0.dev0; see the README of the golden build caches. */
const golden = [
  {
    name: 'greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm',
    archive: 'greet-63cee6ae.tar.gz',
    diffId: 'c8b55372b1e462080e71eb877f12d5665ca631ca169d34c64ea9234976047fa2',
    uncompressedBytes: 92_160,
  },
  {
    name: 'libgreet-1.0-jcni4qeht7exvcpnt737c2cvqazoz7jz',
    archive: 'libgreet-e76d86d9.tar.gz',
    diffId: '800e43b7d6a38e946e8310215fda54f5f1161d255f1568a6594288ca034c7e50',
    uncompressedBytes: 71_680,
  },
  {
    name: 'gcc-runtime-12.2.0-ota4ukznoewu2hr52tqsbmyumurhjeal',
    archive: 'gcc-runtime-752737bd.tar.gz',
    diffId: 'faa9ba8a2d86b8207737766ff21efeef9612bfedb8f846edd093767dad8eadc8',
    uncompressedBytes: 40_960,
  },
] as const;

let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'berth-archive-golden-'));
  await tar.extract({ file: join(fixtures, 'store.tar.gz'), cwd: work, preserveOwner: false, preservePaths: true });
});

afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

/** The build information that Spack put at the end of its own archive of this prefix. */
async function goldenBuildInfo(archive: string): Promise<Buffer> {
  const directory = await mkdtemp(join(work, 'unpacked-'));
  const unpacked = await unpackPackage({
    source: createReadStream(join(fixtures, 'archives', archive)),
    directory,
    what: archive,
    signal: AbortSignal.timeout(10_000),
  });
  return unpacked.buildInfo;
}

test.each(golden)(
  'packing $name gives the bytes that Spack gave',
  async ({ name, archive, diffId, uncompressedBytes }) => {
    const to = join(work, `${name}.tar.gz`);
    const packed = await writePackage({
      prefix: join(work, STORE, name),
      recordedPrefix: `${STORE}/${name}`,
      buildInfo: await goldenBuildInfo(archive),
      to,
      signal: AbortSignal.timeout(10_000),
    });
    const stored = await readFile(to);
    expect(packed).toEqual({ digest: sha256Of(stored), sizeBytes: stored.length, diffId, uncompressedBytes });
    expect(sha256Of(gunzipSync(stored))).toBe(diffId);
  },
);

test('an archive unpacked and packed again has the same uncompressed bytes', async () => {
  let checked = 0;
  for (const { name, archive, diffId } of golden) {
    const directory = join(work, `again-${name}`);
    await mkdir(directory);
    const signal = AbortSignal.timeout(10_000);
    const source = createReadStream(join(fixtures, 'archives', archive));
    const { buildInfo } = await unpackPackage({ source, directory, what: archive, signal });
    const entries = await walkPrefix(directory, { signal });
    const recordedPrefix = `${STORE}/${name}`;
    const packed = await writePackage({
      prefix: directory,
      recordedPrefix,
      entries,
      buildInfo,
      to: join(work, archive),
      signal,
    });
    expect(packed.diffId).toBe(diffId);
    checked += 1;
  }
  expect(checked).toBe(3);
});
