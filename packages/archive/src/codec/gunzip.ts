import type { Limits } from '@berth/base';
import { types } from 'node:util';
import { createGunzip, type Gunzip } from 'node:zlib';
import { archiveError, limitError } from '../failures.ts';
import { isZero } from '../tar/block.ts';

export interface GunzipOptions {
  /** Names the archive in messages. */
  readonly what: string;
  readonly limits: Limits;
}

/** Compressed bytes, one chunk a call; `undefined` at the end. Never called again before it has answered. */
export type NextChunk = () => Promise<Buffer | undefined>;

const CHUNK_BYTES = 256 * 1024;

/**
 * The content of a gzip file of one or more members, decompressed on the thread pool. After the last member only zeros may
 * follow (hostile-inputs Z02–Z05); a stream that goes on without giving content is a `limit` error (Z08), and so is one that
 * grows beyond `archiveBytes` or `expansionRatio` (Z01). When this returns, the source was read to its end.
 */
export async function* gunzip(next: NextChunk, options: GunzipOptions): AsyncGenerator<Buffer> {
  const engine = createGunzip({ chunkSize: CHUNK_BYTES });
  const progress: Progress = { given: 0, taken: 0, idle: 0, ended: false, stopped: false };
  // A failure is reported once, to whoever waits for the content.
  engine.on('error', () => undefined);
  const feeding = feed(engine, { next, progress, ...options });
  feeding.catch(() => undefined);
  try {
    for await (const chunk of engine as AsyncIterable<Buffer>) {
      progress.given += chunk.length;
      requireBounded(progress, options);
      yield chunk;
    }
    await feeding;
  } catch (error) {
    throw isZlibError(error) ? archiveError(options.what, `the gzip data is damaged: ${error.message}`, error) : error;
  } finally {
    progress.stopped = true;
    engine.destroy();
    // Afterwards no call of `next` is under way, so that the caller may go on with it.
    await feeding.catch(() => undefined);
  }
}

interface Progress {
  /** Bytes of content handed on, and compressed bytes taken for them. */
  given: number;
  taken: number;
  /** Compressed bytes taken since there was content. */
  idle: number;
  /** The last member is complete: only padding may follow, and is still read. */
  ended: boolean;
  /** Nobody wants the content any more. */
  stopped: boolean;
}

interface FeedOptions extends GunzipOptions {
  readonly next: NextChunk;
  readonly progress: Progress;
}

async function feed(engine: Gunzip, options: FeedOptions): Promise<void> {
  try {
    for (let chunk = await options.next(); chunk !== undefined; chunk = await options.next()) {
      if (options.progress.stopped) return;
      await feedChunk(engine, chunk, options);
    }
    engine.end();
  } catch (error) {
    engine.destroy(error as Error);
    throw error;
  }
}

async function feedChunk(engine: Gunzip, chunk: Buffer, options: FeedOptions): Promise<void> {
  const { progress, what } = options;
  const used = progress.ended ? 0 : await decompress(engine, chunk, options);
  if (progress.stopped || engine.errored !== null || used === chunk.length) return;
  // zlib leaves bytes alone only after the end of the last member.
  progress.ended = true;
  if (!isZero(chunk, used, chunk.length)) throw archiveError(what, 'data follows the end of the gzip stream');
}

/** Resolves with how many bytes of the chunk zlib took; a failure of zlib reaches the reading side. */
async function decompress(engine: Gunzip, chunk: Buffer, { progress, what, limits }: FeedOptions): Promise<number> {
  const { given } = progress;
  const before = engine.bytesWritten;
  progress.taken += chunk.length;
  await new Promise<void>((resolve) => {
    engine.once('close', resolve);
    engine.write(chunk, () => {
      engine.off('close', resolve);
      resolve();
    });
  });
  const used = engine.bytesWritten - before;
  progress.idle = given === progress.given && engine.readableLength === 0 ? progress.idle + used : 0;
  if (progress.idle > limits.tarHeaderBytes) throw limitError(what, 'tarHeaderBytes', limits.tarHeaderBytes);
  return used;
}

function requireBounded({ given, taken }: Progress, { what, limits }: GunzipOptions): void {
  if (given > limits.archiveBytes) throw limitError(what, 'archiveBytes', limits.archiveBytes);
  if (given > limits.expansionFreeBytes && given > taken * limits.expansionRatio) {
    throw limitError(what, 'expansionRatio', limits.expansionRatio);
  }
}

function isZlibError(error: unknown): error is Error {
  return types.isNativeError(error) && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}
