import { DigestStream, ioError, type Sha256 } from '@berth/base';
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzipStage, DEFAULT_GZIP_LEVEL, withPlainHeader } from '../codec/gzip.ts';
import { ChunkFiller } from './chunk-filler.ts';
import { archiveChunks, type PackOptions } from './pack.ts';
import { type PrefixEntry, walkPrefix } from './walk.ts';

export interface WritePackageOptions extends PackOptions {
  /** The file to create; it must not exist. Removed again after a failure. */
  readonly to: string;
  /** Of gzip, 1 to 9. */
  readonly level?: number | undefined;
  /** Told about uncompressed bytes as they are packed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface PackedArchive {
  /** Of the file as written. */
  readonly digest: Sha256;
  readonly sizeBytes: number;
  /** Of the uncompressed archive. */
  readonly diffId: Sha256;
  readonly uncompressedBytes: number;
}

/** Packs, digests, compresses and digests a prefix into one file, in one pass; memory does not grow with the package. */
export async function writePackage(options: WritePackageOptions): Promise<PackedArchive> {
  const { to, signal, level = DEFAULT_GZIP_LEVEL } = options;
  const what = `cannot write the archive ${to}`;
  const entries = options.entries ?? (await walkPrefix(options.prefix, options));
  const file = await open(to, 'wx', 0o644).catch((error: unknown) => {
    throw ioError(what, error);
  });
  const gzip = createGzipStage(level);
  const stored = new DigestStream();
  try {
    const writing = pipeline(gzip, withPlainHeader, stored, file.createWriteStream(), { signal });
    const [content] = await Promise.all([feed(gzip, entries, options), writing]);
    return { digest: stored.digest, sizeBytes: stored.sizeBytes, ...content };
  } catch (error) {
    await file.close();
    await rm(to, { force: true });
    throw ioError(what, error);
  }
}

/**
 * Hands the archive to the compressor, one chunk ahead of the one it works on. Each chunk is used again once it was taken. A
 * failure destroys the compressor.
 */
async function feed(
  gzip: Transform,
  entries: readonly PrefixEntry[],
  options: WritePackageOptions,
): Promise<Pick<PackedArchive, 'diffId' | 'uncompressedBytes'>> {
  const filler = new ChunkFiller();
  const hash = createHash('sha256');
  let before = Promise.resolve();
  try {
    for (const chunk of archiveChunks(entries, filler, options)) {
      hash.update(chunk);
      const taken = write(gzip, chunk).then(() => {
        filler.recycle(chunk);
      });
      // Its failure is met one turn later.
      taken.catch(() => undefined);
      await before;
      before = taken;
      options.onBytes?.(chunk.length);
      options.signal.throwIfAborted();
    }
    await before;
  } catch (error) {
    gzip.destroy(error as Error);
    throw error;
  }
  gzip.end();
  return { diffId: hash.digest('hex') as Sha256, uncompressedBytes: filler.sizeBytes };
}

/** Resolves once the bytes were taken and may be overwritten. */
async function write(stage: Transform, chunk: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stage.write(chunk, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
