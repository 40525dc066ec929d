import { type Stats } from 'node:fs';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoCode, ioError } from '@berth/base';

/** The missing folders above a prefix get mode and group of the nearest one that exists (store-and-specs-on-disk C.3). */
export async function makeParents(prefix: string): Promise<void> {
  const missing: string[] = [];
  let folder = dirname(prefix);
  let facts = await statOrMissing(folder);
  while (facts === undefined) {
    missing.unshift(folder);
    folder = dirname(folder);
    facts = await statOrMissing(folder);
  }
  for (const created of missing) await makeFolderLike(created, facts);
}

async function makeFolderLike(path: string, { mode, gid }: Stats): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    // Another process makes the same parents, and gives them the same mode.
    if (errnoCode(error) === 'EEXIST') return;
    throw ioError(`create ${path}`, error);
  }
  const made = await stat(path);
  // Without the right to give files to that group, the folder keeps ours.
  if (made.gid !== gid) await chown(path, made.uid, gid).catch(() => undefined);
  await chmod(path, mode & 0o7777).catch(() => undefined);
}

/** What is at `path`, links followed; `undefined` when there is nothing. */
export async function statOrMissing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw ioError(`look at ${path}`, error);
  }
}
