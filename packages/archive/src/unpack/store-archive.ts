import { DEFAULT_LIMITS, ioError, isBerthError, type Limits, type Sha256, VerifyStream } from '@berth/base';
import { createHash, type Hash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzip } from '../codec/gunzip.ts';
import { StoredChunks } from './stored-chunks.ts';

export interface DigestArchiveOptions {
  /** The bytes as they are stored, compressed. Read to the end or destroyed. */
  readonly source: Readable;
  /** Names the archive in messages. */
  readonly what: string;
  readonly expected: { readonly digest: Sha256; readonly sizeBytes?: number | undefined };
  readonly limits?: Partial<Limits> | undefined;
  readonly signal: AbortSignal;
  /** Told about stored bytes as they arrive. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface StoreArchiveOptions extends DigestArchiveOptions {
  /** The file to create; it must not exist. Removed again after a failure. */
  readonly to: string;
}

export interface StoredArchive {
  readonly sizeBytes: number;
  /** Of the uncompressed archive. */
  readonly diffId: Sha256;
}

/**
 * Writes a package archive to a file as it is, and looks once through its content for the digest of that. Rejects with `size` or
 * `digest` when the bytes are not the expected ones, whatever else is wrong with them; else with `archive`, `limit` or `io`.
 */
export async function storeArchive(options: StoreArchiveOptions): Promise<StoredArchive> {
  const { source, to, what } = options;
  try {
    const file = await open(to, 'wx', 0o644);
    try {
      return await digestChunks(options, async (chunk) => {
        await file.writeFile(chunk);
      });
    } finally {
      await file.close();
    }
  } catch (error) {
    source.destroy();
    await rm(to, { force: true });
    throw ioError(what, error);
  }
}

/** As `storeArchive`, without writing anything. */
export async function digestArchive(options: DigestArchiveOptions): Promise<StoredArchive> {
  try {
    return await digestChunks(options, async () => undefined);
  } catch (error) {
    throw ioError(options.what, error);
  }
}

type Keep = (chunk: Buffer) => Promise<void>;

async function digestChunks(options: DigestArchiveOptions, keep: Keep): Promise<StoredArchive> {
  const { source, what, expected, signal } = options;
  const verify = new VerifyStream({ what, ...expected });
  return pipeline(source, verify, (chunks: AsyncIterable<Buffer>) => readChunks(chunks, keep, options), { signal });
}

async function readChunks(
  chunks: AsyncIterable<Buffer>,
  keep: Keep,
  { what, limits, onBytes }: DigestArchiveOptions,
): Promise<StoredArchive> {
  const stored = new StoredChunks(chunks, onBytes);
  const next = async (): Promise<Buffer | undefined> => {
    const chunk = await stored.next();
    if (chunk !== undefined) await keep(chunk);
    return chunk;
  };
  const hash: Hash = createHash('sha256');
  try {
    for await (const chunk of gunzip(next, { what, limits: { ...DEFAULT_LIMITS, ...limits } })) hash.update(chunk);
  } catch (error) {
    // Bytes that are not the expected ones explain every other fault, so that one is told.
    if (isBerthError(error) && (error.kind === 'archive' || error.kind === 'limit')) await stored.drain();
    throw error;
  }
  return { sizeBytes: stored.sizeBytes, diffId: hash.digest('hex') as Sha256 };
}
