import { resolve, sep } from 'node:path';
import { BerthError } from '@berth/base';

/** True for a path strictly below `root`, as text: nothing of it needs to exist. */
export function isBelow(root: string, path: string): boolean {
  return path === resolve(path) && path.startsWith(root === sep ? sep : root + sep);
}

/** The refusal to touch what lies outside the install tree. */
export function outsideRoot(root: string, prefix: string): BerthError {
  return new BerthError('policy', 'ERR_PREFIX_OUTSIDE', `change ${prefix}: it is not below the install tree ${root}`, {
    hint: 'Correct the path of this package in the database: berth reindex.',
    details: { root, prefix },
  });
}
