import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type ByteSource,
  errnoCode,
  type ExpectedBytes,
  ioError,
  isBerthError,
  type Sha256,
  sweepTemporaries,
  temporaryBeside,
  VerifyStream,
} from '@berth/base';
import { type CallOptions } from './mirror.ts';
import { ensureFolder, holdErrors, openNewFile } from './random-access.ts';

/** What a blob must be to enter the cache. */
export type ExpectedBlob = ExpectedBytes & { readonly digest: Sha256 };

/** A private file to write a blob to before its digest is known. Disposing removes it unless it was adopted. */
export interface SpoolFile extends AsyncDisposable {
  readonly path: string;
  /** Moves the file into the cache as `digest`, which the writer computed while writing. */
  adopt(digest: Sha256): Promise<ByteSource>;
}

/** Blobs by digest on the local disk. */
export interface BlobCache {
  /**
   * The blob, read and compared with its digest now; a damaged one is removed and `undefined` returned, so that it is fetched again
   * (hostile-inputs F10).
   */
  find(digest: Sha256, options: CallOptions): Promise<ByteSource | undefined>;
  /** Keeps what arrives; rejects with `digest` or `size` and keeps nothing when it is not the expected blob. */
  store(expected: ExpectedBlob, body: Readable, options: CallOptions): Promise<ByteSource>;
  /** A new spool file on the same file system. */
  openSpool(): Promise<SpoolFile>;
  remove(digest: Sha256): Promise<void>;
}

/** A cache in `<directory>/sha256/<digest>`, created on first use. Several processes may share it. */
export function createBlobCache(directory: string): BlobCache {
  const folder = join(directory, 'sha256');
  const pathOf = (digest: Sha256): string => join(folder, digest);
  const storing = new Map<Sha256, Promise<ByteSource>>();
  let swept: Promise<void> | undefined;
  const cache: BlobCache = {
    find: async (digest, options) => {
      await storing.get(digest)?.catch(() => undefined);
      return findVerified(pathOf(digest), digest, options);
    },
    store: async (expected, body, options) => {
      holdErrors(body);
      const running = storing.get(expected.digest);
      if (running !== undefined) {
        body.destroy();
        return running;
      }
      const task = storeVerified(folder, expected, { body, ...options });
      storing.set(expected.digest, task);
      return task.finally(() => storing.delete(expected.digest));
    },
    openSpool: async () => {
      // Archives are large: what killed pushes left goes first (hostile-inputs O3).
      await (swept ??= sweepTemporaries(folder));
      return openSpool(await ensureFolder(folder));
    },
    remove: (digest) => rm(pathOf(digest), { force: true }),
  };
  return cache;
}

async function findVerified(path: string, digest: Sha256, { signal }: CallOptions): Promise<ByteSource | undefined> {
  try {
    const verify = new VerifyStream({ what: path, digest });
    await pipeline(createReadStream(path), verify.resume(), { signal });
    return await fileSource(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    if (!isBerthError(error, 'ERR_DIGEST_MISMATCH')) throw ioError(`cached blob ${path}`, error);
    await rm(path, { force: true });
    return undefined;
  }
}

async function storeVerified(
  folder: string,
  expected: ExpectedBlob,
  { body, signal }: CallOptions & { readonly body: Readable },
): Promise<ByteSource> {
  const path = join(folder, expected.digest);
  const temporary = temporaryBeside(path);
  try {
    await ensureFolder(folder);
    await pipeline(body, new VerifyStream(expected), await openNewFile(temporary), { signal });
    await rename(temporary, path);
    return await fileSource(path);
  } catch (error) {
    throw ioError(`${expected.what}: cannot be cached in ${folder}`, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

function openSpool(folder: string): SpoolFile {
  const path = temporaryBeside(join(folder, 'spool'));
  return {
    path,
    adopt: async (digest) => {
      await rename(path, join(folder, digest));
      return fileSource(join(folder, digest));
    },
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

/** A file as bytes that can be opened again. Rejects with a system error when it is not there. */
export async function fileSource(path: string): Promise<ByteSource> {
  const { size } = await stat(path);
  return {
    sizeBytes: size,
    open: ({ start = 0, signal }) => createReadStream(path, { start, signal }),
  };
}
