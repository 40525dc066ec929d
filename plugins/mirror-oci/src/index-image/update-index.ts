import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, isBerthError, messageOf } from '@berth/base';
import {
  type CallOptions,
  createIndexCache,
  identityOf,
  IndexBuilder,
  type IndexSummary,
  type IndexUpdate,
  type StoredIndex,
} from '@berth/buildcache';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { documentSource } from '../local-blobs.ts';
import { putManifestWithBlobs } from '../mirror/put-manifest.ts';
import { type OciSource } from '../source.ts';
import { INDEX_TAG, packageTag } from '../tags.ts';
import { EMPTY_CONFIG, formatIndexManifest, type IndexImage, indexKey, openIndexImage, whatOf } from './index-image.ts';
import { indexedSpecs } from './indexed-specs.ts';
import { listPackageTags, type PackageTag } from './package-tags.ts';
import { readTaggedSpecs } from './read-tagged-specs.ts';

const ATTEMPTS = 200;
const MAX_PAUSE_MS = 500;
const NODE_FORMAT = 5;

/**
 * Brings the index up to what the repository has: packages that it lacks are read, a few requests each, and added; with `rebuild`, what
 * is no longer there goes. An index that cannot be read is made anew.
 *
 * A registry cannot exclude other writers, so the work is checked after it is written: the index that is there then is compared with the
 * tags that are there then, and the work goes on until nothing is missing. Whoever writes last sees every tag that came before, so no
 * package is lost as long as its last writer lives; otherwise the next update brings it back (hostile-inputs X06).
 */
export async function updateIndexImage(
  source: OciSource,
  update: IndexUpdate,
  { signal }: CallOptions,
): Promise<IndexSummary> {
  const work: Work = { added: new Map(), specs: new Map(), unreadable: new Set(), rebuild: update.rebuild === true };
  for (const spec of update.add ?? []) {
    work.added.set(spec.hash, packageTag(identityOf(spec)));
    work.specs.set(spec.hash, spec);
  }
  for (let written = 0; written < ATTEMPTS; written += 1) {
    if (written > 1) await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** written), undefined, { signal });
    signal.throwIfAborted();
    const packages = await updateOnce(source, work, { signal });
    if (packages !== undefined) return { packages, changed: written > 0 };
  }
  throw new BerthError('busy', 'ERR_PRECONDITION', `${whatOf(source)}: other writers were first ${ATTEMPTS} times`, {
    hint: 'Update it again once they are done: berth buildcache update-index MIRROR.',
  });
}

/** What one update knows so far. */
interface Work {
  /** Tags of the packages that it was asked to add, whether they are listed yet or not. */
  readonly added: Map<DagHash, string>;
  readonly specs: Map<DagHash, ConcreteSpec>;
  readonly unreadable: Set<string>;
  readonly rebuild: boolean;
}

/** The number of packages once the index lacks nothing; `undefined` after it was written and has to be looked at again. */
async function updateOnce(source: OciSource, work: Work, options: CallOptions): Promise<number | undefined> {
  // The index first: a package that it lists then has its tag listed after.
  const index = (await openCurrent(source, options))?.index;
  try {
    const tags = await wantedTags(source, work, options);
    const missing = tags.filter(({ hash }) => index?.has(hash) !== true);
    const isStale = work.rebuild && index !== undefined && listsMore(index, tags);
    if (index !== undefined && missing.length === 0 && !isStale) return index.size;
    await readMissing(source, { work, missing }, options);
    const builder = isStale ? await rebuilt(index, { tags, work }, options) : extended(index, { tags: missing, work });
    if (!builder.changed) return builder.size;
    await write(source, { builder, replaces: index !== undefined }, options);
    return undefined;
  } finally {
    await index?.[Symbol.asyncDispose]();
  }
}

interface Wanted {
  readonly tags: readonly PackageTag[];
  readonly work: Work;
}

function listsMore(index: StoredIndex, tags: readonly PackageTag[]): boolean {
  const wanted = new Set<string>(tags.map(({ hash }) => hash));
  return Array.from(index.hashes()).some((hash) => !wanted.has(hash));
}

/** The index with packages added; what it holds stays as it is, byte for byte. */
function extended(index: StoredIndex | undefined, { tags, work }: Wanted): IndexBuilder {
  const builder = new IndexBuilder(index);
  for (const { hash } of tags) addKnown(builder, work.specs.get(hash));
  return builder;
}

/** The index of these packages and no others; what it lists already is not read again. */
async function rebuilt(index: StoredIndex, { tags, work }: Wanted, options: CallOptions): Promise<IndexBuilder> {
  const listed = await indexedSpecs(index, options);
  const builder = new IndexBuilder(undefined);
  for (const { hash } of tags) addKnown(builder, listed.get(hash) ?? work.specs.get(hash));
  return builder;
}

function addKnown(builder: IndexBuilder, spec: ConcreteSpec | undefined): void {
  if (spec !== undefined) builder.add(spec);
}

/** Every package tag that can be read as far as it is known, sorted: the canonical order of an index (buildcache-formats §10). */
async function wantedTags(
  source: OciSource,
  { added, unreadable }: Work,
  options: CallOptions,
): Promise<readonly PackageTag[]> {
  const listed = await listPackageTags(source, options);
  const tags = new Map(listed.map(({ tag, hash }) => [tag, hash]));
  for (const [hash, tag] of added) tags.set(tag, hash);
  return Array.from(tags, ([tag, hash]) => ({ tag, hash }))
    .filter(({ tag }) => !unreadable.has(tag))
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

async function readMissing(
  source: OciSource,
  { work, missing }: { readonly work: Work; readonly missing: readonly PackageTag[] },
  options: CallOptions,
): Promise<void> {
  const unknown = missing.filter(({ hash }) => !work.specs.has(hash));
  const { specs, unreadable } = await readTaggedSpecs(source, unknown, options);
  for (const [hash, spec] of specs) work.specs.set(hash, spec);
  for (const tag of unreadable) work.unreadable.add(tag);
}

/** The index to start from; none when it is broken or of an older format. */
async function openCurrent(source: OciSource, options: CallOptions): Promise<IndexImage | undefined> {
  try {
    const image = await openIndexImage(source, options);
    if (image === undefined || image.index.nodeFormat === NODE_FORMAT) return image;
    await image.index[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    if (!isBerthError(error) || error.kind !== 'index') throw error;
    source.connection.emit({
      type: 'warning',
      code: 'INDEX_BROKEN',
      message: `${messageOf(error)}: it is rebuilt from the packages`,
    });
    return undefined;
  }
}

interface Written {
  readonly builder: IndexBuilder;
  /** There is an index image, and so its config. */
  readonly replaces: boolean;
}

async function write(source: OciSource, { builder, replaces }: Written, { signal }: CallOptions): Promise<void> {
  const { source: bytes, digest } = await builder.build();
  const config = documentSource(EMPTY_CONFIG);
  const index = { source: bytes, digest };
  const request = {
    reference: INDEX_TAG,
    manifest: formatIndexManifest({ digest, sizeBytes: bytes.sizeBytes }),
    ...(replaces ? { blobs: [index], present: [config] } : { blobs: [index, config] }),
  };
  await putManifestWithBlobs(source.registry, request, { signal });
  const { cacheDir } = source.connection;
  if (cacheDir === undefined) return;
  const expected = { what: whatOf(source), digest, sizeBytes: bytes.sizeBytes };
  await createIndexCache(cacheDir).save(indexKey(source), bytes.open({ signal }), {
    expected,
    etag: undefined,
    signal,
  });
}
