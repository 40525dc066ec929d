import { chmod, lstat, open, type FileHandle } from 'node:fs/promises';

/** Opens a file for writing even when its mode forbids it; mode and times are afterwards what they were. */
export async function withWritable(
  path: string,
  task: (file: FileHandle, sizeBytes: number) => Promise<void>,
): Promise<void> {
  const before = await lstat(path);
  const readOnly = (before.mode & 0o200) === 0;
  if (readOnly) await chmod(path, (before.mode & 0o7777) | 0o200);
  const file = await open(path, 'r+');
  try {
    await task(file, before.size);
    if (readOnly) await file.chmod(before.mode & 0o7777);
    await file.utimes(before.atimeMs / 1000, before.mtimeMs / 1000);
  } finally {
    await file.close();
  }
}
