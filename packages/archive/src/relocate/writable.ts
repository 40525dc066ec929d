import { errnoCode } from '@berth/base';
import { chmod, lstat, open, type FileHandle } from 'node:fs/promises';

/** Opens a file for writing even when its mode forbids it; mode and times are afterwards what they were. */
export async function withWritable(
  path: string,
  task: (file: FileHandle, sizeBytes: number) => Promise<void>,
): Promise<void> {
  const { file, mode } = await openWritable(path);
  try {
    const before = await file.stat();
    await task(file, before.size);
    if (mode !== undefined) await file.chmod(mode);
    await file.utimes(before.atimeMs / 1000, before.mtimeMs / 1000);
  } finally {
    await file.close();
  }
}

/** With the mode to restore, when it had to be changed. */
async function openWritable(path: string): Promise<{ readonly file: FileHandle; readonly mode: number | undefined }> {
  try {
    return { file: await open(path, 'r+'), mode: undefined };
  } catch (error) {
    if (errnoCode(error) !== 'EACCES') throw error;
    const mode = (await lstat(path)).mode & 0o7777;
    await chmod(path, mode | 0o200);
    return { file: await open(path, 'r+'), mode };
  }
}
