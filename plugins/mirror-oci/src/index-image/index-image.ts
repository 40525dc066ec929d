import { BerthError, DEFAULT_LIMITS, isBerthError, messageOf, sha256Of } from '@berth/base';
import {
  type CallOptions,
  createIndexCache,
  type IndexKey,
  type RandomAccess,
  readPackageIndex,
  spool,
  type StoredIndex,
} from '@berth/buildcache';
import { type Descriptor } from '../image/descriptor.ts';
import { parseImageManifest } from '../image/document.ts';
import { formatImageManifest, type FormattedDocument } from '../image/format-document.ts';
import { MANIFEST_TYPES, OCI_TYPES } from '../media-types.ts';
import { type OciSource } from '../source.ts';
import { INDEX_TAG } from '../tags.ts';

/** The config of an index image: an empty JSON object (buildcache-formats §8.8). */
export const EMPTY_CONFIG: Buffer = Buffer.from('{}');

export const EMPTY_CONFIG_DESCRIPTOR: Descriptor = {
  mediaType: OCI_TYPES.config,
  digest: sha256Of(EMPTY_CONFIG),
  sizeBytes: EMPTY_CONFIG.byteLength,
};

/** The manifest of an index image. The index is its only layer; it is plain JSON under the type of a layer (§8.8). */
export function formatIndexManifest(index: Pick<Descriptor, 'digest' | 'sizeBytes'>): FormattedDocument {
  const layers = [{ mediaType: OCI_TYPES.layer, digest: index.digest, sizeBytes: index.sizeBytes }];
  return formatImageManifest({ family: 'oci', config: EMPTY_CONFIG_DESCRIPTOR, layers });
}

/** The index as the registry has it now; it owns its bytes. */
export interface IndexImage {
  readonly descriptor: Descriptor;
  readonly index: StoredIndex;
}

/** The index image of a mirror: its manifest each time, its bytes from the local cache where they have not changed (§10.2). */
export async function openIndexImage(source: OciSource, options: CallOptions): Promise<IndexImage | undefined> {
  const descriptor = await readIndexDescriptor(source, options);
  if (descriptor === undefined) return undefined;
  const access = await indexBytes(source, descriptor, options);
  const index = await readPackageIndex(access, {
    ...options,
    what: whatOf(source),
    emit: source.connection.emit,
  });
  return { descriptor, index };
}

/** The layer that holds the index; `undefined` when there is no index. Rejects with `index` (hostile-inputs R28, X01). */
async function readIndexDescriptor(source: OciSource, { signal }: CallOptions): Promise<Descriptor | undefined> {
  const what = `manifest of the ${whatOf(source)}`;
  const stored = await source.registry.getManifest(INDEX_TAG, { accept: MANIFEST_TYPES, signal });
  if (stored === undefined) return undefined;
  return asIndexFailure(what, async () => {
    const [layer] = parseImageManifest(stored, what).layers;
    if (layer === undefined) throw new BerthError('index', 'ERR_INDEX', `${what}: it has no layer`, { hint: REPAIR });
    if (layer.sizeBytes <= DEFAULT_LIMITS.indexBytes) return layer;
    throw new BerthError('index', 'ERR_INDEX', `${what}: larger than ${DEFAULT_LIMITS.indexBytes} bytes`);
  });
}

const REPAIR = 'Packages are still found by their hash; to repair the index: berth buildcache update-index MIRROR.';

async function indexBytes(source: OciSource, descriptor: Descriptor, options: CallOptions): Promise<RandomAccess> {
  const { connection, registry } = source;
  const { signal } = options;
  const expected = { what: whatOf(source), digest: descriptor.digest, sizeBytes: descriptor.sizeBytes };
  const cache = connection.cacheDir === undefined ? undefined : createIndexCache(connection.cacheDir);
  const cached = { hash: descriptor.digest, etag: undefined };
  const copy = await cache?.open(indexKey(source), cached, options);
  if (copy !== undefined) return copy;
  return asIndexFailure(expected.what, async () => {
    const body = await registry.openBlob(descriptor, options);
    if (cache === undefined) return spool(body, { expected, signal });
    return cache.saveOpen(indexKey(source), body, { expected, etag: undefined, signal });
  });
}

/** The key under which Spack keeps the index of an image mirror too (buildcache-formats §10.1). */
export function indexKey({ connection }: OciSource): IndexKey {
  return { url: connection.url, layout: 3 };
}

export function whatOf({ connection }: OciSource): string {
  return `index of mirror ${connection.name}`;
}

const CONTENT_KINDS: ReadonlySet<string> = new Set(['format', 'digest', 'size', 'limit', 'protocol']);

/** Bad content of an index is an `index` failure: packages are still found by their hash (X01). */
async function asIndexFailure<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const isContent = isBerthError(cause) && (CONTENT_KINDS.has(cause.kind) || cause.code === 'ERR_BLOB_MISSING');
    if (!isContent) throw cause;
    throw new BerthError('index', 'ERR_INDEX', `${what}: ${messageOf(cause)}`, {
      cause,
      hint: REPAIR,
      details: cause.details,
    });
  }
}
