// What tar and gzip alone take for the same bytes: the limit that nobody is expected to beat by much.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Packs each prefix into an archive of its own.
 * @param {string[]} prefixes
 * @param {string} target
 * @returns {string[]}
 */
export function packCommand(prefixes, target) {
  return [
    'bash',
    '-c',
    'out=$1; shift; n=0; for p; do tar -czf "$out/$((n+=1)).tgz" "$p" || exit; done',
    'bash',
    target,
    ...prefixes,
  ];
}

/**
 * Unpacks every package archive of a mirror.
 * @param {string} mirror
 * @param {string} target
 * @returns {string[]}
 */
export function unpackCommand(mirror, target) {
  return [
    'bash',
    '-c',
    'out=$1; shift; for b; do tar -xzf "$b" -C "$out" || exit; done',
    'bash',
    target,
    ...archivesOf(mirror),
  ];
}

/** Bytes of all package archives of a mirror. */
export function archiveBytes(mirror) {
  return packageRecords(mirror).reduce((sum, { contentLength }) => sum + contentLength, 0);
}

function archivesOf(mirror) {
  return packageRecords(mirror).map(({ checksum }) => join(mirror, 'blobs/sha256', checksum.slice(0, 2), checksum));
}

function packageRecords(mirror) {
  const manifests = readdirSync(join(mirror, 'v3/manifests/spec'), { recursive: true, encoding: 'utf8' });
  return manifests
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(mirror, 'v3/manifests/spec', name), 'utf8')))
    .map(({ data }) => data.find(({ mediaType }) => mediaType.startsWith('application/vnd.spack.install')));
}
