import { pipeline } from 'node:stream/promises';
import { BerthError, DEFAULT_LIMITS, readAll, VerifyStream } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { extractClearsigned, isClearsigned } from './clearsigned.ts';
import { type BlobDescriptor, type BlobPlace, type CallOptions, type MirrorEntry } from './mirror.ts';
import { labelOf, type SpecIdentity } from './names.ts';
import { v2Keys } from './v2/keys.ts';
import { parseV2SpecFile } from './v2/spec-file.ts';
import { packageBlobs, parseManifest } from './v3/manifest.ts';
import { parseSpecBlob } from './v3/spec-blob.ts';

/** The media type given to a v2 archive: the layout itself records none. */
const V2_ARCHIVE_TYPE = 'application/vnd.spack.install.v2.tar+gzip';

export interface StoredDocument {
  readonly asked: SpecIdentity;
  readonly documentKey: string;
  readonly document: Buffer;
}

/** A v3 manifest as an entry. Rejects with `format` or `signature` when it is malformed. */
export function v3Entry(stored: StoredDocument, text: string | Uint8Array = documentText(stored)): MirrorEntry {
  const { spec, archive } = packageBlobs(parseManifest(text, whatOf(stored)), whatOf(stored));
  const { asked, documentKey, document } = stored;
  return { asked, documentKey, document, layout: 3, signed: signedOf(document), spec, archive, attachments: [] };
}

/** A v2 or v1 spec file as an entry: the names in it say where its archive lies. */
export function v2Entry(stored: StoredDocument, text: string | Uint8Array = documentText(stored)): MirrorEntry {
  const { layout, archiveDigest, spec } = parseV2SpecFile(text, whatOf(stored));
  const archive = {
    mediaType: V2_ARCHIVE_TYPE,
    digest: archiveDigest,
    sizeBytes: undefined,
    key: v2Keys(spec).archive,
  };
  const { asked, documentKey, document } = stored;
  return {
    asked,
    documentKey,
    document,
    layout,
    signed: signedOf(document),
    spec: undefined,
    archive,
    attachments: [],
  };
}

/**
 * `entry` read anew from the text that a verifier says was signed: after a verification nothing else may be believed
 * (hostile-inputs G05).
 */
export function withSignedText(entry: MirrorEntry, text: Uint8Array): MirrorEntry {
  return entry.layout === 3 ? v3Entry(entry, text) : v2Entry(entry, text);
}

/** The text of a document without its signature; the signature is not looked at. */
export function documentText(stored: StoredDocument): string | Uint8Array {
  return isClearsigned(stored.document) ? extractClearsigned(stored.document, whatOf(stored)) : stored.document;
}

function signedOf(document: Buffer): MirrorEntry['signed'] {
  return isClearsigned(document) ? 'clearsigned' : 'none';
}

function whatOf({ documentKey }: StoredDocument): string {
  return documentKey;
}

export interface ReadEntrySpecOptions extends CallOptions {
  /** The signed text, where the entry's signature was verified. */
  readonly signedText?: Uint8Array | undefined;
}

/**
 * The spec of an entry: its spec blob, checked against digest and size, or the document itself (v2, v1). Rejects with `size`,
 * `digest`, `limit` or `format`. Whether it is the spec that was asked for is `checkBinding`'s question.
 */
export async function readEntrySpec(
  mirror: BlobPlace,
  entry: MirrorEntry,
  options: ReadEntrySpecOptions,
): Promise<ConcreteSpec> {
  const what = `spec of ${labelOf(entry.asked)} from mirror ${mirror.name}`;
  if (entry.spec === undefined) return parseV2SpecFile(options.signedText ?? documentText(entry), what).spec;
  return parseSpecBlob(await readBlob(mirror, entry.spec, { what, signal: options.signal }), what);
}

/** A blob that is a document, whole and verified. */
async function readBlob(
  mirror: BlobPlace,
  blob: BlobDescriptor,
  { what, signal }: CallOptions & { what: string },
): Promise<Buffer> {
  const maxBytes = DEFAULT_LIMITS.specCompressedBytes;
  if ((blob.sizeBytes ?? 0) > maxBytes) {
    throw new BerthError('limit', 'ERR_LIMIT', `${what}: larger than the limit of ${maxBytes} bytes`, {
      details: { maxBytes },
    });
  }
  const verify = new VerifyStream({ what, digest: blob.digest, sizeBytes: blob.sizeBytes });
  const body = await mirror.open(blob, { signal });
  const [, bytes] = await Promise.all([pipeline(body, verify, { signal }), readAll(verify, { what, maxBytes })]);
  return bytes;
}
