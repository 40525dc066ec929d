/** The compression of package archives: the only one that every reader of a build cache knows (buildcache-formats §3.3). */
export const ARCHIVE_COMPRESSION = 'gzip';

/** This many leading bytes are enough to tell the formats below apart. */
export const MAGIC_BYTES = 512;

const MAGICS: readonly (readonly [format: string, offset: number, bytes: string])[] = [
  ['gzip', 0, '\x1f\x8b'],
  ['zstd', 0, '\x28\xb5\x2f\xfd'],
  ['xz', 0, '\xfd7zXZ\x00'],
  ['bzip2', 0, 'BZh'],
  ['zip', 0, 'PK\x03\x04'],
  ['uncompressed tar', 257, 'ustar'],
];

/** What the first bytes of a file say it is; `undefined` when they say nothing known. */
export function detectFormat(head: Buffer): string | undefined {
  return MAGICS.find(([, offset, bytes]) => head.toString('latin1', offset, offset + bytes.length) === bytes)?.[0];
}
