import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { escapeControls, forEachLimited } from '@berth/base';

/** The process that keeps a lock: as much as can be found out about it. */
export interface LockHolder {
  readonly pid: number;
  /** Its command line, shortened. */
  readonly command: string | undefined;
}

/** What `pid` runs; undefined where the system does not show it. */
export async function describeProcess(pid: number): Promise<LockHolder> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const [program = '', ...words] = commandLine.split('\0');
  const command = escapeControls([basename(program), ...words].join(' ').trim()).slice(0, 100);
  return { pid, command: command === '' ? undefined : command };
}

/**
 * The process that holds an open-file-description lock on `path`. The kernel names no owner of such a lock, but lists it
 * with the descriptor it belongs to; so only processes of the same user are found, and only on Linux.
 */
export async function findDescriptorLock(path: string, signal: AbortSignal): Promise<LockHolder | undefined> {
  const names = await readdir('/proc').catch((): string[] => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  let found: number | undefined;
  await forEachLimited(pids, { concurrency: 8, signal }, async (pid) => {
    if (found === undefined && (await holdsLock(pid, path))) found = Number(pid);
  });
  return found === undefined ? undefined : describeProcess(found);
}

async function holdsLock(pid: string, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const fd of await readdir(folder).catch((): string[] => [])) {
    const target = await readlink(join(folder, fd)).catch(() => undefined);
    if (target !== path) continue;
    const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '');
    if (/^lock:/m.test(info)) return true;
  }
  return false;
}
