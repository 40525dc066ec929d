import { type Dirent } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, ioError, isAbandonedTemporary, isSha256 } from '@berth/base';
import { type CallOptions } from './mirror.ts';

/** What was removed. */
export interface ClearedCache {
  readonly files: number;
  readonly bytes: number;
}

type IsOurs = (name: string) => boolean;

/** Folders of the cache, and the files that are kept there. */
const PLACES: readonly (readonly [folder: string, isOurs: IsOurs])[] = [
  ['blobs/sha256', isSha256],
  ['blobs/archives', (name) => /^[a-z2-7]{32}-[0-9a-f]{64}\.json$/.test(name)],
  ['indices', (name) => name === 'contents.json' || /^[0-9a-f]{10}_[0-9a-f]{10}\.json$/.test(name)],
];

/**
 * Removes what is kept of mirrors between runs below `<misc_cache>`: blobs, indexes, and what killed programs left there. Everything
 * is fetched again when it is needed. Files of other programs stay, and so do those that somebody is just writing.
 */
export async function clearCache(directory: string, { signal }: CallOptions): Promise<ClearedCache> {
  let files = 0;
  let bytes = 0;
  for (const [folder, isOurs] of PLACES) {
    for (const { name } of await filesIn(join(directory, folder))) {
      signal.throwIfAborted();
      if (!isOurs(name) && !isAbandonedTemporary(name)) continue;
      bytes += await remove(join(directory, folder, name));
      files += 1;
    }
  }
  return { files, bytes };
}

async function filesIn(folder: string): Promise<readonly Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw ioError(`cache ${folder}`, error);
  }
}

/** Resolves to the size of what was there; nothing when somebody else was first. */
async function remove(path: string): Promise<number> {
  try {
    const { size } = await stat(path);
    await rm(path, { force: true });
    return size;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return 0;
    throw ioError(`cannot remove ${path}`, error);
  }
}
