import { createLimiter, forEachLimited, type Sha256 } from '@berth/base';
import {
  ageUnknown,
  type CallOptions,
  type IndexSummary,
  type PrunedObject,
  type PruneOptions,
  type PruneReason,
  type PruneSummary,
} from '@berth/buildcache';
import { updateIndexImage } from '../index-image/update-index.ts';
import { type Registry, type StoredManifest } from '../registry.ts';
import { CONCURRENCY, type OciSource } from '../source.ts';
import { hashOfTag, INDEX_TAG } from '../tags.ts';
import { isWholeImage, readTag, signedDigestOf, type TaggedImage, usedDigests } from './tagged-image.ts';

/** A repository whose manifests can be deleted. */
export interface PruneSource extends OciSource {
  readonly registry: Registry & Required<Pick<Registry, 'deleteManifest'>>;
}

export function canDelete(registry: Registry): registry is PruneSource['registry'] {
  return registry.deleteManifest !== undefined;
}

/**
 * As `Mirror.prune`, of a repository of images. A tag that shares its manifest with one that stays, stays, and so does an image that an
 * index of several architectures names. Signature tags go with their image. Blobs are the registry's own to collect.
 */
export async function pruneImages(source: PruneSource, options: PruneOptions): Promise<PruneSummary> {
  const { signal, graceMs, dryRun } = options;
  const images = await readAllTags(source, options);
  const reasons = await reasonsToGo(source, images, options);
  const candidates = await unshared(source, { images, reasons }, { signal });
  const old = candidates.filter(({ stored }) => isOld(stored, graceMs, source.connection.name));
  const describe = ({ tag }: TaggedImage): PrunedObject => ({
    key: tag,
    reason: reasons.get(tag) ?? 'unreferenced',
    hash: hashOfTag(tag),
  });
  const spared = candidates.length - old.length;
  if (dryRun) return { removed: old.map(describe), spared };
  const removed = await remove(source, { candidates: old, known: images }, options);
  const index = await updateIndex(source, { images, removed }, { signal });
  return { removed: removed.map(describe), spared: spared + old.length - removed.length, index };
}

/** Every tag with its manifest; a tag that went away meanwhile is none. Rejects rather than leave one out (hostile-inputs X14). */
async function readAllTags({ registry }: PruneSource, { signal }: CallOptions): Promise<readonly TaggedImage[]> {
  const tags = new Set<string>();
  for await (const tag of registry.listTags({ signal })) tags.add(tag);
  const images: TaggedImage[] = [];
  await forEachLimited(tags, { concurrency: CONCURRENCY, signal }, async (tag, call) => {
    const image = await readTag(registry, tag, { signal: call });
    if (image !== undefined) images.push(image);
  });
  return images.sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

async function reasonsToGo(
  { registry }: PruneSource,
  images: readonly TaggedImage[],
  { keep, signal }: PruneOptions,
): Promise<ReadonlyMap<string, PruneReason>> {
  const present = new Set(images.map(({ stored }) => stored.digest));
  const limit = createLimiter(CONCURRENCY);
  const reasonFor = async (image: TaggedImage): Promise<PruneReason | undefined> => {
    const hash = hashOfTag(image.tag);
    if (hash !== undefined) {
      if (keep?.has(hash) === false) return 'not-kept';
      return (await isWholeImage(registry, image, { signal })) ? undefined : 'incomplete';
    }
    const signed = signedDigestOf(image.tag);
    if (signed === undefined || present.has(signed)) return undefined;
    return (await readTag(registry, `sha256:${signed}`, { signal })) === undefined ? 'unreferenced' : undefined;
  };
  const reasons = new Map<string, PruneReason>();
  await Promise.all(
    images.map((image) =>
      limit(async () => {
        const reason = await reasonFor(image);
        if (reason !== undefined) reasons.set(image.tag, reason);
      }),
    ),
  );
  return reasons;
}

/**
 * The tags that have a reason to go and share their manifest with none that stays, then the signatures of what they name: an image must
 * not be seen without its signature.
 */
async function unshared(
  { registry }: PruneSource,
  { images, reasons }: { readonly images: readonly TaggedImage[]; readonly reasons: ReadonlyMap<string, PruneReason> },
  options: CallOptions,
): Promise<readonly TaggedImage[]> {
  const without = images.filter(({ tag }) => !reasons.has(tag));
  const signatures = without.filter(({ tag }) => signedDigestOf(tag) !== undefined);
  const others = without.filter(({ tag }) => signedDigestOf(tag) === undefined);
  const used = await usedDigests(registry, others, options);
  const going = images.filter(({ tag, stored }) => reasons.has(tag) && !used.has(stored.digest));
  const digests = new Set(going.map(({ stored }) => stored.digest));
  const isTheirs = ({ tag }: TaggedImage): boolean => {
    const signed = signedDigestOf(tag);
    return signed !== undefined && digests.has(signed);
  };
  const kept = new Set(signatures.filter((each) => !isTheirs(each)).map(({ stored }) => stored.digest));
  return [...going, ...signatures.filter(isTheirs)].filter(
    ({ stored: { digest } }) => !used.has(digest) && !kept.has(digest),
  );
}

/** Throws ERR_PRUNE_AGE where the registry does not tell. */
function isOld({ modifiedAt }: StoredManifest, graceMs: number, mirror: string): boolean {
  if (graceMs === 0) return true;
  if (modifiedAt === undefined) throw ageUnknown(mirror);
  return Date.now() - modifiedAt.getTime() >= graceMs;
}

interface Removal {
  readonly candidates: readonly TaggedImage[];
  /** What was looked at when they were chosen. */
  readonly known: readonly TaggedImage[];
}

/** Looks once more: at tags that came since, which may share what is to go, and at each tag before it goes (hostile-inputs X13). */
async function remove(
  source: PruneSource,
  { candidates, known }: Removal,
  { graceMs, signal }: PruneOptions,
): Promise<readonly TaggedImage[]> {
  if (candidates.length === 0) return [];
  const { registry, connection } = source;
  const before = new Map(known.map(({ tag, stored }) => [tag, stored.digest]));
  const changed = (await readAllTags(source, { signal })).filter(
    ({ tag, stored }) => before.get(tag) !== stored.digest,
  );
  const used = await usedDigests(registry, changed, { signal });
  const removed: TaggedImage[] = [];
  const gone = new Set<Sha256>();
  for (const image of candidates) {
    const { digest } = image.stored;
    if (used.has(digest)) continue;
    if (!gone.has(digest)) {
      const now = await readTag(registry, image.tag, { signal });
      if (now?.stored.digest !== digest || !isOld(now.stored, graceMs, connection.name)) continue;
      await registry.deleteManifest(digest, { signal });
      gone.add(digest);
    }
    removed.push(image);
  }
  return removed;
}

async function updateIndex(
  source: PruneSource,
  { images, removed }: { readonly images: readonly TaggedImage[]; readonly removed: readonly TaggedImage[] },
  options: CallOptions,
): Promise<IndexSummary | undefined> {
  const hasIndex = images.some(({ tag }) => tag === INDEX_TAG);
  if (!hasIndex || !removed.some(({ tag }) => hashOfTag(tag) !== undefined)) return undefined;
  return updateIndexImage(source, { rebuild: true }, options);
}
