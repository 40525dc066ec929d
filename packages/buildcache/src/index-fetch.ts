import { type Readable } from 'node:stream';
import {
  BerthError,
  DEFAULT_LIMITS,
  type ExpectedBytes,
  isBerthError,
  isSha256,
  messageOf,
  readAll,
} from '@berth/base';
import { type CachedIndex, createIndexCache, type IndexCache, type IndexKey } from './index-cache.ts';
import { type BlobDescriptor, type CallOptions, type MirrorConnection, type ObjectStore } from './mirror.ts';
import { readPackageIndex, type StoredIndex } from './package-index.ts';
import { type RandomAccess, spool } from './random-access.ts';
import { V2_INDEX_HASH_KEY, V2_INDEX_KEY } from './v2/keys.ts';
import { indexManifestKey } from './v3/keys.ts';
import { indexBlob, parseManifest } from './v3/manifest.ts';

/** A store and what it was opened with. */
export interface IndexSource {
  readonly store: ObjectStore;
  readonly connection: MirrorConnection;
}

/** The v3 index manifest as it is now. */
export interface IndexManifest {
  readonly blob: BlobDescriptor;
  readonly etag: string | undefined;
}

/** An index that differs from the known one: where its bytes come from and what they must be. */
interface NewIndex {
  readonly body: Readable;
  readonly expected: ExpectedBytes;
  readonly etag: string | undefined;
}

type Answer = NewIndex | 'same' | undefined;
type Probe = (source: IndexSource, known: CachedIndex | undefined, options: CallOptions) => Promise<Answer>;

/** The v3 index of a mirror, or of its view; `undefined` when there is none (buildcache-formats §10.2). */
export function fetchV3Index(source: IndexSource, options: CallOptions): Promise<StoredIndex | undefined> {
  return fetchIndex(source, { layout: 3, probe: probeV3 }, options);
}

/** The v2 index of a mirror; `undefined` when there is none. */
export function fetchV2Index(source: IndexSource, options: CallOptions): Promise<StoredIndex | undefined> {
  return fetchIndex(source, { layout: 2, probe: probeV2 }, options);
}

/** Asks the mirror only whether the cached copy is still the index; a damaged or missing copy is not mentioned (X02). */
async function fetchIndex(
  source: IndexSource,
  { layout, probe }: { readonly layout: number; readonly probe: Probe },
  options: CallOptions,
): Promise<StoredIndex | undefined> {
  const { url, view, cacheDir } = source.connection;
  const key: IndexKey = { url, layout, view };
  const cache = cacheDir === undefined ? undefined : createIndexCache(cacheDir);
  const cached = await cache?.find(key);
  const copy = cached && (await cache?.open(key, cached, options));
  const answer = await probe(source, copy && cached, options);
  if (answer === 'same' && copy !== undefined) return parseIndex(copy, source, options);
  await copy?.[Symbol.asyncDispose]();
  if (answer === undefined || answer === 'same') return undefined;
  return parseIndex(await keep(answer, { cache, key }, options), source, options);
}

/** The bytes of a new index, in the cache where there is one. */
async function keep(
  { body, expected, etag }: NewIndex,
  { cache, key }: { readonly cache: IndexCache | undefined; readonly key: IndexKey },
  { signal }: CallOptions,
): Promise<RandomAccess> {
  return asIndexFailure(expected.what, async () => {
    if (cache === undefined) return spool(body, { expected, signal });
    // Only ETags of web servers mean anything to the other readers of this cache (§10.2, 3).
    return cache.saveOpen(key, body, { expected, signal, etag: /^https?:/.test(key.url) ? etag : undefined });
  });
}

function parseIndex(access: RandomAccess, { connection }: IndexSource, options: CallOptions): Promise<StoredIndex> {
  return readPackageIndex(access, { ...options, what: whatOf(connection), emit: connection.emit });
}

function whatOf({ name, view }: MirrorConnection): string {
  return view === undefined ? `index of mirror ${name}` : `index view ${view} of mirror ${name}`;
}

const probeV3: Probe = async (source, known, options) => {
  const manifest = await readIndexManifest(source, { ...options, ifNoneMatch: known?.etag });
  if (manifest === undefined || manifest === 'same') return manifest;
  if (manifest.blob.digest === known?.hash) return 'same';
  return { ...(await openIndexBlob(source, manifest.blob, options)), etag: manifest.etag };
};

const probeV2: Probe = async ({ store, connection }, known, options) => {
  const what = whatOf(connection);
  if (known !== undefined && known.etag === undefined) {
    const hash = await store.get(V2_INDEX_HASH_KEY, options);
    const text = hash && (await readAll(hash.body, { what, maxBytes: 1024 })).toString('latin1').trim();
    if (text !== undefined && isSha256(text) && text === known.hash) return 'same';
  }
  const object = await store.get(V2_INDEX_KEY, { ...options, ifNoneMatch: known?.etag });
  if (object === undefined) return undefined;
  return object.notModified ? 'same' : { body: object.body, expected: { what }, etag: object.etag };
};

/**
 * The current v3 index manifest; `same` when `ifNoneMatch` still matches, `undefined` when there is none. Rejects with `index`
 * when it is unusable.
 */
export async function readIndexManifest(
  { store, connection }: IndexSource,
  options: CallOptions & { readonly ifNoneMatch?: string | undefined },
): Promise<IndexManifest | 'same' | undefined> {
  const what = `manifest of the ${whatOf(connection)}`;
  const object = await store.get(indexManifestKey(connection.view), options);
  if (object === undefined) return undefined;
  if (object.notModified) return 'same';
  return asIndexFailure(what, async () => {
    const bytes = await readAll(object.body, { what, maxBytes: DEFAULT_LIMITS.manifestBytes });
    return { blob: indexBlob(parseManifest(bytes, what), what), etag: object.etag };
  });
}

/** The bytes of the index blob as the store has them, unverified. */
async function openIndexBlob(
  { store, connection }: IndexSource,
  blob: BlobDescriptor,
  options: CallOptions,
): Promise<{ readonly body: Readable; readonly expected: ExpectedBytes }> {
  const what = whatOf(connection);
  const object = await store.get(blob.key, options);
  if (object !== undefined)
    return { body: object.body, expected: { what, digest: blob.digest, sizeBytes: blob.sizeBytes } };
  throw new BerthError('index', 'ERR_INDEX', `${what}: its blob sha256:${blob.digest} is not on the mirror`, {
    hint: 'To repair the index: berth buildcache update-index MIRROR.',
  });
}

/** The index that a manifest names, without the cache: what an update starts from. */
export async function fetchIndexBlob(
  source: IndexSource,
  blob: BlobDescriptor,
  options: CallOptions,
): Promise<StoredIndex> {
  const { body, expected } = await openIndexBlob(source, blob, options);
  const access = await asIndexFailure(expected.what, () => spool(body, { expected, signal: options.signal }));
  return parseIndex(access, source, options);
}

const CONTENT_KINDS: ReadonlySet<string> = new Set(['format', 'digest', 'size', 'limit']);

/** Bad content of an index is an `index` failure: packages are still found by their hash (X01). */
async function asIndexFailure<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!isBerthError(cause) || !CONTENT_KINDS.has(cause.kind)) throw cause;
    throw new BerthError('index', 'ERR_INDEX', `${what}: ${messageOf(cause)}`, {
      cause,
      hint: cause.hint,
      details: cause.details,
    });
  }
}
