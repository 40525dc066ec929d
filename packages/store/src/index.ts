export * from './database/database.ts';
export { DATABASE_FILES } from './database/index-file.ts';
export {
  DATABASE_VERSION,
  type DatabaseIndex,
  formatDatabaseIndex,
  parseDatabaseIndex,
} from './database/index-text.ts';
export { type DatabaseRecord, recordState, type RecordState } from './database/record.ts';
export { type ReindexResult } from './database/reindex.ts';
export {
  type DatabaseScope,
  DatabaseSnapshot,
  type InstalledSpec,
  type RecordQuery,
  type SnapshotSources,
} from './database/snapshot.ts';
export { type StoredEdge, StoredNode } from './database/stored-node.ts';
export { type AddOptions, DatabaseTransaction, type TransactionWorld } from './database/transaction.ts';
export { readUpstreams, type UpstreamTree } from './database/upstreams.ts';
export * from './environment/fold.ts';
export * from './environment/modifications.ts';
export * from './environment/run-environment.ts';
export * from './environment/shell.ts';
export { type FailureMarks, openFailureMarks } from './install/failures.ts';
export * from './install/install-manifest.ts';
export * from './install/install-sbang.ts';
export { applyPermissions, type ApplyPermissionsOptions } from './install/post-install-permissions.ts';
export * from './install/prefix-metadata.ts';
export { removeEmptyParents, removeTree } from './install/remove-tree.ts';
export { createStaging, type Staging, STAGING_PREFIX, type StagingOptions, sweepStaging } from './install/staging.ts';
export { type UninstallOptions } from './install/uninstall.ts';
export * from './install/uninstall-plan.ts';
export { createLayout, databaseDirectoryOf, type Layout, type LayoutOptions, sbangPath } from './layout/layout.ts';
export * from './layout/padding.ts';
export * from './layout/permissions.ts';
export { chooseProjection, DEFAULT_PROJECTIONS, projectedPath, type Projections } from './layout/projections.ts';
export { type ViewDescriptor, viewDirectoryHash } from './layout/view-hash.ts';
export { type ByteRange, type LockMode } from './lock/fcntl.ts';
export { type AcquireOptions, type ByteLock, type LockFile, lockFileAt } from './lock/lock-file.ts';
export { type LockHolder } from './lock/lock-holder.ts';
export { byteOf } from './lock/spec-lock.ts';
export * from './store.ts';
export * from './open-configured.ts';
