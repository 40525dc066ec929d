import { isUtf8 } from 'node:buffer';
import { type BigIntStats } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errnoCode, ioError } from '@berth/base';
import { type DagHash } from '@berth/spec';
import {
  DATABASE_VERSION,
  type DatabaseIndex,
  EMPTY_INDEX,
  formatDatabaseIndex,
  formatError,
  parseDatabaseIndex,
} from './index-text.ts';
import { type DatabaseRecord } from './record.ts';

/** An index as it was read, and what tells whether the file is still the same. */
export interface ReadIndex {
  readonly index: DatabaseIndex;
  /** `undefined` when it must be read again every time. */
  readonly fingerprint: string | undefined;
}

/** The names in a database directory (store-and-specs-on-disk C.4). */
export const DATABASE_FILES = {
  index: 'index.json',
  verifier: 'index_verifier',
  backup: 'index.json.bkp',
  lock: 'lock',
  prefixLock: 'prefix_lock',
  failureLock: 'prefix_failures',
  failures: 'failures',
} as const;

/**
 * The index in `directory`; `known` is returned when nothing changed since. A missing file is an empty database. No lock is
 * needed: the file is only ever replaced as a whole.
 */
export async function readIndexFile(directory: string, known?: ReadIndex): Promise<ReadIndex> {
  const path = join(directory, DATABASE_FILES.index);
  // The verifier first: a writer replaces it last, so what is read after it is at least as new.
  const verifier = await readFile(join(directory, DATABASE_FILES.verifier), 'utf8').catch(() => '');
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return { index: EMPTY_INDEX, fingerprint: undefined };
    throw ioError(`read database ${path}`, error);
  }
  try {
    const fingerprint = fingerprintOf(verifier, await file.stat({ bigint: true }));
    if (known !== undefined && fingerprint !== undefined && known.fingerprint === fingerprint) return known;
    return { index: parseDatabaseIndex(decode(await file.readFile(), path), `database ${path}`), fingerprint };
  } catch (error) {
    throw ioError(`read database ${path}`, error);
  } finally {
    await file.close();
  }
}

/**
 * Replaces the index and then its verifier (store-and-specs-on-disk C.7), and returns what a reader would now read. The
 * caller holds the exclusive database lock. When it fails, the old index is intact and no temporary file stays.
 */
export async function writeIndexFile(
  directory: string,
  records: ReadonlyMap<DagHash, DatabaseRecord>,
  options: { /** False when locks are switched off. */ readonly alone: boolean },
): Promise<ReadIndex> {
  const path = join(directory, DATABASE_FILES.index);
  const temporary = `${path}.${hostname()}.${process.pid}${TEMPORARY_SUFFIX}`;
  const verifier = randomUUID();
  try {
    await mkdir(directory, { recursive: true });
    if (options.alone) await removeLeftovers(directory);
    await writeFile(temporary, formatDatabaseIndex(records.values()));
    const fingerprint = fingerprintOf(verifier, await stat(temporary, { bigint: true }));
    await rename(temporary, path);
    await writeVerifier(join(directory, DATABASE_FILES.verifier), verifier);
    return { index: { version: DATABASE_VERSION, records }, fingerprint };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw ioError(`write database ${path}`, error);
  }
}

const TEMPORARY_SUFFIX = '.temp';

/** What killed writers left; nobody else may be writing. */
async function removeLeftovers(directory: string): Promise<void> {
  const isLeftover = (name: string): boolean =>
    name.startsWith(`${DATABASE_FILES.index}.`) && name.endsWith(TEMPORARY_SUFFIX);
  for (const name of (await readdir(directory)).filter(isLeftover)) await rm(join(directory, name), { force: true });
}

/** When it cannot be written it is removed: without it every reader reads the index again, so nothing is lost. */
async function writeVerifier(path: string, verifier: string): Promise<void> {
  await writeFile(path, verifier).catch(async () => rm(path, { force: true }));
}

/** Without a verifier the file must be read every time. */
function fingerprintOf(verifier: string, { ino, size, mtimeNs }: BigIntStats): string | undefined {
  return verifier === '' ? undefined : [verifier, ino, size, mtimeNs].join(' ');
}

function decode(bytes: Buffer, path: string): string {
  if (!isUtf8(bytes)) throw formatError(`database ${path}`, 'not UTF-8 text');
  return bytes.toString('utf8');
}
