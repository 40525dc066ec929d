import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, opendir, rename, rm } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errnoCode } from './errors.ts';

/** A text that nobody else makes, for a name; it tells which process of which machine made it. */
export function processTag(): string {
  return `${process.pid}.${machineMark()}${randomBytes(6).toString('hex')}`;
}

const TAG = /^(\d+)\.([0-9a-f]{8})[0-9a-f]{12}$/;

/**
 * True for a tag whose process has certainly ended: one of this machine and, where there are such, of this container. Of
 * any other process nobody here can tell.
 */
export function isTagOfEndedProcess(tag: string): boolean {
  const [, pid, machine] = TAG.exec(tag) ?? [];
  return machine !== undefined && machine === machineMark() && hasEnded(Number(pid));
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

let mark: string | undefined;

/** The same for all processes that see each other's numbers. */
function machineMark(): string {
  return (mark ??= createHash('sha256').update(describeMachine()).digest('hex').slice(0, 8));
}

function describeMachine(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Outside Linux there are no containers; host names alone are not unique on a network.
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ mac }) => mac) ?? []);
    return [hostname(), ...new Set(addresses)].sort().join(' ');
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
