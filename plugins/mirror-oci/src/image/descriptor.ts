import {
  BerthError,
  type JsonFields,
  jsonNumber,
  type JsonObject,
  type JsonValue,
  sha256Of,
  type Sha256,
} from '@berth/base';
import { plainMediaType } from '../media-types.ts';
import { formatOciDigest, parseOciDigest } from '../reference.ts';

/** What names a blob or document in a manifest (OCI image-spec 1.1, "Descriptor"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Sha256;
  readonly sizeBytes: number;
  /** It says that its bytes are elsewhere too. Those addresses are never asked (hostile-inputs R06). */
  readonly foreign?: boolean;
}

/**
 * Reads a descriptor. Throws `format` for wrong fields, and `digest` when the data that it carries is not what its digest says
 * (hostile-inputs R07, J03, J12).
 */
export function parseDescriptor(fields: JsonFields, what: string): Descriptor {
  const digest = parseOciDigest(fields.string('digest'), `${what}: digest of a descriptor`);
  const sizeBytes = fields.count('size');
  checkData(fields, { digest, sizeBytes, what });
  const foreign = fields.has('urls') && fields.array('urls').length > 0;
  return { mediaType: plainMediaType(fields.string('mediaType')), digest, sizeBytes, ...(foreign ? { foreign } : {}) };
}

function checkData(
  fields: JsonFields,
  expected: { readonly digest: Sha256; readonly sizeBytes: number; readonly what: string },
): void {
  const data = fields.optionalString('data');
  if (data === undefined) return;
  const bytes = Buffer.from(data, 'base64');
  if (bytes.byteLength === expected.sizeBytes && sha256Of(bytes) === expected.digest) return;
  throw new BerthError(
    'digest',
    'ERR_DIGEST_MISMATCH',
    `${expected.what}: the data in a descriptor is not sha256:${expected.digest}`,
  );
}

/** In the order that Spack writes: media type, digest, size (buildcache-formats §8.3). */
export function formatDescriptor({ mediaType, digest, sizeBytes }: Descriptor): JsonObject {
  return new Map<string, JsonValue>([
    ['mediaType', mediaType],
    ['digest', formatOciDigest(digest)],
    ['size', jsonNumber(sizeBytes)],
  ]);
}
