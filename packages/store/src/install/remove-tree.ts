import { chmod, lstat, rm, rmdir } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { errnoCode, ioError } from '@berth/base';
import { walkTree } from './walk-tree.ts';

const REFUSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOTEMPTY']);

/**
 * Removes `path` and everything below it; a link is removed, never followed. Folders without write permission, as packages
 * sometimes have them, are made writable first. What is not there is no error.
 */
export async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!REFUSED.has(errnoCode(error) ?? '')) throw ioError(`remove ${path}`, error);
    await removeReadOnlyTree(path, signal);
  }
}

/** Removes the folders above `path` up to `root`, exclusive, as long as they are empty. */
export async function removeEmptyParents(path: string, root: string): Promise<void> {
  for (let folder = dirname(path); folder.startsWith(root + sep); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') return;
    }
  }
}

async function removeReadOnlyTree(path: string, signal: AbortSignal): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) return;
  // A folder is met before it is read.
  for (const { location, stats } of walkTree(path)) {
    signal.throwIfAborted();
    if (stats.isDirectory()) await chmod(location, 0o700).catch(() => undefined);
  }
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw ioError(`remove ${path}`, error);
  }
}
