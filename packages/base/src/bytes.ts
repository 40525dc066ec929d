import { Readable } from 'node:stream';
import { BerthError } from './errors.ts';

/** Bytes that can be opened again, so that a retry or a resume can replay them. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** A new stream from byte `start` (0) to the end. */
  open(options: { readonly start?: number; readonly signal: AbortSignal }): Readable;
}

/** A document held in memory as a ByteSource. */
export function bytesSource(bytes: Uint8Array | string): ByteSource {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return {
    sizeBytes: buffer.byteLength,
    open: ({ start = 0 }) => Readable.from([buffer.subarray(start)], { objectMode: false }),
  };
}

/** A whole document in memory; rejects with ERR_LIMIT once more than `maxBytes` arrive. For documents, never for blobs. */
export async function readAll(
  stream: AsyncIterable<Uint8Array>,
  options: { readonly what: string; readonly maxBytes: number },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.byteLength;
    if (total > options.maxBytes) throw limitError(options.what, options.maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

function limitError(what: string, maxBytes: number): BerthError {
  return new BerthError('limit', 'ERR_LIMIT', `${what}: larger than the limit of ${maxBytes} bytes`, {
    details: { maxBytes },
  });
}
