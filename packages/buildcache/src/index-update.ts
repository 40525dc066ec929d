import { bytesSource, isBerthError, messageOf, type Sha256 } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { preconditionFailed } from './failures.ts';
import { IndexBuilder } from './index-build.ts';
import { fetchIndexBlob, type IndexManifest, type IndexSource, readIndexManifest } from './index-fetch.ts';
import { type CallOptions, type IndexSummary, type IndexUpdate } from './mirror.ts';
import { type StoredIndex } from './package-index.ts';
import { retryContention } from './retry.ts';
import { indexManifestKey } from './v3/keys.ts';
import { formatManifest, MEDIA_TYPES } from './v3/manifest.ts';
import { ensureLayout, uploadBlob, type WritableStore } from './v3/upload.ts';

export interface UpdateIndexOptions extends CallOptions {
  /** Reads every package that the mirror has now, in the order of its listing; the answer to a rebuild or a broken index. */
  readonly listSpecs: (signal: AbortSignal) => AsyncIterable<ConcreteSpec>;
}

export interface WritableIndexSource extends IndexSource {
  readonly store: WritableStore;
}

const ATTEMPTS = 200;
const MAX_PAUSE_MS = 500;
const NODE_FORMAT = 5;

/**
 * Merges specs into the index, or rebuilds it. The blob is written first, then the manifest, on condition that it is still the one
 * the merge started from; otherwise the merge starts again, so that no entry of another writer is lost (hostile-inputs X06, X07).
 * A store without conditional writes gets one read-back instead, and a warning.
 */
export async function updateIndex(
  source: WritableIndexSource,
  update: IndexUpdate,
  options: UpdateIndexOptions,
): Promise<IndexSummary> {
  const { connection, store } = source;
  if (!store.conditionalWrites) {
    connection.emit({
      type: 'warning',
      code: 'INDEX_UNGUARDED',
      message: `index of mirror ${connection.name}: this store cannot exclude other writers`,
      hint: 'Update the index from one place at a time.',
    });
  }
  const listed = update.rebuild === true ? await listAll(source, options) : undefined;
  return retryContention({ signal: options.signal, attempts: ATTEMPTS, maxPauseMs: MAX_PAUSE_MS }, () =>
    updateOnce(source, { add: update.add ?? [], listed }, options),
  );
}

/** What a listing found, and which hashes the index had when it began: what came later stays. */
interface Listing {
  readonly specs: readonly ConcreteSpec[];
  readonly knownBefore: ReadonlySet<string>;
}

async function updateOnce(
  source: WritableIndexSource,
  { add, listed }: { readonly add: readonly ConcreteSpec[]; readonly listed: Listing | undefined },
  options: UpdateIndexOptions,
): Promise<IndexSummary> {
  await using current = await openCurrent(source, options);
  const rebuilding = listed ?? (current.broken ? await listAll(source, options) : undefined);
  const builder = new IndexBuilder(rebuilding === undefined ? current.index : undefined);
  for (const spec of rebuilding?.specs ?? []) builder.add(spec);
  if (rebuilding !== undefined)
    await addLater(builder, { index: current.index, known: rebuilding.knownBefore }, options);
  for (const spec of add) builder.add(spec);
  const changed = builder.changed && (await write(source, { builder, current }, options));
  return { packages: builder.size, changed };
}

interface CurrentIndex extends AsyncDisposable {
  readonly manifest: IndexManifest | undefined;
  readonly index: StoredIndex | undefined;
  /** There is something, but it cannot be merged into. */
  readonly broken: boolean;
  /** Of the manifest, readable or not. */
  readonly etag: string | undefined;
}

async function openCurrent(source: WritableIndexSource, options: CallOptions): Promise<CurrentIndex> {
  const head = await source.store.head(indexManifestKey(source.connection.view), options);
  const nothing = {
    manifest: undefined,
    index: undefined,
    etag: head?.etag,
    [Symbol.asyncDispose]: async () => undefined,
  };
  if (head === undefined) return { ...nothing, broken: false };
  try {
    const manifest = await readIndexManifest(source, options);
    if (manifest === undefined || manifest === 'same')
      throw preconditionFailed(indexManifestKey(source.connection.view));
    const index = await fetchIndexBlob(source, manifest.blob, options);
    const broken = index.nodeFormat !== NODE_FORMAT;
    return { manifest, index, broken, etag: manifest.etag, [Symbol.asyncDispose]: () => index[Symbol.asyncDispose]() };
  } catch (error) {
    if (!isBerthError(error) || error.kind !== 'index') throw error;
    source.connection.emit({
      type: 'warning',
      code: 'INDEX_BROKEN',
      message: `${messageOf(error)}: it is rebuilt from the packages`,
    });
    return { ...nothing, broken: true };
  }
}

async function listAll(source: WritableIndexSource, options: UpdateIndexOptions): Promise<Listing> {
  await using current = await openCurrent(source, options);
  const knownBefore = new Set(current.index?.hashes() ?? []);
  const specs: ConcreteSpec[] = [];
  for await (const spec of options.listSpecs(options.signal)) {
    // A view is a choice among the packages: rebuilding it keeps the choice.
    if (source.connection.view === undefined || knownBefore.has(spec.hash)) specs.push(spec);
  }
  return { specs, knownBefore };
}

/** What other writers added since the listing began. */
async function addLater(
  builder: IndexBuilder,
  { index, known }: { readonly index: StoredIndex | undefined; readonly known: ReadonlySet<string> },
  { signal }: CallOptions,
): Promise<void> {
  for (const hash of index?.hashes() ?? []) {
    const spec = known.has(hash) ? undefined : await index?.spec(hash, { signal });
    if (spec !== undefined) builder.add(spec);
  }
}

/** False when the index is the same as before. */
async function write(
  { store, connection }: WritableIndexSource,
  { builder, current }: { readonly builder: IndexBuilder; readonly current: CurrentIndex },
  { signal }: CallOptions,
): Promise<boolean> {
  const { source, digest } = await builder.build();
  if (current.manifest?.blob.digest === digest) return false;
  await uploadBlob(store, { source, digest }, { signal });
  await ensureLayout(store, { signal });
  const record = { sizeBytes: source.sizeBytes, mediaType: MEDIA_TYPES.index, compression: 'none', digest };
  const key = indexManifestKey(connection.view);
  await store.put(key, bytesSource(formatManifest([record])), { signal, ...condition(store, current) });
  if (!store.conditionalWrites) await checkWritten({ store, connection }, digest, { signal });
  return true;
}

function condition(
  store: WritableStore,
  { etag }: CurrentIndex,
): { readonly ifMatch: string } | { readonly ifNoneMatch: '*' } | object {
  if (!store.conditionalWrites) return {};
  return etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
}

/** Without conditional writes: at least notices a writer that came right after. */
async function checkWritten(source: IndexSource, digest: Sha256, options: CallOptions): Promise<void> {
  const manifest = await readIndexManifest(source, options);
  if (manifest !== undefined && manifest !== 'same' && manifest.blob.digest === digest) return;
  throw preconditionFailed(indexManifestKey(source.connection.view));
}
