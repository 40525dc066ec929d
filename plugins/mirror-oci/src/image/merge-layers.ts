import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { type ByteSource, DigestStream, type Sha256, VerifyStream } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type OciSource } from '../source.ts';
import { type PackageLayer } from './plan-layers.ts';
import { tarMembers } from './tar-members.ts';

/** A layer made here. */
export interface MadeLayer {
  readonly source: ByteSource;
  readonly digest: Sha256;
  readonly diffId: Sha256;
}

/** The level of archives: what is decompressed here was compressed with it. */
const GZIP_LEVEL = 4;
const CHUNK_BYTES = 256 * 1024;
/** What ends a tar archive: two blocks of zeros. */
const END: Buffer = Buffer.alloc(1024);

/**
 * One layer with the files of several: their archives, from this machine or else from the repository, one behind the other. The same
 * packages give the same bytes. Rejects with `digest`, `size` or `archive` when a layer is not what it should be.
 */
export async function mergeLayers(
  source: Pick<OciSource, 'registry' | 'blobs'>,
  layers: readonly PackageLayer[],
  { signal }: CallOptions,
): Promise<MadeLayer> {
  await using spool = await source.blobs.openSpool();
  const content = new DigestStream();
  const stored = new DigestStream();
  const file = await open(spool.path, 'wx', 0o666);
  const tar = Readable.from(joinedMembers(source, layers, signal), { objectMode: false });
  const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES });
  await pipeline(tar, content, gzip, withPlainHeader, stored, file.createWriteStream(), { signal });
  return { source: await spool.adopt(stored.digest), digest: stored.digest, diffId: content.digest };
}

async function* joinedMembers(
  { registry, blobs }: Pick<OciSource, 'registry' | 'blobs'>,
  layers: readonly PackageLayer[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (const { label, digest, sizeBytes, diffId } of layers) {
    const what = `layer of ${label} in ${registry.label}`;
    const compressed = await blobs.fetch(registry, { what, digest, sizeBytes }, { signal });
    const content = new VerifyStream({ what, digest: diffId });
    const unpacked = pipeline(compressed.open({ signal }), createGunzip({ chunkSize: CHUNK_BYTES }), content, {
      signal,
    });
    // Its failure is that of the stream that is read below.
    unpacked.catch(() => undefined);
    yield* tarMembers(content as AsyncIterable<Buffer>, what);
    await unpacked;
  }
  yield END;
}

const OS_OFFSET = 9;
const XFL_OFFSET = 8;
const OS_UNKNOWN = 0xff;

/** A gzip header that tells nothing of the system it was made on (buildcache-formats §3.3). */
async function* withPlainHeader(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const chunk of chunks) {
    for (const [at, value] of [
      [XFL_OFFSET - offset, 0],
      [OS_OFFSET - offset, OS_UNKNOWN],
    ] as const) {
      if (at >= 0 && at < chunk.length) chunk[at] = value;
    }
    offset += chunk.length;
    yield chunk;
  }
}
