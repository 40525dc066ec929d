import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, DEFAULT_LIMITS, isBerthError, type Sha256, sha256Of } from '@berth/base';
import { type CallOptions, type ImagePublication, type PublishedImage } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { formatImageConfig, imageArchitecture, parseImageConfig } from '../image/config.ts';
import { type ImageIndex, type ImageManifest, type IndexEntry, parseImageDocument } from '../image/document.ts';
import { type FormattedDocument, formatImageIndex, formatImageManifest } from '../image/format-document.ts';
import { documentSource } from '../local-blobs.ts';
import { IMAGE_TYPES, type ImageFamily, typesOf } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';
import { type StoredManifest } from '../registry.ts';
import { type OciSource } from '../source.ts';
import { checkTag } from '../tags.ts';
import { type ImageBuilder, type ImageDraft, labelsOf } from './image-builder.ts';
import { putManifestWithBlobs } from './put-manifest.ts';

/** One image of this push: of the packages for one architecture. */
interface MadeImage {
  readonly family: ImageFamily;
  readonly entry: IndexEntry & { readonly platform: { readonly architecture: string; readonly os: string } };
  readonly manifest: FormattedDocument;
  readonly missing: readonly ConcreteSpec[];
}

const ATTEMPTS = 50;
const MAX_PAUSE_MS = 500;

/**
 * Publishes one image of several packages under a tag: a plain image where there is one architecture, else an index of images to which
 * pushes from other architectures add theirs. The tag is looked at again after it was written, so that two pushes at once both end
 * up in it. Rejects with `usage`, ERR_OCI_MIXED, when images of both families would be in one index.
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
    made.push(await putImage(source, { draft, architecture }, { signal }));
  }
  const digest = await putTag(source, { tag, made }, { signal });
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

/** Stores an image under its digest. */
async function putImage(
  { registry }: OciSource,
  { draft, architecture }: { readonly draft: ImageDraft; readonly architecture: string },
  options: CallOptions,
): Promise<MadeImage> {
  const { family, layers } = draft;
  const config = documentSource(formatImageConfig(draft.config));
  const descriptor = { mediaType: typesOf(family).config, digest: config.digest, sizeBytes: config.source.sizeBytes };
  const manifest = formatImageManifest({ family, config: descriptor, layers });
  const digest = sha256Of(manifest.bytes);
  const request = { reference: formatOciDigest(digest), manifest, blobs: [config], present: draft.present };
  await putManifestWithBlobs(registry, request, options);
  return {
    family,
    manifest,
    missing: draft.missing,
    entry: {
      descriptor: { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.byteLength },
      platform: { architecture, os: 'linux' },
    },
  };
}

interface TagWork {
  readonly tag: string;
  readonly made: readonly MadeImage[];
}

async function putTag(source: OciSource, work: TagWork, { signal }: CallOptions): Promise<Sha256> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 1) await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt), undefined, { signal });
    const stored = await source.registry.getManifest(work.tag, { accept: IMAGE_TYPES, signal });
    const entries = stored === undefined ? [] : await entriesOf(source, stored, { signal });
    if (stored !== undefined && holdsAll(entries, work.made)) return stored.digest;
    await source.registry.putManifest(work.tag, documentFor(work, entries), { signal });
  }
  const { connection } = source;
  throw new BerthError(
    'busy',
    'ERR_PRECONDITION',
    `image ${work.tag} on mirror ${connection.name}: other writers were first`,
    {
      hint: 'Push the image again once they are done.',
    },
  );
}

function holdsAll(entries: readonly IndexEntry[], made: readonly MadeImage[]): boolean {
  return made.every(({ entry }) => entries.some(({ descriptor }) => descriptor.digest === entry.descriptor.digest));
}

/** The images of other architectures that are there stay; without any, the tag names the image itself. */
function documentFor({ tag, made }: TagWork, entries: readonly IndexEntry[]): FormattedDocument {
  const replaced = new Set(made.map(({ entry }) => entry.platform.architecture));
  const kept = entries.filter(({ platform }) => platform !== undefined && !replaced.has(platform.architecture));
  const [first] = made;
  if (first === undefined) throw new BerthError('usage', 'ERR_OCI_EMPTY', `image ${tag}: it has no packages`);
  if (kept.length === 0 && made.length === 1) return first.manifest;
  const all = [...kept, ...made.map(({ entry }) => entry)];
  const mixed = all.find(({ descriptor }) => descriptor.mediaType !== typesOf(first.family).manifest);
  if (mixed === undefined) return formatImageIndex(first.family, all);
  throw new BerthError(
    'usage',
    'ERR_OCI_MIXED',
    `image ${tag}: images of Docker and OCI types do not go into one index`,
    { hint: 'Use base images of one kind for all architectures, or another tag.' },
  );
}

/** The images that a tag leads to; none where it is something else, which is then replaced. */
async function entriesOf(
  source: OciSource,
  stored: StoredManifest,
  options: CallOptions,
): Promise<readonly IndexEntry[]> {
  const what = `what is there under the tag, on mirror ${source.connection.name}`;
  try {
    const document = parseImageDocument(stored, what);
    return document.kind === 'index' ? document.entries : [await entryOf(source, { stored, document, what }, options)];
  } catch (error) {
    const isOther = isBerthError(error) && (error.kind === 'protocol' || error.kind === 'format');
    if (!isOther) throw error;
    return [];
  }
}

async function entryOf(
  { registry, blobs }: OciSource,
  image: {
    readonly stored: StoredManifest;
    readonly document: Exclude<ImageManifest | ImageIndex, ImageIndex>;
    readonly what: string;
  },
  { signal }: CallOptions,
): Promise<IndexEntry> {
  const { stored, document, what } = image;
  const maxBytes = DEFAULT_LIMITS.specCompressedBytes;
  const config = parseImageConfig(await blobs.read(registry, { what, ...document.config }, { maxBytes, signal }), what);
  return {
    descriptor: { mediaType: stored.mediaType, digest: stored.digest, sizeBytes: stored.bytes.byteLength },
    platform: { architecture: config.string('architecture'), os: config.string('os') },
  };
}
