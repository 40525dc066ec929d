import type { Transform } from 'node:stream';
import { createGzip } from 'node:zlib';

/**
 * Measured on 953 MB of real prefixes: level 4 takes 0.58 of the processor time of level 6 and gives 3 % more bytes.
 */
export const DEFAULT_GZIP_LEVEL = 4;

/** Measured as above: 8 % less time than with zlib's default of 8, for half a percent more bytes. */
const MEMORY_LEVEL = 9;
const CHUNK_BYTES = 256 * 1024;
const XFL_OFFSET = 8;
const OS_OFFSET = 9;
const OS_UNKNOWN = 0xff;

/** The two stages of a pipeline that compress: zlib on the thread pool, then `withPlainHeader`. */
export function createGzipStage(level: number = DEFAULT_GZIP_LEVEL): Transform {
  return createGzip({ level, memLevel: MEMORY_LEVEL, chunkSize: CHUNK_BYTES });
}

/**
 * Makes the header of a gzip stream `1f 8b 08 00 00000000 00 ff`, whatever the platform and level (buildcache-formats §3.3).
 * The header is under no checksum.
 */
export async function* withPlainHeader(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let offset = 0;
  for await (const chunk of chunks) {
    patch(chunk, XFL_OFFSET - offset, 0);
    patch(chunk, OS_OFFSET - offset, OS_UNKNOWN);
    offset += chunk.length;
    yield chunk;
  }
}

function patch(chunk: Buffer, at: number, value: number): void {
  if (at >= 0 && at < chunk.length) chunk[at] = value;
}
