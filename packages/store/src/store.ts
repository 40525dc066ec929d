import { join } from 'node:path';
import { BerthError, type Emit } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type Database, openDatabase } from './database/database.ts';
import { DATABASE_FILES } from './database/index-file.ts';
import { reindex, type ReindexResult } from './database/reindex.ts';
import { type DatabaseSnapshot } from './database/snapshot.ts';
import { readUpstreams, type UpstreamTree } from './database/upstreams.ts';
import { applyPermissions } from './install/post-install-permissions.ts';
import { isInstalledAt } from './install/prefix-metadata.ts';
import { type FailureMarks, openFailureMarks } from './install/failures.ts';
import { createStaging, type Staging, sweepStaging } from './install/staging.ts';
import { uninstallPackage, type UninstallOptions } from './install/uninstall.ts';
import { createLayout, type Layout } from './layout/layout.ts';
import { type PackagePermissions } from './layout/permissions.ts';
import { type Projections } from './layout/projections.ts';
import { type LockMode } from './lock/fcntl.ts';
import { type ByteLock, lockFileAt } from './lock/lock-file.ts';
import { byteOf } from './lock/spec-lock.ts';

export interface StoreOptions {
  /** `config:install_tree:root`, absolute, not padded. */
  readonly root: string;
  /** In the order of the configuration; see `DEFAULT_PROJECTIONS`. */
  readonly projections: Projections;
  /** Total length of the padded root; 0 or nothing for none. */
  readonly paddedLength?: number | undefined;
  /** `config:install_hash_length`. */
  readonly hashLength?: number | undefined;
  /** `packages:<name>:permissions` of a spec. */
  readonly permissionsOf: (spec: ConcreteSpec) => PackagePermissions;
  /** `config:allow_sgid`. */
  readonly allowSgid: boolean;
  /** `config:db_lock_timeout`; `undefined` waits for ever. */
  readonly databaseLockTimeoutMs: number | undefined;
  /** `config:package_lock_timeout`; `undefined` waits for ever. */
  readonly packageLockTimeoutMs: number | undefined;
  /** `config:locks`. */
  readonly locks: boolean;
  /** In the order of the configuration. */
  readonly upstreams: readonly UpstreamTree[];
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface LockSpecOptions {
  readonly mode: LockMode;
  readonly signal: AbortSignal;
  /** 0 is one attempt; `config:package_lock_timeout` if not given. */
  readonly timeoutMs?: number | undefined;
}

/** An install tree: where packages are, what is recorded of them, and who may touch them now. */
export interface Store {
  /** Padded, if padding was asked for. */
  readonly root: string;
  readonly layout: Layout;
  readonly database: Database;
  readonly failures: FailureMarks;
  readonly upstreams: readonly DatabaseSnapshot[];
  /** The path on record, else where the projections put it. */
  readonly prefixOf: (spec: ConcreteSpec, options: { readonly signal: AbortSignal }) => Promise<string>;
  /** The lock of one package: exclusive to install or remove it, shared to rely on it. Take it before the database's. */
  readonly lockSpec: (hash: DagHash, options: LockSpecOptions) => Promise<ByteLock>;
  /** A private folder for what will be at `prefix`. */
  readonly createStaging: (prefix: string, options: { readonly signal: AbortSignal }) => Promise<Staging>;
  /** Removes what killed processes left; returns the folders. */
  readonly sweepStaging: (options: { readonly signal: AbortSignal }) => Promise<readonly string[]>;
  /** Modes and group of an installed tree, by the permissions of its package. */
  readonly applyPermissions: (
    tree: string,
    options: { readonly spec: ConcreteSpec; readonly signal: AbortSignal },
  ) => Promise<void>;
  readonly uninstall: (hash: DagHash, options: UninstallOptions) => Promise<void>;
  readonly reindex: (options: { readonly signal: AbortSignal }) => Promise<ReindexResult>;
}

/**
 * Opens an install tree. Nothing is created before something is written; upstreams are read now, once. Rejects with
 * ERR_STORE_PLATFORM (`usage`) on Windows, ERR_PROJECTION (`config`), and when an upstream's database is damaged.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (process.platform === 'win32') throw noLocksHere();
  const { emit, locks, signal } = options;
  const layout = createLayout(options);
  const { root, databaseDirectory: directory, defaultPrefix } = layout;
  const onMissingDependency = (parent: DagHash, child: string): void => {
    emit({ type: 'debug', message: `database ${directory}: ${parent} depends on ${child}, which no database knows` });
  };
  const upstreams = await readUpstreams(options.upstreams, { defaultPrefix, onMissingDependency, signal });
  const database = openDatabase({
    ...{ directory, locks, upstreams, defaultPrefix, onMissingDependency },
    lockTimeoutMs: options.databaseLockTimeoutMs,
    isOnDisk: async (spec, prefix) => isInstalledAt(prefix, spec.hash),
  });
  const prefixLock = lockFileAt(join(directory, DATABASE_FILES.prefixLock), { kernel: locks });
  const lockSpec: Store['lockSpec'] = async (hash, request) => {
    const timeoutMs = 'timeoutMs' in request ? request.timeoutMs : options.packageLockTimeoutMs;
    return prefixLock.acquire(byteOf(hash), { ...request, timeoutMs, what: `package ${hash}` });
  };
  return {
    ...{ root, layout, database, upstreams, lockSpec },
    failures: openFailureMarks({ directory, locks }),
    prefixOf: async (spec, call) => (await database.read(call)).prefixOf(spec),
    createStaging: async (prefix, call) => createStaging({ root, prefix, locks, signal: call.signal }),
    sweepStaging: async (call) => sweepStaging(root, { locks, signal: call.signal }),
    applyPermissions: async (tree, { spec, signal: callSignal }) =>
      applyPermissions(tree, {
        permissions: options.permissionsOf(spec),
        allowSgid: options.allowSgid,
        signal: callSignal,
      }),
    uninstall: async (hash, call) => {
      const lockExclusively = async (of: DagHash, callSignal: AbortSignal): Promise<ByteLock> =>
        lockSpec(of, { mode: 'exclusive', signal: callSignal });
      await uninstallPackage({ root, locks, database, lockExclusively, emit }, hash, call);
    },
    reindex: async (call) => {
      const isUpstream = (hash: DagHash): boolean => upstreams.some((upstream) => upstream.local(hash) !== undefined);
      return reindex({ root, database, isUpstream, emit, signal: call.signal });
    },
  };
}

function noLocksHere(): BerthError {
  return new BerthError(
    'usage',
    'ERR_STORE_PLATFORM',
    'open the install tree: Windows has no byte-range locks of the kind it needs',
    {
      hint: 'Use berth on Linux or macOS to install; mirrors work here too.',
    },
  );
}
