import { BUILD_INFO_PATH } from '../build-info/build-info.ts';
import { prefixError, shown } from '../failures.ts';
import { isWithin } from '../member-path.ts';

/** What has to be known of a member to tell where the package's prefix is. */
export interface ListedMember {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** False for a hard link, and for a directory that only follows from the names of others. */
  readonly explicit: boolean;
}

/**
 * The prefix that an archive holds, from its members by path: two levels above the shortest-named regular file
 * `.spack/binary_distribution`. Every other member must lie below it or be a directory above it, and the prefix must have an
 * entry of its own, else an `archive` error (buildcache-formats §12.1; hostile-inputs A04, A35–A37).
 */
export function findCommonPrefix(members: ReadonlyMap<string, ListedMember>, what: string): string {
  const prefix = prefixOf(members, what);
  const own = members.get(prefix);
  if (own?.kind !== 'directory' || !own.explicit) {
    throw prefixError(what, `the prefix ${shown(prefix)} has no directory entry`);
  }
  for (const [path, { kind }] of members) {
    if (isWithin(path, prefix) || (kind === 'directory' && isWithin(prefix, path))) continue;
    throw prefixError(what, `${shown(path)} lies outside of the prefix ${shown(prefix)}`);
  }
  return prefix;
}

function prefixOf(members: ReadonlyMap<string, ListedMember>, what: string): string {
  const suffix = `/${BUILD_INFO_PATH}`;
  let shortest: string | undefined;
  let isTied = false;
  for (const [path, { kind, explicit }] of members) {
    if (kind !== 'file' || !explicit || !(path === BUILD_INFO_PATH || path.endsWith(suffix))) continue;
    if (shortest === undefined || path.length < shortest.length) {
      shortest = path;
      isTied = false;
    } else if (path.length === shortest.length) {
      isTied = true;
    }
  }
  if (shortest === undefined) throw prefixError(what, `it has no file ${BUILD_INFO_PATH}`);
  if (isTied) throw prefixError(what, `it has two files ${BUILD_INFO_PATH} with names of equal length`);
  if (shortest === BUILD_INFO_PATH) throw prefixError(what, 'it has no directory for the prefix');
  return shortest.slice(0, -suffix.length);
}
