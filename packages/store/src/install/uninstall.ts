import { lstat, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, type Emit, errnoCode, ioError } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { type Database } from '../database/database.ts';
import { type DatabaseRecord } from '../database/record.ts';
import { isBelow, outsideRoot } from '../layout/inside-root.ts';
import { type ByteLock } from '../lock/lock-file.ts';
import { METADATA_FILES, METADATA_FOLDER, readPrefixHash } from './prefix-metadata.ts';
import { removeEmptyParents } from './remove-tree.ts';
import { createStaging, type Staging } from './staging.ts';
import { installedDependents } from './uninstall-plan.ts';

/** The parts of a store that removing a package takes. */
export interface UninstallTools {
  readonly root: string;
  readonly locks: boolean;
  readonly database: Database;
  readonly lockExclusively: (hash: DagHash, signal: AbortSignal) => Promise<ByteLock>;
  readonly emit: Emit;
}

export interface UninstallOptions {
  /** Remove it although installed packages need it. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/**
 * Removes one package and its record (store-and-specs-on-disk D.8): the prefix leaves the tree by one rename, then the
 * record goes, then the files; killed anywhere, a second run ends it. Of an external, and of what is not on disk, only the
 * record is removed. Rejects with ERR_NOT_INSTALLED (`notfound`), ERR_STILL_NEEDED (`busy`), ERR_PREFIX_OUTSIDE (`policy`).
 */
export async function uninstallPackage(tools: UninstallTools, hash: DagHash, options: UninstallOptions): Promise<void> {
  const { signal, force } = options;
  // The lock of the package before that of the database, as everyone takes them.
  const lock = await tools.lockExclusively(hash, signal);
  try {
    const snapshot = await tools.database.read({ signal });
    const record = snapshot.local(hash);
    if (record === undefined) throw notInstalled(hash);
    const dependents = installedDependents(snapshot, new Set([hash]));
    if (!force && dependents.length > 0) throw stillNeeded(record, dependents);
    const prefix = snapshot.spec(hash).external === undefined ? record.path : undefined;
    const removal = prefix === undefined ? 'record' : await whatToRemove(tools, prefix, record);
    if (removal === 'tree' && prefix !== undefined) await removeTreeAndRecord(tools, { hash, prefix, signal });
    else
      await tools.database.transaction(
        (records) => {
          records.remove(hash);
        },
        { signal },
      );
    if (removal === 'link' && prefix !== undefined) await unlink(prefix);
    await removeDeprecationFile(record, snapshot.get(record.deprecatedFor ?? hash));
  } finally {
    await lock.release();
  }
}

type Removal = 'tree' | 'link' | 'record';

async function whatToRemove(tools: UninstallTools, prefix: string, record: DatabaseRecord): Promise<Removal> {
  const stats = await lstat(prefix).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined;
    throw ioError(`look at ${prefix}`, error);
  });
  if (stats === undefined) return 'record';
  if (!isBelow(tools.root, prefix)) throw outsideRoot(tools.root, prefix);
  // The prefix of a deprecated package is a link to its replacement, which stays.
  if (stats.isSymbolicLink()) return record.deprecatedFor === undefined ? 'record' : 'link';
  if (!stats.isDirectory()) return 'record';
  const found = await readPrefixHash(prefix).catch(() => undefined);
  if (found === undefined || found === record.hash) return 'tree';
  tools.emit({
    type: 'warning',
    code: 'ERR_PREFIX_OF_ANOTHER',
    message: `uninstall ${record.node.name}/${record.hash.slice(0, 7)}: ${prefix} holds another package (${found}) and stays`,
  });
  return 'record';
}

async function removeTreeAndRecord(
  tools: UninstallTools,
  target: { readonly hash: DagHash; readonly prefix: string; readonly signal: AbortSignal },
): Promise<void> {
  const { hash, prefix, signal } = target;
  await using staging = await createStaging({ root: tools.root, prefix, locks: tools.locks, signal });
  await withdraw(staging, prefix);
  try {
    await tools.database.transaction(
      (records) => {
        records.remove(hash);
      },
      { signal },
    );
  } catch (error) {
    await rename(staging.path, prefix);
    throw error;
  }
  await removeEmptyParents(prefix, tools.root);
}

async function withdraw(staging: Staging, prefix: string): Promise<void> {
  try {
    await rename(prefix, staging.path);
  } catch (error) {
    throw ioError(`remove ${prefix}`, error);
  }
}

async function removeDeprecationFile(old: DatabaseRecord, replacement: DatabaseRecord | undefined): Promise<void> {
  if (old.deprecatedFor === undefined || replacement?.path === undefined) return;
  const folder = join(replacement.path, METADATA_FOLDER, METADATA_FILES.deprecated);
  await rm(join(folder, `${old.hash}_${METADATA_FILES.spec}`), { force: true });
}

function notInstalled(hash: DagHash): BerthError {
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `uninstall ${hash}: no such package in this install tree`, {
    details: { hash },
  });
}

function stillNeeded(record: DatabaseRecord, dependents: readonly DatabaseRecord[]): BerthError {
  const names = dependents.map((dependent) => `${dependent.node.name}/${dependent.hash.slice(0, 7)}`);
  const what = `${record.node.name}/${record.hash.slice(0, 7)}`;
  return new BerthError('busy', 'ERR_STILL_NEEDED', `uninstall ${what}: ${names.join(', ')} need it`, {
    hint: 'Use --dependents to remove those too, or --force to remove it anyway.',
    details: { hash: record.hash, dependents: dependents.map((dependent) => dependent.hash) },
  });
}
