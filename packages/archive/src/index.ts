export { DEFAULT_GZIP_LEVEL } from './codec/gzip.ts';
export { packPrefix, type PackOptions } from './pack/pack.ts';
export { type PrefixEntry, walkPrefix } from './pack/walk.ts';
export { type PackedArchive, writePackage, type WritePackageOptions } from './pack/write-package.ts';
export type { UnpackedMember } from './unpack/settle.ts';
export { type UnpackedPackage, unpackPackage, type UnpackOptions } from './unpack/unpack.ts';
