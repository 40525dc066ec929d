import {
  BerthError,
  formatJson,
  type JsonFields,
  JsonFields as Fields,
  parseSha256,
  parseStrictJson,
  type Sha256,
  toJson,
} from '@berth/base';
import { type BlobDescriptor } from '../mirror.ts';
import { blobKey } from './keys.ts';

/** One record of a v3 manifest (buildcache-formats §6.1): a stored blob and how it is compressed. */
export interface ManifestRecord {
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly compression: string;
  readonly digest: Sha256;
}

/** Written media types; a reader accepts every generation it can parse. */
export const MEDIA_TYPES = {
  archive: 'application/vnd.spack.install.v2.tar+gzip',
  spec: 'application/vnd.spack.spec.v5+json',
  index: 'application/vnd.spack.db.v8+json',
} as const;

const SPEC_TYPE = /^application\/vnd\.spack\.spec\.v(\d+)\+json$/;
const INDEX_TYPE = /^application\/vnd\.spack\.db\.v(\d+)\+json$/;
const NEWEST = { spec: 5, index: 8 } as const;
const SUPPORTED_VERSION = 3;

/** Newline form, without a newline at the end: what Spack writes and a clear-signature survives (§2.3). */
export function formatManifest(records: readonly ManifestRecord[]): string {
  const data = records.map((record) => ({
    contentLength: record.sizeBytes,
    mediaType: record.mediaType,
    compression: record.compression,
    checksumAlgorithm: 'sha256',
    checksum: record.digest,
  }));
  return formatJson(toJson({ version: SUPPORTED_VERSION, data }), 'newline');
}

/**
 * Reads a v3 manifest. Unknown fields are ignored. Rejects with `format`: not strict JSON, wrong or missing fields (with their
 * JSON pointer), an algorithm other than `sha256`, another manifest version (hostile-inputs J01–J13).
 */
export function parseManifest(text: string | Uint8Array, what: string): readonly ManifestRecord[] {
  const fields = new Fields(parseStrictJson(text, { what }), { what });
  checkVersion(fields.count('version'), what);
  return fields.eachFields('data').map((record) => parseRecord(record, what));
}

function parseRecord(record: JsonFields, what: string): ManifestRecord {
  const algorithm = record.string('checksumAlgorithm');
  if (algorithm !== 'sha256')
    throw record.error('checksumAlgorithm', `expected sha256, found ${JSON.stringify(algorithm.slice(0, 40))}`);
  return {
    sizeBytes: record.count('contentLength'),
    mediaType: record.string('mediaType'),
    compression: record.string('compression'),
    digest: parseSha256(record.string('checksum'), `${what}: checksum`),
  };
}

function checkVersion(version: number, what: string): void {
  if (version === SUPPORTED_VERSION) return;
  const why = version > SUPPORTED_VERSION ? 'needs a newer version of berth' : 'not a version that was ever written';
  throw new BerthError('format', 'ERR_LAYOUT_VERSION', `${what}: manifest version ${version}: ${why}`, {
    details: { version },
  });
}

/** The two blobs of a package manifest. Exactly one spec, at most one archive; unknown extra blobs are ignored (J15). */
export function packageBlobs(
  records: readonly ManifestRecord[],
  what: string,
): { readonly spec: BlobDescriptor; readonly archive: BlobDescriptor | undefined } {
  const spec = single(records, (type) => SPEC_TYPE.test(type), `${what}: spec`);
  const archive = single(records, (type) => type === MEDIA_TYPES.archive, `${what}: archive`);
  if (spec === undefined) throw new BerthError('format', 'ERR_MANIFEST', `${what}: names no spec document`);
  checkGeneration(spec.mediaType, { pattern: SPEC_TYPE, newest: NEWEST.spec, what });
  requireCompression(spec, ['gzip', 'none'], what);
  if (archive !== undefined) requireCompression(archive, ['gzip'], what);
  return { spec: descriptorOf(spec), archive: archive && descriptorOf(archive) };
}

/** The blob of an index manifest. */
export function indexBlob(records: readonly ManifestRecord[], what: string): BlobDescriptor {
  const record = records.find(({ mediaType }) => INDEX_TYPE.test(mediaType));
  if (record === undefined) throw new BerthError('index', 'ERR_MANIFEST', `${what}: names no index`);
  checkGeneration(record.mediaType, { pattern: INDEX_TYPE, newest: NEWEST.index, what });
  requireCompression(record, ['none'], what);
  return descriptorOf(record);
}

function single(
  records: readonly ManifestRecord[],
  matches: (type: string) => boolean,
  what: string,
): ManifestRecord | undefined {
  const found = records.filter(({ mediaType }) => matches(mediaType));
  if (found.length > 1) throw new BerthError('format', 'ERR_MANIFEST', `${what}: named ${found.length} times`);
  return found[0];
}

function checkGeneration(
  mediaType: string,
  known: { readonly pattern: RegExp; readonly newest: number; readonly what: string },
): void {
  const generation = Number(known.pattern.exec(mediaType)?.[1]);
  if (generation <= known.newest) return;
  throw new BerthError('format', 'ERR_LAYOUT_VERSION', `${known.what}: ${mediaType}: needs a newer version of berth`);
}

function requireCompression({ compression, mediaType }: ManifestRecord, known: readonly string[], what: string): void {
  if (known.includes(compression)) return;
  throw new BerthError(
    'format',
    'ERR_MANIFEST',
    `${what}: ${mediaType}: compression ${JSON.stringify(compression)} is not known`,
  );
}

function descriptorOf({ digest, sizeBytes, mediaType }: ManifestRecord): BlobDescriptor {
  return { digest, sizeBytes, mediaType, key: blobKey(digest) };
}
