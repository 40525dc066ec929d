import { errnoCode } from '@berth/base';
import { chmodSync, closeSync, fchmodSync, fstatSync, futimesSync, lstatSync, openSync } from 'node:fs';

/** Opens a file for writing even when its mode forbids it; mode and times are afterwards what they were. */
export async function withWritable(
  path: string,
  task: (descriptor: number, sizeBytes: number) => Promise<void>,
): Promise<void> {
  const { descriptor, mode } = openWritable(path);
  try {
    const before = fstatSync(descriptor);
    await task(descriptor, before.size);
    if (mode !== undefined) fchmodSync(descriptor, mode);
    futimesSync(descriptor, before.atimeMs / 1000, before.mtimeMs / 1000);
  } finally {
    closeSync(descriptor);
  }
}

/** With the mode to restore, when it had to be changed. */
function openWritable(path: string): { readonly descriptor: number; readonly mode: number | undefined } {
  try {
    return { descriptor: openSync(path, 'r+'), mode: undefined };
  } catch (error) {
    if (errnoCode(error) !== 'EACCES') throw error;
    const mode = lstatSync(path).mode & 0o7777;
    chmodSync(path, mode | 0o200);
    return { descriptor: openSync(path, 'r+'), mode };
  }
}
