export { DEFAULT_GZIP_LEVEL } from './codec/gzip.ts';
export { type BuildInfoSource, packPrefix, type PackOptions } from './pack/pack.ts';
export { type PrefixEntry, walkPrefix } from './pack/walk.ts';
export { type PackedArchive, writePackage, type WritePackageOptions } from './pack/write-package.ts';
export {
  digestArchive,
  type DigestArchiveOptions,
  storeArchive,
  type StoreArchiveOptions,
  type StoredArchive,
} from './unpack/store-archive.ts';
export type { UnpackedMember } from './unpack/settle.ts';
export { type UnpackedPackage, unpackPackage, type UnpackOptions } from './unpack/unpack.ts';
export { BUILD_INFO_PATH, type BuildInfo } from './build-info/build-info.ts';
export { classifyFile, FileClassifier, type FileKind } from './build-info/classify.ts';
export { type Relocations } from './build-info/collect-relocations.ts';
export { formatBuildInfo } from './build-info/format.ts';
export { parseBuildInfo, type ParseBuildInfoOptions } from './build-info/parse.ts';
export { applyRelocation } from './relocate/apply.ts';
export { bufferReader, type ByteReader } from './relocate/byte-reader.ts';
export { relocateBinary, type CStringOptions } from './relocate/c-string.ts';
export { type ElfImage, type ElfReading, readElf } from './relocate/elf/read.ts';
export { relocateLink } from './relocate/links.ts';
export { type MachOImage, type MachOReading, readMachO } from './relocate/mach-o.ts';
export { planRelocation } from './relocate/plan.ts';
export { createPrefixMap, type PrefixMap, type PrefixMapOptions, type PrefixPair } from './relocate/prefix-map.ts';
export { SBANG_SCRIPT } from './relocate/sbang-script.ts';
export { pruneSearchPaths, type PruneSearchPathsOptions } from './relocate/search-paths.ts';
export {
  rewriteShebangs,
  type RewriteShebangsOptions,
  type RewrittenShebangs,
  SHEBANG_LIMIT,
} from './relocate/shebang.ts';
export { needsRelocation, relocateText } from './relocate/text.ts';
export type {
  BinaryEdit,
  LinkEdit,
  RelocationMember,
  RelocationPlan,
  RelocationPlatform,
  RelocationRequest,
  RelocationWarning,
  TextEdit,
} from './relocate/types.ts';
