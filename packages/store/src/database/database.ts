import { join } from 'node:path';
import { BerthError, createLimiter, type Limiter } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type LockMode } from '../lock/fcntl.ts';
import { type ByteLock, type LockFile, lockFileAt } from '../lock/lock-file.ts';
import { DATABASE_FILES, readIndexFile, type ReadIndex, writeIndexFile } from './index-file.ts';
import { DATABASE_VERSION, type DatabaseIndex } from './index-text.ts';
import { DatabaseSnapshot } from './snapshot.ts';
import { DatabaseTransaction, type TransactionWorld } from './transaction.ts';

export interface DatabaseOptions {
  /** The `.spack-db` directory. */
  readonly directory: string;
  /** False with `config:locks: false`: only the tasks of this process exclude each other then. */
  readonly locks: boolean;
  readonly lockTimeoutMs: number | undefined;
  readonly upstreams: readonly DatabaseSnapshot[];
  readonly defaultPrefix: (spec: ConcreteSpec) => string;
  readonly isOnDisk: TransactionWorld['isOnDisk'];
  readonly onMissingDependency: (parent: DagHash, child: string) => void;
}

export interface Database {
  readonly directory: string;
  /** What is recorded now. Takes no lock, and reads the file only when it has changed. */
  readonly read: (options: { readonly signal: AbortSignal }) => Promise<DatabaseSnapshot>;
  /**
   * Calls `change` with the records under the exclusive lock and writes what it changed in one step; when it throws, nothing
   * is written. Rejects with ERR_LOCK_TIMEOUT (`busy`). Transactions do not nest.
   */
  readonly transaction: <T>(
    change: (transaction: DatabaseTransaction) => T | Promise<T>,
    options: TransactionOptions,
  ) => Promise<T>;
  /** The lock of the whole database, for what must exclude all its users. */
  readonly lock: (mode: LockMode, options: { readonly signal: AbortSignal }) => Promise<ByteLock>;
}

export interface TransactionOptions {
  readonly signal: AbortSignal;
  /** Start from no records when they cannot be read; a reindex does. */
  readonly ignoreDamage?: boolean;
}

const WHOLE_FILE = { start: 0n, length: 0n } as const;

export function openDatabase(options: DatabaseOptions): Database {
  const state: DatabaseState = {
    options,
    lockFile: lockFileAt(join(options.directory, DATABASE_FILES.lock), { kernel: options.locks }),
    turn: createLimiter(1),
    known: undefined,
    snapshot: undefined,
  };
  return {
    directory: options.directory,
    read: async ({ signal }) => {
      signal.throwIfAborted();
      return refresh(state, await readIndexFile(options.directory, state.known));
    },
    transaction: async (change, transactionOptions) =>
      // One at a time: the tasks of this process queue here instead of polling for the lock.
      state.turn(async () => transact(state, change, transactionOptions)),
    lock: async (mode, { signal }) => lockDatabase(state, mode, signal),
  };
}

interface DatabaseState {
  readonly options: DatabaseOptions;
  readonly lockFile: LockFile;
  readonly turn: Limiter;
  known: ReadIndex | undefined;
  snapshot: DatabaseSnapshot | undefined;
}

/** The snapshot of what was read; the same one as long as the file is the same, so that its specs are built once. */
function refresh(state: DatabaseState, read: ReadIndex): DatabaseSnapshot {
  if (read === state.known && state.snapshot !== undefined) return state.snapshot;
  checkVersion(read.index, state.options.directory);
  const { upstreams, defaultPrefix, onMissingDependency, directory } = state.options;
  const what = `database ${directory}`;
  state.known = read;
  state.snapshot = new DatabaseSnapshot({ index: read.index, what, upstreams, defaultPrefix, onMissingDependency });
  return state.snapshot;
}

async function transact<T>(
  state: DatabaseState,
  change: (transaction: DatabaseTransaction) => T | Promise<T>,
  { signal, ignoreDamage = false }: TransactionOptions,
): Promise<T> {
  const { directory, locks } = state.options;
  const lock = await lockDatabase(state, 'exclusive', signal);
  try {
    const { index } = await readLocked(state, ignoreDamage);
    const transaction = new DatabaseTransaction(index.records, worldOf(state.options));
    const result = await change(transaction);
    signal.throwIfAborted();
    if (transaction.changed) refresh(state, await writeIndexFile(directory, transaction.records(), { alone: locks }));
    return result;
  } finally {
    await lock.release();
  }
}

async function readLocked(state: DatabaseState, ignoreDamage: boolean): Promise<ReadIndex> {
  try {
    const read = await readIndexFile(state.options.directory, state.known);
    refresh(state, read);
    return read;
  } catch (error) {
    if (!ignoreDamage) throw error;
    return { index: { version: DATABASE_VERSION, records: new Map() }, fingerprint: undefined };
  }
}

function worldOf(options: DatabaseOptions): TransactionWorld {
  return {
    installedUpstream: (hash) => options.upstreams.some((upstream) => upstream.local(hash)?.installed === true),
    prefixOf: options.defaultPrefix,
    isOnDisk: options.isOnDisk,
    nowSeconds: () => Date.now() / 1000,
  };
}

async function lockDatabase(state: DatabaseState, mode: LockMode, signal: AbortSignal): Promise<ByteLock> {
  const { directory, lockTimeoutMs } = state.options;
  return state.lockFile.acquire(WHOLE_FILE, { mode, timeoutMs: lockTimeoutMs, signal, what: `database ${directory}` });
}

/** A local database is read in one version only; older ones are for a reindex to turn into it. */
function checkVersion(index: DatabaseIndex, directory: string): void {
  if (index.version === DATABASE_VERSION) return;
  const newer = Number(index.version) > Number(DATABASE_VERSION);
  throw new BerthError(
    'index',
    'ERR_DATABASE_VERSION',
    `read database ${directory}: it has version ${index.version}, this program reads version ${DATABASE_VERSION}`,
    {
      hint: newer ? 'Use a newer berth.' : 'Bring the database up to date: berth reindex.',
      details: { directory, version: index.version },
    },
  );
}
