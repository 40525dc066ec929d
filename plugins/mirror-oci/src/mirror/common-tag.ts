import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, isBerthError, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type IndexEntry, parseImageDocument, type Platform } from '../image/document.ts';
import { type FormattedDocument, formatImageIndex } from '../image/format-document.ts';
import { DOCKER_TYPES, documentType, IMAGE_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { type StoredManifest } from '../registry.ts';
import { type OciSource } from '../source.ts';
import { cleanTag } from '../tags.ts';

/** An image for one platform. */
export interface PlatformEntry extends IndexEntry {
  readonly platform: Platform;
}

/** Images under one tag, as they were just pushed. */
export interface TaggedImages {
  readonly tag: string;
  readonly made: readonly { readonly entry: PlatformEntry; readonly manifest: FormattedDocument }[];
}

/** What images call architectures that packages are built for. */
const ARCHITECTURES: readonly string[] = [
  'amd64',
  'arm64',
  '386',
  'arm',
  'ppc64le',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
];

const ATTEMPTS = 50;
const MAX_PAUSE_MS = 500;

/** The tag that the image for one architecture has beside the common one. */
export function architectureTag(tag: string, architecture: string): string {
  return cleanTag(`${tag}-${architecture}`);
}

/**
 * Lets a tag name the images of all architectures that have tags of their own. Looks again after it was written, and writes again until
 * nothing is missing, so that of several writers the last one sees what all have pushed.
 */
export async function putCommonTag(source: OciSource, images: TaggedImages, { signal }: CallOptions): Promise<Sha256> {
  const { registry, connection } = source;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 1) await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt), undefined, { signal });
    const stored = await registry.getManifest(images.tag, { accept: IMAGE_TYPES, signal });
    const wanted = await architectureImages(source, images, { signal });
    const document = documentFor(images, { wanted, stored });
    if (stored?.bytes.equals(document.bytes) === true) return stored.digest;
    await registry.putManifest(images.tag, document, { signal });
  }
  throw new BerthError(
    'busy',
    'ERR_PRECONDITION',
    `image ${images.tag} on mirror ${connection.name}: other writers were first ${ATTEMPTS} times`,
    { hint: 'Push the image again once they are done.' },
  );
}

/** The images that were pushed here, and those under the tags of other architectures; by architecture. */
async function architectureImages(
  { registry }: OciSource,
  { tag, made }: TaggedImages,
  { signal }: CallOptions,
): Promise<readonly PlatformEntry[]> {
  const entries = new Map(made.map(({ entry }) => [entry.platform.architecture, entry]));
  const others = new Map(
    ARCHITECTURES.filter((each) => !entries.has(each)).map((each) => [architectureTag(tag, each), each]),
  );
  const found: string[] = [];
  for await (const listed of registry.listTags({ signal })) if (others.delete(listed)) found.push(listed);
  for (const listed of found) {
    const architecture = ARCHITECTURES.find((each) => architectureTag(tag, each) === listed) ?? '';
    const stored = await registry.getManifest(listed, { accept: MANIFEST_TYPES, signal });
    if (stored === undefined || documentType(stored.mediaType)?.kind !== 'manifest') continue;
    const { mediaType, digest, bytes } = stored;
    const descriptor = { mediaType, digest, sizeBytes: bytes.byteLength };
    entries.set(architecture, { descriptor, platform: { architecture, os: 'linux' } });
  }
  return Array.from(entries.values()).sort((a, b) => (a.platform.architecture < b.platform.architecture ? -1 : 1));
}

/** An image alone where there is one; else an index, which keeps what it has for still other platforms. */
function documentFor(
  { tag, made }: TaggedImages,
  found: { readonly wanted: readonly PlatformEntry[]; readonly stored: StoredManifest | undefined },
): FormattedDocument {
  const [first] = made;
  if (first === undefined) throw new BerthError('usage', 'ERR_OCI_EMPTY', `image ${tag}: it has no packages`);
  const { wanted, stored } = found;
  const replaced = new Set(wanted.map(({ platform }) => platform.architecture));
  const kept = indexEntries(stored).filter(({ platform }) => !replaced.has(platform?.architecture ?? ''));
  const all = [...wanted, ...kept];
  if (all.length === 1) return first.manifest;
  const family = first.manifest.mediaType === DOCKER_TYPES.manifest ? 'docker' : 'oci';
  if (all.every(({ descriptor }) => descriptor.mediaType === first.manifest.mediaType))
    return formatImageIndex(family, all);
  throw new BerthError(
    'usage',
    'ERR_OCI_MIXED',
    `image ${tag}: images of Docker and OCI types do not go into one index`,
    { hint: 'Use base images of one kind for all architectures, or another tag.' },
  );
}

/** What an index lists; nothing where the tag names something else, which is then replaced. */
function indexEntries(stored: StoredManifest | undefined): readonly IndexEntry[] {
  if (stored === undefined) return [];
  try {
    const document = parseImageDocument(stored, 'what is there under the tag');
    return document.kind === 'index' ? document.entries : [];
  } catch (error) {
    const isOther = isBerthError(error) && (error.kind === 'protocol' || error.kind === 'format');
    if (!isOther) throw error;
    return [];
  }
}
