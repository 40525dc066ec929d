import { type ByteSource } from '@berth/base';
import { Readable } from 'node:stream';

/** Bytes `start` up to, not including, `end` of a source. */
export function slice(source: ByteSource, start: number, end: number): ByteSource {
  return {
    sizeBytes: end - start,
    open: ({ start: from = 0, signal }) =>
      Readable.from(firstBytes(source.open({ start: start + from, signal }), end - start - from), {
        objectMode: false,
      }),
  };
}

async function* firstBytes(stream: Readable, sizeBytes: number): AsyncIterable<Uint8Array> {
  let left = sizeBytes;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    yield chunk.byteLength > left ? chunk.subarray(0, left) : chunk;
    left -= chunk.byteLength;
    // Leaving the loop closes the source.
    if (left <= 0) return;
  }
}
