import { mkdtemp, open, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BerthError, type ByteSource, bytesSource, readAll, sha256Of, type Sha256 } from '@berth/base';
import { type BlobCache, type CallOptions, createBlobCache, type SpoolFile } from '@berth/buildcache';
import { derivedStream } from './derived-stream.ts';
import { type Registry } from './registry.ts';

/** A blob of a registry, and how to call it in messages. */
export interface WantedBlob {
  readonly what: string;
  readonly digest: Sha256;
  readonly sizeBytes: number | undefined;
}

/**
 * What was verified once is kept on this machine, by digest, and not asked for again. Every use compares the digest; a damaged entry is
 * dropped and fetched anew (hostile-inputs F10).
 */
export interface LocalBlobs extends AsyncDisposable {
  find(digest: Sha256, options: CallOptions): Promise<ByteSource | undefined>;
  /** A document whole. Rejects with `limit`, `size`, `digest`, `notfound`. */
  read(registry: Registry, blob: WantedBlob, options: CallOptions & { readonly maxBytes: number }): Promise<Buffer>;
  /** Bytes of a blob, kept while they pass if they turn out to be the right ones. The reader still has to verify them. */
  open(registry: Registry, blob: WantedBlob, options: CallOptions): Promise<Readable>;
  /** A blob whole on the local disk. Rejects with `size`, `digest`, `notfound`. */
  fetch(registry: Registry, blob: WantedBlob, options: CallOptions): Promise<ByteSource>;
  /** Keeps a document made here. */
  keep(bytes: Buffer, options: CallOptions): Promise<Sha256>;
  openSpool(): Promise<SpoolFile>;
}

/** Blobs in `<cacheDir>/blobs`, shared with other commands; without a folder in a temporary one, removed on disposal. */
export function openLocalBlobs(cacheDir: string | undefined): LocalBlobs {
  let temporary: Promise<string> | undefined;
  let opened: Promise<BlobCache> | undefined;
  const openTemporary = async (): Promise<BlobCache> => {
    temporary = mkdtemp(join(tmpdir(), 'berth-oci-'));
    return createBlobCache(await temporary);
  };
  const cache = async (): Promise<BlobCache> =>
    (opened ??= cacheDir === undefined ? openTemporary() : Promise.resolve(createBlobCache(join(cacheDir, 'blobs'))));
  return {
    find: async (digest, options) => (await cache()).find(digest, options),
    read: async (registry, blob, options) => readDocument(await cache(), { registry, blob, ...options }),
    open: async (registry, blob, options) => openKept(await cache(), { registry, blob, ...options }),
    fetch: async (registry, blob, options) => fetchBlob(await cache(), { registry, blob, ...options }),
    keep: async (bytes, { signal }) => {
      const digest = sha256Of(bytes);
      const body = Readable.from([bytes], { objectMode: false });
      await (await cache()).store({ what: `document sha256:${digest}`, digest }, body, { signal });
      return digest;
    },
    openSpool: async () => (await cache()).openSpool(),
    [Symbol.asyncDispose]: async () => {
      if (temporary !== undefined) await rm(await temporary, { recursive: true, force: true });
    },
  };
}

interface Request extends CallOptions {
  readonly registry: Registry;
  readonly blob: WantedBlob;
}

async function fetchBlob(cache: BlobCache, { registry, blob, signal }: Request): Promise<ByteSource> {
  const kept = await cache.find(blob.digest, { signal });
  if (kept !== undefined && hasSize(kept, blob)) return kept;
  return cache.store(blob, await registry.openBlob(blob, { signal }), { signal });
}

async function readDocument(cache: BlobCache, request: Request & { readonly maxBytes: number }): Promise<Buffer> {
  const { blob, maxBytes, signal } = request;
  if ((blob.sizeBytes ?? 0) > maxBytes) {
    throw new BerthError('limit', 'ERR_LIMIT', `${blob.what}: larger than the limit of ${maxBytes} bytes`, {
      details: { maxBytes },
    });
  }
  const source = await fetchBlob(cache, request);
  return readAll(source.open({ signal }), { what: blob.what, maxBytes });
}

async function openKept(cache: BlobCache, { registry, blob, signal }: Request): Promise<Readable> {
  const kept = await cache.find(blob.digest, { signal });
  if (kept !== undefined && hasSize(kept, blob)) return kept.open({ signal });
  const body = await registry.openBlob(blob, { signal });
  return derivedStream(body, (chunks) => keepWhileReading(cache, blob, chunks));
}

/** Two documents that give one digest two sizes: only the registry can say which is wrong. */
function hasSize(source: ByteSource, { sizeBytes }: WantedBlob): boolean {
  return sizeBytes === undefined || source.sizeBytes === sizeBytes;
}

/** Passes chunks on and writes them to a spool file, which enters the cache once the digest of everything is the expected one. */
async function* keepWhileReading(
  cache: BlobCache,
  { digest }: WantedBlob,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  await using spool = await cache.openSpool();
  const hash = createHash('sha256');
  const file = await open(spool.path, 'wx', 0o666);
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await file.writeFile(chunk);
      yield chunk;
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') === digest) await spool.adopt(digest);
}

/** A document as a source of bytes with its digest. */
export function documentSource(bytes: Buffer): { readonly source: ByteSource; readonly digest: Sha256 } {
  return { source: bytesSource(bytes), digest: sha256Of(bytes) };
}
