import { stat } from 'node:fs/promises';
import { errnoCode, ioError } from '@berth/base';
import { type DatabaseSnapshot } from '@berth/store';
import { type PlannedInstall } from './install-plan.ts';

/**
 * True for a package that is recorded as installed and, where this tree is to have it, has its prefix: a killed uninstall
 * leaves a record without one (hostile-inputs K01).
 */
export async function isPresent(
  { spec, prefix }: Pick<PlannedInstall, 'spec' | 'prefix'>,
  snapshot: DatabaseSnapshot,
): Promise<boolean> {
  if (!snapshot.isInstalled(spec.hash)) return false;
  if (spec.external !== undefined || snapshot.local(spec.hash) === undefined) return true;
  try {
    return (await stat(prefix)).isDirectory();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return false;
    throw ioError(`look at ${prefix}`, error);
  }
}
