import { DigestStream, ioError, type Sha256 } from '@berth/base';
import { open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzipStage, DEFAULT_GZIP_LEVEL, withPlainHeader } from '../codec/gzip.ts';
import { packPrefix, type PackOptions } from './pack.ts';

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
  const file = await open(to, 'wx', 0o644).catch((error: unknown) => {
    throw ioError(what, error);
  });
  const content = new DigestStream();
  const stored = new DigestStream();
  try {
    const source = counted(packPrefix(options), options.onBytes);
    await pipeline(source, content, createGzipStage(level), withPlainHeader, stored, file.createWriteStream(), {
      signal,
    });
  } catch (error) {
    await file.close();
    await rm(to, { force: true });
    throw ioError(what, error);
  }
  return {
    digest: stored.digest,
    sizeBytes: stored.sizeBytes,
    diffId: content.digest,
    uncompressedBytes: content.sizeBytes,
  };
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
