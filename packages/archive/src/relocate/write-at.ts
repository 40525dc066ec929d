import { readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type BytePatch } from './c-string.ts';

/** Writes all of `bytes` at `offset` of an open file. At once: a turn of the event loop costs more than such a write. */
export function writeAt(descriptor: number, bytes: Buffer, offset: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
  }
}

/** Writes a few bytes here and there. */
export function writePatches(descriptor: number, patches: readonly BytePatch[]): void {
  for (const { offset, bytes } of patches) writeAt(descriptor, bytes, offset);
}

/** Copies a part of a file to a later part of it that does not overlap. */
export async function copyWithin(
  descriptor: number,
  range: {
    readonly from: number;
    readonly to: number;
    readonly length: number;
    readonly windowBytes: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(range.length, range.windowBytes));
  for (let done = 0; done < range.length;) {
    range.signal.throwIfAborted();
    const wanted = Math.min(buffer.length, range.length - done);
    const count = readSync(descriptor, buffer, 0, wanted, range.from + done);
    if (count === 0) throw new Error('the file became shorter while it was read');
    writeAt(descriptor, buffer.subarray(0, count), range.to + done);
    done += count;
    if (done < range.length) await setImmediate();
  }
}
