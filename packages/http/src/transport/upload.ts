import { type ByteSource } from '@berth/base';
import { Readable } from 'node:stream';

export interface UploadWatch {
  readonly signal: AbortSignal;
  /** Another piece is on its way. */
  readonly moved: () => void;
  /** The last piece is. */
  readonly done: () => void;
  /** Reading the source failed: that is the reason, whatever the connection says of it. */
  readonly failed: (error: unknown) => void;
}

/** The bytes of `source`, opened when the first of them is asked for. */
export function uploadStream(source: ByteSource, watch: UploadWatch): Readable {
  return Readable.from(pieces(source, watch), { objectMode: false });
}

async function* pieces(source: ByteSource, { signal, moved, done, failed }: UploadWatch): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of source.open({ signal }) as AsyncIterable<Uint8Array>) {
      moved();
      yield chunk;
    }
  } catch (error) {
    failed(error);
    throw error;
  }
  done();
}
