import { type DagHash, hashBits } from '@berth/spec';
import { type ByteRange } from './fcntl.ts';

/** The byte of a spec in `prefix_lock` and `prefix_failures`: the first 63 bits of its hash (store-and-specs-on-disk C.6). */
export function byteOf(hash: DagHash): ByteRange {
  return { start: hashBits(hash, 63), length: 1n };
}
