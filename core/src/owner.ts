import { BerthError } from '@berth/base';
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Who may write what berth is about to obey. `undefined` where the system has no user numbers. */
export interface OwnerCheck {
  readonly uid: number | undefined;
}

/**
 * Rejects with ERR_FOREIGN_FILE (`config`) when somebody other than this user or root owns the file, the link that leads
 * to it or its folder, or when anybody may write the file (hostile-inputs Y16): its content would be theirs.
 */
export async function refuseForeign(file: string, { uid }: OwnerCheck): Promise<void> {
  if (uid === undefined) return;
  const folder = dirname(file);
  const [link, target, parent] = await Promise.all([lstat(file), stat(file), stat(folder)]);
  const foreign = [link, target].find((found) => found.uid !== uid && found.uid !== 0);
  if (foreign !== undefined) throw foreignError(file, `it belongs to user ${foreign.uid}`, `chown ${uid} '${file}'`);
  if ((target.mode & 0o002) !== 0) throw foreignError(file, 'every user may write it', `chmod o-w '${file}'`);
  if (parent.uid !== uid && parent.uid !== 0) {
    throw foreignError(file, `its folder belongs to user ${parent.uid}`, `chown ${uid} '${folder}'`);
  }
}

function foreignError(file: string, why: string, fix: string): BerthError {
  return new BerthError('config', 'ERR_FOREIGN_FILE', `${file}: not read: ${why}`, {
    hint: `If the content is what you want, make it yours (${fix}); else remove the file or work elsewhere.`,
    details: { file },
  });
}
