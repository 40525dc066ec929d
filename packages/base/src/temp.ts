import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, opendir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoCode } from './errors.ts';

/** A text that nobody else makes, for a name; it tells which process of which start of the system made it. */
export function processTag(): string {
  return `${process.pid}.${systemMark()}${randomBytes(6).toString('hex')}`;
}

const TAG = /^(\d+)\.([0-9a-f]{8})[0-9a-f]{12}$/;

/**
 * True for a tag whose process has certainly ended: one of this start of this system, in this container. Of any other
 * process nobody here can tell.
 */
export function isTagOfEndedProcess(tag: string): boolean {
  const [, pid, system] = TAG.exec(tag) ?? [];
  return system !== undefined && system !== NO_MARK && system === systemMark() && hasEnded(Number(pid));
}

/** A name that no other process uses, for a temporary file or folder beside `path`. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${processTag()}.tmp`);
}

const TEMPORARY = /^\..+\.(\d+\.[0-9a-f]+)\.tmp$/;

/** True for the name of a temporary file whose maker has certainly ended. */
export function isAbandonedTemporary(name: string): boolean {
  return isTagOfEndedProcess(TEMPORARY.exec(name)?.[1] ?? '');
}

/** Removes the temporary files that killed processes left in `folder` (hostile-inputs O3). A missing folder has none. */
export async function sweepTemporaries(folder: string): Promise<void> {
  try {
    for await (const { name } of await opendir(folder)) {
      if (isAbandonedTemporary(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
}

const NO_MARK = '00000000';
let mark: string | undefined;

/** The same for all processes that see each other's numbers; `NO_MARK` where the system does not tell. */
function systemMark(): string {
  return (mark ??= readSystemMark());
}

function readSystemMark(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 8);
  } catch {
    // Outside Linux nothing is certain about processes, so nothing is taken for abandoned.
    return NO_MARK;
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errnoCode(error) === 'ESRCH';
  }
}

/** Replaces the content of `path` in one step: readers see the old bytes or the new ones, never a mix. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: { readonly mode?: number; readonly sync?: boolean } = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o666);
    try {
      await file.writeFile(data);
      if (options.sync === true) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
