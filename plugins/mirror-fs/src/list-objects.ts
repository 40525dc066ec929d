import { type Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '@berth/base';

/** Deeper folders can only come from a loop of links. */
const MAX_DEPTH = 64;

/**
 * Keys of all files below `prefix` (a folder, ending in `/`, or empty for all), streamed without sorting (hostile-inputs F09).
 * Links are followed; names that start with a dot are temporary or private and left out.
 */
export async function* listObjects(root: string, prefix: string, signal: AbortSignal): AsyncIterable<string> {
  const pending = [prefix];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (folder.split('/').length > MAX_DEPTH) continue;
    for await (const entry of entriesOf(join(root, folder))) {
      signal.throwIfAborted();
      if (entry.name.startsWith('.')) continue;
      const key = `${folder}${entry.name}`;
      const kind = await kindOf(entry, join(root, key));
      if (kind === 'folder') pending.push(`${key}/`);
      else if (kind === 'file') yield key;
    }
  }
}

async function* entriesOf(path: string): AsyncIterable<Dirent> {
  try {
    yield* await opendir(path);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' && errnoCode(error) !== 'ENOTDIR') throw error;
  }
}

async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | 'other'> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    const target = await stat(path);
    if (target.isFile()) return 'file';
    return target.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ELOOP') return 'other';
    throw error;
  }
}
