/** Everything in a tar file is a multiple of this many bytes. */
export const BLOCK_BYTES = 512;

/** Offset and length, both in bytes. */
export type FieldRange = readonly [start: number, length: number];

type FieldName =
  'name' | 'mode' | 'uid' | 'gid' | 'sizeBytes' | 'mtime' | 'checksum' | 'typeFlag' | 'linkName' | 'magic' | 'prefix';

/** Where the header fields are (POSIX.1 pax, "ustar Interchange Format"). */
export const FIELDS: Readonly<Record<FieldName, FieldRange>> = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  sizeBytes: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeFlag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
};

/** Magic and version of POSIX archives, and of those that old GNU tools write. */
export const USTAR_MAGIC = 'ustar\x0000';
export const GNU_MAGIC = 'ustar  \x00';

/** What a package archive is made of. */
export type MemberKind = 'file' | 'directory' | 'symlink' | 'hardlink';

/** One member of an archive, extended headers applied. */
export interface TarMember {
  /** As in the archive: a directory's may end in `/`. */
  readonly name: string;
  readonly kind: MemberKind;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Bytes of data that follow; 0 for everything but files. */
  readonly sizeBytes: number;
  /** Target of a link, verbatim; without meaning for the rest. */
  readonly linkName: string;
}

/** Zero bytes from `sizeBytes` up to the next block boundary. */
export function paddingAfter(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Sum of a header's bytes, its checksum field counted as eight spaces. */
export function checksumOf(block: Uint8Array): number {
  const [start, length] = FIELDS.checksum;
  let sum = length * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    if (at < start || at >= start + length) sum += block[at] ?? 0;
  }
  return sum;
}

/** True when every byte of the range is zero. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== 0) return false;
  }
  return true;
}
