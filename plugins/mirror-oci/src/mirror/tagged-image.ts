import { isBerthError, isSha256, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { parseImageDocument } from '../image/document.ts';
import { documentType, IMAGE_TYPES } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';
import { type Registry, type StoredManifest } from '../registry.ts';

/** What a tag names. */
export interface TaggedImage {
  readonly tag: string;
  readonly stored: StoredManifest;
}

/** `undefined` when there is nothing under the reference. */
export async function readTag(
  registry: Registry,
  reference: string,
  { signal }: CallOptions,
): Promise<TaggedImage | undefined> {
  const stored = await registry.getManifest(reference, { accept: IMAGE_TYPES, signal });
  return stored && { tag: reference, stored };
}

/** The digest of the image that a tag such as `sha256-….sig` or `sha256-….att` says something about (cosign). */
export function signedDigestOf(tag: string): Sha256 | undefined {
  const digest = /^sha256-([0-9a-f]{64})(?:\.[a-z0-9]+)?$/.exec(tag)?.[1] ?? '';
  return isSha256(digest) ? digest : undefined;
}

/** False when blobs that the image names are certainly not there; what cannot be read is not judged. */
export async function isWholeImage(
  registry: Registry,
  { tag, stored }: TaggedImage,
  options: CallOptions,
): Promise<boolean> {
  const document = readable(stored, `manifest ${tag} of ${registry.label}`);
  if (document?.kind !== 'manifest') return true;
  for (const blob of [document.config, ...document.layers]) if (!(await registry.hasBlob(blob, options))) return false;
  return true;
}

function readable(stored: StoredManifest, what: string): ReturnType<typeof parseImageDocument> | undefined {
  try {
    return parseImageDocument(stored, what);
  } catch (error) {
    if (!isBerthError(error)) throw error;
    return undefined;
  }
}

/** Indexes within indexes. */
const MAX_DEPTH = 4;

/** Digests of images and of everything that they name as images of single architectures. Rejects when an index cannot be read. */
export async function usedDigests(
  registry: Registry,
  images: readonly TaggedImage[],
  options: CallOptions,
): Promise<ReadonlySet<Sha256>> {
  const used = new Set<Sha256>();
  const visit = async ({ tag, stored }: TaggedImage, depth: number): Promise<void> => {
    used.add(stored.digest);
    if (documentType(stored.mediaType)?.kind !== 'index' || depth === 0) return;
    const document = parseImageDocument(stored, `manifest ${tag} of ${registry.label}`);
    for (const { descriptor } of document.kind === 'index' ? document.entries : []) {
      if (used.has(descriptor.digest)) continue;
      used.add(descriptor.digest);
      if (documentType(descriptor.mediaType)?.kind !== 'index') continue;
      const inner = await readTag(registry, formatOciDigest(descriptor.digest), options);
      if (inner !== undefined) await visit(inner, depth - 1);
    }
  };
  for (const image of images) await visit(image, MAX_DEPTH);
  return used;
}
