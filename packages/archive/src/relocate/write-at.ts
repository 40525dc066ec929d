import { writeSync } from 'node:fs';
import { type FileHandle } from 'node:fs/promises';
import { type BytePatch } from './c-string.ts';

/** Writes all of `bytes` at `offset`. */
export async function writeAt(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}

/** Copies a part of a file to a later part of it that does not overlap. */
export async function copyWithin(
  file: FileHandle,
  range: {
    readonly from: number;
    readonly to: number;
    readonly length: number;
    readonly windowBytes: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(range.length, range.windowBytes));
  let done = 0;
  while (done < range.length) {
    range.signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, range.length - done), range.from + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    await writeAt(file, buffer.subarray(0, bytesRead), range.to + done);
    done += bytesRead;
  }
}

/** Writes a few bytes here and there. At once: a turn of the event loop costs more than such a write. */
export function writePatches(file: FileHandle, patches: readonly BytePatch[]): void {
  for (const { offset, bytes } of patches) {
    let done = 0;
    while (done < bytes.length) done += writeSync(file.fd, bytes, done, bytes.length - done, offset + done);
  }
}
