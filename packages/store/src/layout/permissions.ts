import { BerthError } from '@berth/base';

export type Audience = 'user' | 'group' | 'world';

/** Who may read and write a package (`packages:<name>:permissions`). */
export interface PackagePermissions {
  readonly read: Audience;
  readonly write: Audience;
  /** Name or number of the group that owns the files; unchanged if not given. */
  readonly group?: string | undefined;
}

/** Permission bits of what is installed. */
export interface InstallModes {
  /** Of directories, the setgid bit included. */
  readonly directory: number;
  /** Of executable files; others lose the execute bits. */
  readonly executable: number;
}

export const DEFAULT_PERMISSIONS: PackagePermissions = { read: 'world', write: 'user' };

const READ_BITS: Readonly<Record<Audience, number>> = { user: 0o700, group: 0o750, world: 0o755 };
const WRITE_BITS: Readonly<Record<Audience, number>> = { user: 0, group: 0o020, world: 0o022 };
const SETGID = 0o2000;
const GROUP_BITS = 0o070;
const RANK: Readonly<Record<Audience, number>> = { user: 0, group: 1, world: 2 };

/**
 * The modes of a package's directories and files (store-and-specs-on-disk C.3). Directories get the setgid bit where a group
 * has rights and `allowSgid` (`config:allow_sgid`) is set. Throws ERR_PERMISSIONS (`config`) when more people may write than
 * read.
 */
export function installModes(permissions: PackagePermissions, allowSgid: boolean): InstallModes {
  const { read, write } = permissions;
  if (RANK[write] > RANK[read]) {
    throw new BerthError(
      'config',
      'ERR_PERMISSIONS',
      `read permissions: write is for ${write}, but read only for ${read}`,
      {
        hint: 'Give at least as many people the right to read as the right to write.',
      },
    );
  }
  const executable = READ_BITS[read] | WRITE_BITS[write];
  const setgid = allowSgid && (executable & GROUP_BITS) !== 0 ? SETGID : 0;
  return { executable, directory: executable | setgid };
}
