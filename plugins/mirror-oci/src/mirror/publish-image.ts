import { sha256Of } from '@berth/base';
import { type CallOptions, type ImagePublication, type PublishedImage } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { formatImageConfig, imageArchitecture } from '../image/config.ts';
import { type FormattedDocument, formatImageManifest } from '../image/format-document.ts';
import { documentSource } from '../local-blobs.ts';
import { typesOf } from '../media-types.ts';
import { type OciSource } from '../source.ts';
import { checkTag } from '../tags.ts';
import { architectureTag, type PlatformEntry, putCommonTag } from './common-tag.ts';
import { type ImageBuilder, type ImageDraft, labelsOf } from './image-builder.ts';
import { putManifestWithBlobs } from './put-manifest.ts';

/** One image of this push: of the packages for one architecture. */
interface MadeImage {
  readonly entry: PlatformEntry;
  readonly manifest: FormattedDocument;
  readonly missing: readonly ConcreteSpec[];
}

/**
 * Publishes one image of several packages under a tag: a plain image where there is one architecture, else an index of images. The image
 * of each architecture has a tag of its own beside it, `TAG-amd64`: pushes from several machines at once find each other's by these, and
 * whoever writes the common tag last sees all of them. Rejects with `usage`, ERR_OCI_MIXED, when images of both families would be in
 * one index.
 */
export async function publishImage(
  source: OciSource,
  image: ImagePublication,
  { builder, signal }: CallOptions & { readonly builder: ImageBuilder },
): Promise<PublishedImage> {
  const tag = checkTag(image.tag);
  const made: MadeImage[] = [];
  for (const [architecture, roots] of byArchitecture(image.roots)) {
    const draft = await builder.draft({ ...image, roots, architecture }, { signal });
    warnOfMissing(source, { tag, missing: draft.missing });
    made.push(await putImage(source, { draft, architecture, tag }, { signal }));
  }
  const digest = await putCommonTag(source, { tag, made }, { signal });
  const missing = made.flatMap((each) => each.missing.map(({ hash }) => hash));
  return { reference: `${source.registry.label}:${tag}`, digest, missing };
}

function byArchitecture(roots: readonly ConcreteSpec[]): ReadonlyMap<string, readonly ConcreteSpec[]> {
  const groups = new Map<string, ConcreteSpec[]>();
  for (const root of roots) {
    const architecture = imageArchitecture(root);
    groups.set(architecture, [...(groups.get(architecture) ?? []), root]);
  }
  return groups;
}

function warnOfMissing(
  { connection }: OciSource,
  { tag, missing }: { readonly tag: string; readonly missing: readonly ConcreteSpec[] },
): void {
  if (missing.length === 0) return;
  connection.emit({
    type: 'warning',
    code: 'OCI_LAYER_MISSING',
    message: `image ${tag} on mirror ${connection.name}: without the layers of ${labelsOf(missing)}`,
    hint: 'Push these packages, then this image again.',
  });
}

/** Stores the image of one architecture under its own tag. */
async function putImage(
  { registry }: OciSource,
  { draft, architecture, tag }: { readonly draft: ImageDraft; readonly architecture: string; readonly tag: string },
  options: CallOptions,
): Promise<MadeImage> {
  const { family, layers } = draft;
  const config = documentSource(formatImageConfig(draft.config));
  const descriptor = { mediaType: typesOf(family).config, digest: config.digest, sizeBytes: config.source.sizeBytes };
  const manifest = formatImageManifest({ family, config: descriptor, layers });
  const reference = architectureTag(tag, architecture);
  await putManifestWithBlobs(registry, { reference, manifest, blobs: [config], present: draft.present }, options);
  return { manifest, missing: draft.missing, entry: entryOf(manifest, architecture) };
}

function entryOf({ bytes, mediaType }: FormattedDocument, architecture: string): PlatformEntry {
  return {
    descriptor: { mediaType, digest: sha256Of(bytes), sizeBytes: bytes.byteLength },
    platform: { architecture, os: 'linux' },
  };
}
