import { lstat, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { BerthError, errnoCode, ioError, isBerthError, isTagOfEndedProcess, processTag } from '@berth/base';
import { type ByteLock, LockFile } from '../lock/lock-file.ts';
import { isBelow, outsideRoot } from '../layout/inside-root.ts';
import { makeParents, statOrMissing } from './prefix-parents.ts';
import { removeEmptyParents, removeTree } from './remove-tree.ts';
import { currentOwner, mayBeAlive, parseOwner } from './staging-owner.ts';

/** What the names of staging folders begin with; whoever scans an install tree must skip them. */
export const STAGING_PREFIX = '.berth-';

const OWNER_FILE = 'owner';
const WHOLE_FILE = { start: 0n, length: 0n } as const;
const NOT_PERMITTED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);
/** A folder without an owner's name is being made, or its maker died then: after this time it is the latter. */
const NAMELESS_MS = 10 * 60 * 1000;

export interface StagingOptions {
  /** The install tree. */
  readonly root: string;
  /** Where the package will be. */
  readonly prefix: string;
  readonly locks: boolean;
  readonly signal: AbortSignal;
}

/** A private folder on the file system of a prefix, in which a package is made ready. Removed when disposed of. */
export interface Staging extends AsyncDisposable {
  /** What becomes the prefix; does not exist yet. */
  readonly path: string;
  /** The private folder itself, for whatever else is needed on the way. */
  readonly folder: string;
  /**
   * Puts `path` in the place of the prefix by renaming. Rejects with ERR_PREFIX_EXISTS (`io`) when something is there,
   * unless `replace` is set: then the old content is kept until `commit`, and `rollBack` brings it back.
   */
  readonly publish: (options: { readonly replace: boolean }) => Promise<void>;
  /** Undoes `publish`. */
  readonly rollBack: () => Promise<void>;
}

/** Makes a staging folder (mode 0700) and marks it as this process's, so that nobody sweeps it. */
export async function createStaging(options: StagingOptions): Promise<Staging> {
  const { root, prefix, locks, signal } = options;
  if (!isBelow(root, prefix)) throw outsideRoot(root, prefix);
  const folder = join(await stagingParent(root, prefix), `${STAGING_PREFIX}${processTag()}`);
  let lock: ByteLock | undefined;
  try {
    await mkdir(folder, { recursive: false, mode: 0o700 });
    const owner = join(folder, OWNER_FILE);
    await writeFile(owner, JSON.stringify(await currentOwner()), { mode: 0o600 });
    const what = `staging folder ${folder}`;
    lock = await ownerLock(owner, locks).acquire(WHOLE_FILE, { mode: 'exclusive', timeoutMs: 0, signal, what });
    return openStaging(options, { folder, lock });
  } catch (error) {
    await lock?.release();
    await removeTree(folder, new AbortController().signal);
    throw ioError(`make staging folder ${folder}`, error);
  }
}

/**
 * Removes the staging folders of processes that ended without doing so. A folder whose owner may be alive stays: on this
 * host by its process, from any host by the lock it holds. Returns what was removed.
 */
export async function sweepStaging(
  root: string,
  options: { readonly locks: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const parent of await stagingParents(root)) {
    const names = await readdir(parent).catch((): string[] => []);
    for (const name of names.filter((candidate) => candidate.startsWith(STAGING_PREFIX))) {
      const folder = join(parent, name);
      if (!(await isAbandoned(folder, options))) continue;
      if (await mayRemove(folder, options.signal)) removed.push(folder);
    }
  }
  return removed;
}

/** False when the folder is another user's: it stays for them, and is in nobody's way. */
async function mayRemove(folder: string, signal: AbortSignal): Promise<boolean> {
  try {
    await removeTree(folder, signal);
    return true;
  } catch (error) {
    if (isBerthError(error) && NOT_PERMITTED.has(error.details['errno'])) return false;
    throw error;
  }
}

function openStaging(options: StagingOptions, owned: { readonly folder: string; readonly lock: ByteLock }): Staging {
  const { root, prefix } = options;
  const { folder, lock } = owned;
  const path = join(folder, 'prefix');
  const previous = join(folder, 'previous');
  let published = false;
  let replaced = false;
  return {
    folder,
    path,
    publish: async ({ replace }) => {
      await makeParents(prefix);
      replaced = replace && (await moveAside(prefix, previous));
      try {
        await publishByRename(path, prefix);
        published = true;
      } catch (error) {
        if (replaced) await rename(previous, prefix);
        replaced = false;
        throw error;
      }
    },
    rollBack: async () => {
      if (published) await rename(prefix, join(folder, 'withdrawn'));
      if (replaced) await rename(previous, prefix);
      else await removeEmptyParents(prefix, root);
      published = false;
      replaced = false;
    },
    [Symbol.asyncDispose]: async () => {
      // Even after an abort: the folder must not stay.
      await removeTree(folder, new AbortController().signal);
      await lock.release();
    },
  };
}

async function publishByRename(path: string, prefix: string): Promise<void> {
  // An empty folder would be replaced silently.
  if ((await lstat(prefix).catch(() => undefined)) !== undefined) throw prefixExists(prefix);
  try {
    await rename(path, prefix);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoCode(error) ?? '')) throw prefixExists(prefix);
    throw ioError(`move the installed package to ${prefix}`, error);
  }
}

async function moveAside(prefix: string, previous: string): Promise<boolean> {
  try {
    await rename(prefix, previous);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw ioError(`move ${prefix} aside`, error);
  }
}

async function isAbandoned(
  folder: string,
  options: { readonly locks: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  const path = join(folder, OWNER_FILE);
  const owner = parseOwner(await readFile(path, 'utf8').catch(() => ''));
  if (owner === undefined) return isNamelessAbandoned(folder);
  const here = owner.host === (await currentOwner()).host;
  if (here && (await mayBeAlive(owner))) return false;
  // A container may have our host's name and other process numbers: there, too, the lock tells.
  const held = options.locks && (await ownerLock(path, true).isHeldElsewhere(WHOLE_FILE));
  if (here) return !held;
  // Of another host only the lock tells, and not at once: between naming and locking lies a moment.
  const age = Date.now() - ((await lstat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
  return options.locks && !held && age > NAMELESS_MS;
}

/** Of a process that died before it named itself, or in the middle of removing its folder. */
async function isNamelessAbandoned(folder: string): Promise<boolean> {
  if (isTagOfEndedProcess(basename(folder).slice(STAGING_PREFIX.length))) return true;
  const facts = await lstat(folder).catch(() => undefined);
  return facts?.isDirectory() === true && Date.now() - facts.mtimeMs > NAMELESS_MS;
}

/** Not shared by path: folders are made once, and the file is removed while its lock is held. */
function ownerLock(path: string, locks: boolean): LockFile {
  return new LockFile(path, { kernel: locks });
}

/** The root, or the first folder below it when that lies on another file system, as the prefix does. */
async function stagingParent(root: string, prefix: string): Promise<string> {
  await mkdir(root, { recursive: true });
  const first = join(root, relative(root, prefix).split(sep)[0] ?? '');
  const [rootFacts, firstFacts] = [await stat(root), await statOrMissing(first)];
  return firstFacts?.isDirectory() === true && firstFacts.dev !== rootFacts.dev && first !== prefix ? first : root;
}

async function stagingParents(root: string): Promise<readonly string[]> {
  const facts = await statOrMissing(root);
  if (facts === undefined) return [];
  const parents = [root];
  for (const name of await readdir(root).catch((): string[] => [])) {
    const child = await statOrMissing(join(root, name));
    if (child?.isDirectory() === true && child.dev !== facts.dev) parents.push(join(root, name));
  }
  return parents;
}

function prefixExists(prefix: string): BerthError {
  return new BerthError('io', 'ERR_PREFIX_EXISTS', `install to ${prefix}: something is there already`, {
    hint: 'Remove it, or install with --overwrite.',
    details: { prefix },
  });
}
