import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ByteSource, VerifyStream } from '@berth/base';
import { type BlobDescriptor, type BlobPlace, type CallOptions } from './mirror.ts';

/** A blob of another mirror whose size is known. */
export interface SizedBlob extends BlobDescriptor {
  readonly sizeBytes: number;
}

/**
 * A blob on a mirror as bytes that can be opened again. Whoever reads to the end has read what its digest says: other bytes break the
 * stream with `size` or `digest`, from whatever byte it is read.
 */
export function mirrorSource(place: BlobPlace, blob: SizedBlob, what: string): ByteSource {
  return {
    sizeBytes: blob.sizeBytes,
    open: ({ start = 0, signal }) =>
      Readable.from(verified(place, { blob, what, start, signal }), { objectMode: false }),
  };
}

interface Reading extends CallOptions {
  readonly blob: SizedBlob;
  readonly what: string;
  readonly start: number;
}

/** Always from the first byte on: a digest can be compared only when everything was seen. */
async function* verified(place: BlobPlace, { blob, what, start, signal }: Reading): AsyncGenerator<Buffer> {
  const verify = new VerifyStream({ what, digest: blob.digest, sizeBytes: blob.sizeBytes });
  const moving = pipeline(await place.open(blob, { signal }), verify, { signal });
  // A reader that leaves early wants to hear of nothing.
  moving.catch(() => undefined);
  let toSkip = start;
  for await (const chunk of verify as AsyncIterable<Buffer>) {
    if (toSkip < chunk.byteLength) yield chunk.subarray(toSkip);
    toSkip = Math.max(0, toSkip - chunk.byteLength);
  }
  await moving;
}
