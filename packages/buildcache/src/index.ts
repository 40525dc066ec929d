export * from './archive-memory.ts';
export * from './binding.ts';
export * from './blob-cache.ts';
export * from './clear-cache.ts';
export * from './clearsigned.ts';
export {
  documentText,
  readEntrySpec,
  type ReadEntrySpecOptions,
  type StoredDocument,
  withSignedText,
} from './entry.ts';
export * from './failures.ts';
export { IndexBuilder } from './index-build.ts';
export * from './index-cache.ts';
export * from './mirror.ts';
export { mirrorSource, type SizedBlob } from './mirror-source.ts';
export * from './names.ts';
export * from './object-store-mirror.ts';
export {
  mergeIndexes,
  type PackageIndex,
  readPackageIndex,
  type ReadIndexOptions,
  type StoredIndex,
} from './package-index.ts';
export { memoryAccess, openFileAccess, type RandomAccess, spool, type SpoolOptions } from './random-access.ts';
export * from './v3/keys.ts';
export * from './v3/manifest.ts';
export { ageUnknown } from './v3/prune.ts';
export * from './v3/spec-blob.ts';
