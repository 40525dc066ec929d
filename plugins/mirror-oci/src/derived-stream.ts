import { Readable } from 'node:stream';

/**
 * What `transform` makes of `body`, as a stream. When it is closed, read or not, `body` is let go; an error of `body` that comes before
 * anybody reads is reported by the read.
 */
export function derivedStream(
  body: Readable,
  transform: (chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>,
): Readable {
  body.on('error', () => undefined);
  const derived = Readable.from(transform(body), { objectMode: false });
  return derived.once('close', () => body.destroy());
}
