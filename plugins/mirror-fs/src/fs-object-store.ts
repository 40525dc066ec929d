import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteSource, type Emit, ioError, readAll, temporaryBeside } from '@berth/base';
import {
  type CallOptions,
  checkKey,
  type GetOptions,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
  type StoredObjectInfo,
} from '@berth/buildcache';
import { compareAndSwap } from './generations.ts';
import { listObjects } from './list-objects.ts';
import { ensureFolder, type Modes } from './modes.ts';
import { CONTENT_TAG_BYTES, describeObject, type Opened, openRegular, readObject } from './read-object.ts';
import { sweepTemporaries, writeObject } from './write-object.ts';

/** Private to berth; Spack looks at no name that starts with a dot. */
const GENERATIONS = '.berth/generations';

export interface FsObjectStoreOptions {
  /** Permission bits of created folders, exactly; absent: 0755 as far as the umask allows. */
  readonly directoryMode?: number | undefined;
  readonly emit: Emit;
}

/**
 * Objects as files below a folder. Every write is a rename or a link within one folder, so that readers see whole objects and a
 * killed writer leaves nothing but a temporary file. `ifMatch` is for objects up to 1 MiB.
 */
export class FsObjectStore implements ObjectStore {
  readonly conditionalWrites = true;
  readonly rangeReads = true;
  readonly #root: string;
  readonly #modes: Modes;
  readonly #emit: Emit;
  readonly #swept = new Set<string>();

  /** `root` is created by the first write. */
  constructor(root: string, options: FsObjectStoreOptions) {
    this.#root = root;
    this.#modes = { directory: options.directoryMode };
    this.#emit = options.emit;
  }

  async get(key: string, { signal, range, ifNoneMatch }: GetOptions): Promise<StoredObject | undefined> {
    return this.#io({ verb: 'read', key, signal }, async () => {
      const opened = this.#regular(key, await openRegular(this.#pathOf(key)));
      return opened && readObject(opened, { range, ifNoneMatch });
    });
  }

  async head(key: string, { signal }: CallOptions): Promise<StoredObjectInfo | undefined> {
    return this.#io({ verb: 'read', key, signal }, async () => {
      const opened = this.#regular(key, await openRegular(this.#pathOf(key)));
      return opened && describeObject(opened);
    });
  }

  async put(key: string, body: ByteSource, { signal, ifMatch, ifNoneMatch }: PutOptions): Promise<void> {
    await this.#io({ verb: 'write', key, signal }, async () => {
      const path = this.#pathOf(key);
      await this.#sweep(key);
      if (ifMatch !== undefined) return this.#swap(key, body, { ifMatch, signal });
      return writeObject(path, body, { modes: this.#modes, signal, key, onlyIfAbsent: ifNoneMatch === '*' });
    });
  }

  list(prefix: string, { signal }: CallOptions): AsyncIterable<string> {
    if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
    return listObjects(this.#root, prefix, signal);
  }

  async delete(key: string, { signal }: CallOptions): Promise<void> {
    await this.#io({ verb: 'delete', key, signal }, async () => {
      await rm(this.#pathOf(key), { force: true });
      await rm(this.#generationsOf(key), { recursive: true, force: true });
    });
  }

  async copy(from: string, to: string, { signal }: CallOptions): Promise<void> {
    await this.#io({ verb: 'copy', key: to, signal }, async () => {
      const path = this.#pathOf(to);
      await ensureFolder(dirname(path), this.#modes);
      const temporary = temporaryBeside(path);
      try {
        await copyFile(this.#pathOf(from), temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  #pathOf(key: string): string {
    return join(this.#root, checkKey(key));
  }

  #generationsOf(key: string): string {
    return join(this.#root, GENERATIONS, createHash('sha256').update(key).digest('hex').slice(0, 32));
  }

  async #swap(
    key: string,
    body: ByteSource,
    { ifMatch, signal }: CallOptions & { readonly ifMatch: string },
  ): Promise<void> {
    const content = await readAll(body.open({ signal }), { what: key, maxBytes: CONTENT_TAG_BYTES });
    await compareAndSwap(content, ifMatch, {
      path: this.#pathOf(key),
      key,
      folder: this.#generationsOf(key),
      modes: this.#modes,
      readTag: async () => (await this.head(key, { signal }))?.etag,
      signal,
    });
  }

  /** The folder of a key and those above it, each once. */
  async #sweep(key: string): Promise<void> {
    for (let name = dirname(key); !this.#swept.has(name); name = dirname(name)) {
      this.#swept.add(name);
      await sweepTemporaries(join(this.#root, name), Date.now());
    }
  }

  #regular(key: string, opened: Opened): Exclude<Opened, 'irregular'> {
    if (opened !== 'irregular') return opened;
    this.#emit({
      type: 'warning',
      code: 'MIRROR_FILE',
      message: `${join(this.#root, key)}: not a regular file: treated as missing`,
      hint: 'Remove it, and push the package again.',
    });
    return undefined;
  }

  async #io<T>(
    call: { readonly verb: string; readonly key: string; readonly signal: AbortSignal },
    action: () => Promise<T>,
  ): Promise<T> {
    try {
      call.signal.throwIfAborted();
      return await action();
    } catch (error) {
      // Whatever an aborted call fails with, the reason of its signal says why.
      if (call.signal.aborted) throw call.signal.reason;
      throw ioError(`cannot ${call.verb} ${join(this.#root, call.key)}`, error);
    }
  }
}
