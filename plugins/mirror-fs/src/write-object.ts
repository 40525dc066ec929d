import { chmod, link, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ByteSource, errnoCode, isAbandonedTemporary, temporaryBeside, VerifyStream } from '@berth/base';
import { preconditionFailed } from '@berth/buildcache';
import { ensureFolder, fileModeOf, type Modes } from './modes.ts';

export interface WriteOptions {
  readonly modes: Modes;
  readonly signal: AbortSignal;
  /** Fail with ERR_PRECONDITION instead of replacing what is there. */
  readonly onlyIfAbsent?: boolean;
  /** Names the object in messages. */
  readonly key: string;
}

/**
 * Writes an object in one step: a temporary file beside it, flushed, then renamed over it or linked into place. A link at `path` is
 * replaced, never followed (hostile-inputs F02, F05).
 */
export async function writeObject(path: string, body: ByteSource, options: WriteOptions): Promise<void> {
  await ensureFolder(dirname(path), options.modes);
  const temporary = temporaryBeside(path);
  try {
    await writeTemporary(temporary, body, options);
    if (options.onlyIfAbsent === true) await linkNew(temporary, path, options.key);
    else await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeTemporary(path: string, body: ByteSource, { key, modes, signal }: WriteOptions): Promise<void> {
  const { mode, exact } = fileModeOf(modes);
  const verify = new VerifyStream({ what: key, sizeBytes: body.sizeBytes });
  // Created before anything can fail, so that the caller's removal comes after it.
  const sink = (await open(path, 'wx', mode)).createWriteStream({ flush: true });
  try {
    await pipeline(body.open({ signal }), verify, sink, { signal });
  } finally {
    sink.destroy();
  }
  if (exact) await chmod(path, mode);
}

/** `link` never replaces anything, on any file system that has it. Rejects with ERR_PRECONDITION when `path` exists. */
export async function linkNew(temporary: string, path: string, key: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    throw errnoCode(error) === 'EEXIST' ? preconditionFailed(key) : error;
  }
}

const TEMPORARY = /^\..+\.\d+\.[0-9a-f]{12,}\.tmp$/;
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the temporary files that killed writers left in `folder`: those of this machine at once, those of others, who share the
 * folder over a network, after a day. `nowMs` is the time of the file system.
 */
export async function sweepTemporaries(folder: string, nowMs: number): Promise<void> {
  try {
    for await (const { name } of await opendir(folder)) {
      const path = join(folder, name);
      if (!TEMPORARY.test(name)) continue;
      if (isAbandonedTemporary(name) || nowMs - (await stat(path)).mtimeMs > ABANDONED_MS)
        await rm(path, { force: true });
    }
  } catch (error) {
    // Another process may be sweeping too, or the folder is not there yet.
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
}
