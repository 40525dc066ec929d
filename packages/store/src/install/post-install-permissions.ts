import { chmodSync, chownSync, type Stats } from 'node:fs';
import { BerthError, forEachInTurns, ioError } from '@berth/base';
import { installModes, type PackagePermissions } from '../layout/permissions.ts';
import { groupId } from './group.ts';
import { type TreeEntry, walkTree } from './walk-tree.ts';

export interface ApplyPermissionsOptions {
  readonly permissions: PackagePermissions;
  /** `config:allow_sgid`. */
  readonly allowSgid: boolean;
  readonly signal: AbortSignal;
}

const SPECIAL_BITS = 0o7000;
const EXECUTE_BITS = 0o111;
const SETUID = 0o4000;
const SETGID = 0o2000;

/**
 * Gives everything below `prefix`, and itself, the mode and group that the package's permissions ask for
 * (store-and-specs-on-disk C.3). Links are neither followed nor changed; setuid, setgid and sticky bits stay. Rejects with
 * ERR_UNSAFE_MODE (`policy`) for a setuid file that a group may write or a setgid file that everyone may.
 */
export async function applyPermissions(prefix: string, options: ApplyPermissionsOptions): Promise<void> {
  const modes = installModes(options.permissions, options.allowSgid);
  const { group } = options.permissions;
  const gid = group === undefined ? undefined : await groupId(group);
  await forEachInTurns(walkTree(prefix), options, async (entry) => {
    if (!entry.stats.isSymbolicLink()) change(entry, { mode: modeOf(entry.stats, modes), gid });
  });
}

function modeOf(stats: Stats, modes: ReturnType<typeof installModes>): number {
  if (stats.isDirectory()) return modes.directory | (stats.mode & SPECIAL_BITS);
  const table = (stats.mode & EXECUTE_BITS) === 0 ? modes.executable & ~EXECUTE_BITS : modes.executable;
  return table | (stats.mode & SPECIAL_BITS);
}

function change(entry: TreeEntry, wanted: { mode: number; gid: number | undefined }): void {
  const { path, location, stats } = entry;
  const { mode, gid } = wanted;
  if (!stats.isDirectory()) checkSafe(path, mode);
  const regroup = gid !== undefined && stats.gid !== gid;
  try {
    // Changing the group may clear the set-id bits: the mode comes last.
    if (regroup) chownSync(location, stats.uid, gid);
    if (regroup || (stats.mode & 0o7777) !== mode) chmodSync(location, mode);
  } catch (error) {
    throw ioError(`set permissions of ${path}`, error);
  }
}

function checkSafe(path: string, mode: number): void {
  const setuid = (mode & SETUID) !== 0 && (mode & 0o022) !== 0;
  const setgid = (mode & SETGID) !== 0 && (mode & 0o002) !== 0;
  if (!setuid && !setgid) return;
  throw new BerthError(
    'policy',
    'ERR_UNSAFE_MODE',
    `set permissions of ${path}: a ${setuid ? 'setuid' : 'setgid'} program would be writable by others`,
    { hint: 'Narrow permissions:write of this package.', details: { path, mode } },
  );
}
