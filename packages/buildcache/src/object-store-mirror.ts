import { type Readable } from 'node:stream';
import { DEFAULT_LIMITS } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { v3Entry } from './entry.ts';
import { blobMissing } from './failures.ts';
import { fetchV2Index, fetchV3Index, type IndexSource } from './index-fetch.ts';
import { updateIndex } from './index-update.ts';
import {
  type BlobDescriptor,
  type BlobPlace,
  type ByteRange,
  type CallOptions,
  type ListedPackage,
  type Mirror,
  type MirrorConnection,
  type MirrorEntry,
  type ObjectStore,
  type Publication,
  type PublishOutcome,
} from './mirror.ts';
import { checkViewName, identityOf, labelOf, type PackageQuery } from './names.ts';
import { mergeIndexes, type PackageIndex } from './package-index.ts';
import { readDocument } from './read-document.ts';
import { findV2 } from './v2/find.ts';
import { listSpecsV2 } from './v2/list-specs.ts';
import { parseV2SpecFileKey, V2_PREFIX } from './v2/keys.ts';
import { parseSpecManifestKey, SPEC_MANIFESTS_PREFIX, specManifestKey } from './v3/keys.ts';
import { copyV3 } from './v3/copy.ts';
import { listSpecs } from './v3/list-specs.ts';
import { isPrunable, pruneLayout } from './v3/prune.ts';
import { publishV3 } from './v3/publish.ts';
import { isWritable, type WritableStore } from './v3/upload.ts';

/**
 * A build cache in Spack's layouts over an object store: reads v3, then v2 and v1 (v3 alone for a view); writes v3. The mirror owns
 * the store and disposes of it. `publish`, `copyFrom` and `updateIndex` are there when the store can `put`, `specs` when it can `list`,
 * `prune` when it can `put`, `list` and `delete`.
 */
export function objectStoreMirror(store: ObjectStore, connection: MirrorConnection): Mirror {
  if (connection.view !== undefined) checkViewName(connection.view);
  const source: IndexSource = { store, connection };
  const mirror: Mirror = {
    name: connection.name,
    find: (asked, options) => find(source, asked, options),
    exists: (asked, options) => exists(source, asked, options),
    open: (blob, options) => openBlob(source, blob, options),
    list: (options) => list(source, options),
    index: (options) => readIndex(source, options),
    ...(store.list === undefined ? {} : { specs: (hashes, options) => readSpecs(source, hashes, options) }),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
    },
  };
  if (!isWritable(store)) return mirror;
  const writable = { ...mirror, ...writing({ store, connection }, mirror) };
  if (!isPrunable(store)) return writable;
  return { ...writable, prune: (options) => pruneLayout({ store, connection }, { ...options, mirror }) };
}

function writing(
  source: IndexSource & { readonly store: WritableStore },
  mirror: Mirror,
): Required<Pick<Mirror, 'publish' | 'copyFrom' | 'updateIndex'>> {
  return {
    copyFrom: (other, entry, options) => copyV3(source.store, { other, entry }, options),
    publish: (publication, options) => publish(source, publication, options),
    updateIndex: (update, options) =>
      updateIndex(source, update, { ...options, listSpecs: (signal) => listSpecs(source, { mirror, signal }) }),
  };
}

async function find(source: IndexSource, asked: PackageQuery, options: CallOptions): Promise<MirrorEntry | undefined> {
  const entry = await findV3(source, asked, options);
  if (entry !== undefined || source.connection.view !== undefined) return entry;
  return findV2(source.store, asked, { ...options, index: (call) => fetchV2Index(source, call) });
}

async function findV3(
  { store, connection }: IndexSource,
  asked: PackageQuery,
  { signal }: CallOptions,
): Promise<MirrorEntry | undefined> {
  const identity = identityOf(asked);
  const documentKey = specManifestKey(identity);
  const what = `manifest of ${labelOf(identity)} on mirror ${connection.name}`;
  const found = await readDocument(store, documentKey, { signal, what, maxBytes: DEFAULT_LIMITS.manifestBytes });
  return found && v3Entry({ asked: identity, documentKey, document: found.bytes });
}

async function exists(source: IndexSource, asked: PackageQuery, options: CallOptions): Promise<boolean> {
  const entry = await find(source, asked, options);
  return entry?.archive !== undefined && (await hasBlobs(source.store, entry, options));
}

/** Every blob is there with its declared size (hostile-inputs F03). */
async function hasBlobs(store: ObjectStore, { archive, spec }: MirrorEntry, options: CallOptions): Promise<boolean> {
  for (const blob of [archive, spec]) {
    if (blob === undefined) continue;
    const info = await store.head(blob.key, options);
    if (info === undefined) return false;
    if (blob.sizeBytes !== undefined && info.sizeBytes !== undefined && info.sizeBytes !== blob.sizeBytes) return false;
  }
  return true;
}

async function openBlob(
  { store, connection }: IndexSource,
  blob: BlobDescriptor,
  { signal, range }: CallOptions & { readonly range?: ByteRange | undefined },
): Promise<Readable> {
  const object = await store.get(blob.key, { signal, range });
  if (object === undefined) throw blobMissing(blob.key, connection.name);
  return object.body;
}

async function* list(source: IndexSource, options: CallOptions): AsyncIterable<ListedPackage> {
  const { store, connection } = source;
  if (store.list === undefined || connection.view !== undefined) {
    yield* listIndex(source, options);
    return;
  }
  const seen = new Set<string>();
  for await (const key of store.list(SPEC_MANIFESTS_PREFIX, options)) {
    const listed = parseSpecManifestKey(key);
    if (listed === undefined || seen.has(listed.hash)) continue;
    seen.add(listed.hash);
    yield { ...listed, layout: 3 };
  }
  for await (const key of store.list(V2_PREFIX, options)) {
    const hash = parseV2SpecFileKey(key);
    if (hash === undefined || seen.has(hash)) continue;
    seen.add(hash);
    yield { hash, name: undefined, layout: 2 };
  }
}

/** Of the layouts that this mirror is read in; what both have is read from the newer one. */
async function* readSpecs(
  source: IndexSource,
  hashes: ReadonlySet<string>,
  { signal }: CallOptions,
): AsyncIterable<ConcreteSpec> {
  const place: BlobPlace = { name: source.connection.name, open: (blob, options) => openBlob(source, blob, options) };
  const seen = new Set<string>();
  for await (const spec of listSpecs(source, { mirror: place, wanted: (hash) => hashes.has(hash), signal })) {
    seen.add(spec.hash);
    yield spec;
  }
  if (source.connection.view !== undefined) return;
  yield* listSpecsV2(source, { wanted: (hash) => hashes.has(hash) && !seen.has(hash), signal });
}

async function* listIndex(source: IndexSource, options: CallOptions): AsyncIterable<ListedPackage> {
  const v3 = await fetchV3Index(source, options);
  for (const hash of v3?.hashes() ?? []) yield { hash, name: undefined, layout: 3 };
  const v2 = source.connection.view === undefined ? await fetchV2Index(source, options) : undefined;
  for (const hash of v2?.hashes() ?? []) if (v3?.has(hash) !== true) yield { hash, name: undefined, layout: 2 };
}

async function readIndex(source: IndexSource, options: CallOptions): Promise<PackageIndex | undefined> {
  const v3 = await fetchV3Index(source, options);
  const v2 = source.connection.view === undefined ? await fetchV2Index(source, options) : undefined;
  const indexes = [v3, v2].filter((index) => index !== undefined);
  return indexes.length === 0 ? undefined : mergeIndexes(indexes);
}

async function publish(
  source: IndexSource & { readonly store: WritableStore },
  publication: Publication,
  options: CallOptions & { readonly force?: boolean | undefined },
): Promise<PublishOutcome> {
  const { force = false, signal } = options;
  if (!force && (await isPublished(source, publication, { signal }))) return 'exists';
  await publishV3(source.store, publication, { signal, force });
  return 'published';
}

/** An unsigned package is published again when there is a seal to put on it (§6.3, 2). */
async function isPublished(source: IndexSource, { spec, seal }: Publication, options: CallOptions): Promise<boolean> {
  const entry = await findV3(source, spec, options);
  if (entry?.archive === undefined) return false;
  if (seal !== undefined && entry.signed === 'none') return false;
  return hasBlobs(source.store, entry, options);
}
