import { createReadStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  errnoCode,
  type ExpectedBytes,
  formatJson,
  isBerthError,
  isSha256,
  JsonFields,
  parseStrictJson,
  redactUrl,
  type Sha256,
  sha256Of,
  sweepTemporaries,
  temporaryBeside,
  toJson,
  VerifyStream,
  writeFileAtomic,
} from '@berth/base';
import { type CallOptions } from './mirror.ts';
import {
  ensureFolder,
  holdErrors,
  limitBytes,
  openFileAccess,
  openNewFile,
  type RandomAccess,
} from './random-access.ts';

/** What a cached index belongs to: another address, layout or view is another index (hostile-inputs X09). */
export interface IndexKey {
  readonly url: string;
  readonly layout: number;
  readonly view?: string | undefined;
}

/** `URL__vL` or `URL__vL__VIEW` (buildcache-formats §10.1). User information of the URL is not written. */
export function formatIndexKey({ url, layout, view }: IndexKey): string {
  return `${redactUrl(url)}__v${layout}${view === undefined ? '' : `__${view}`}`;
}

/** The parts of a key, or `undefined` when it is malformed. */
export function parseIndexKey(text: string): IndexKey | undefined {
  const match = /^(.+)__v(\d+)(?:__(.+))?$/.exec(text);
  if (match === null) return undefined;
  const [, url = '', layout = '', view] = match;
  return view === undefined ? { url, layout: Number(layout) } : { url, layout: Number(layout), view };
}

/** The cache file of an index: ten digits of the key's digest, ten of the content's (§10.1). */
export function indexFileName(key: string, hash: Sha256): string {
  return `${sha256Of(key).slice(0, 10)}_${hash.slice(0, 10)}.json`;
}

export interface CachedIndex {
  readonly hash: Sha256;
  readonly etag: string | undefined;
}

export interface SaveIndexOptions extends CallOptions {
  readonly expected: ExpectedBytes;
  readonly etag: string | undefined;
}

/** Indexes of mirrors kept between runs, shared with Spack: `<misc_cache>/indices` (§10.1). */
export interface IndexCache {
  /** What is recorded for a mirror; the bytes are looked at by `open` only. */
  find(key: IndexKey): Promise<CachedIndex | undefined>;
  /** The cached bytes, checked against their digest; `undefined` when they are missing or damaged (X02, F10). */
  open(key: IndexKey, cached: CachedIndex, options: CallOptions): Promise<RandomAccess | undefined>;
  /** Keeps `body` and records it. Rejects with `digest` or `size` when it is not the expected one. */
  save(key: IndexKey, body: Readable, options: SaveIndexOptions): Promise<CachedIndex>;
  /** As `save`, and opens what was kept: another process may have put another index in its place since. */
  saveOpen(key: IndexKey, body: Readable, options: SaveIndexOptions): Promise<RandomAccess>;
  /** Records a new ETag for an index whose bytes have not changed. */
  touch(key: IndexKey, cached: CachedIndex): Promise<void>;
}

const CONTENTS = 'contents.json';

/** The cache in `<directory>/indices`; created when something is saved. A damaged one counts as empty. */
export function createIndexCache(directory: string): IndexCache {
  const folder = join(directory, 'indices');
  const pathOf = (key: IndexKey, hash: Sha256): string => join(folder, indexFileName(formatIndexKey(key), hash));
  const record = async (key: IndexKey, cached: CachedIndex): Promise<void> => {
    const contents = await readContents(folder);
    const name = formatIndexKey(key);
    const previous = contents.get(name);
    contents.set(name, cached);
    await writeContents(folder, contents);
    if (previous !== undefined && previous.hash !== cached.hash) await rm(pathOf(key, previous.hash), { force: true });
  };
  const keep = async <T extends RandomAccess | undefined>(
    key: IndexKey,
    body: Readable,
    options: SaveIndexOptions & Opening<T>,
  ): Promise<Kept<T>> => {
    holdErrors(body);
    await sweepTemporaries(folder);
    await ensureFolder(folder);
    const pathFor = (found: Sha256): string => pathOf(key, found);
    const { hash, opened } = await saveBody(body, { ...options, folder, pathFor });
    const cached = { hash, etag: options.etag };
    try {
      await record(key, cached);
    } catch (error) {
      await opened?.[Symbol.asyncDispose]();
      throw error;
    }
    return { cached, opened };
  };
  return {
    find: async (key) => (await readContents(folder)).get(formatIndexKey(key)),
    open: (key, cached, options) => openVerified(pathOf(key, cached.hash), cached.hash, options),
    touch: record,
    save: async (key, body, options) =>
      (await keep(key, body, { ...options, open: () => Promise.resolve(undefined) })).cached,
    saveOpen: async (key, body, options) => (await keep(key, body, { ...options, open: openFileAccess })).opened,
  };
}

/** What is done with a new file before others may see it and take it away. */
interface Opening<T> {
  readonly open: (path: string) => Promise<T>;
}

interface Kept<T> {
  readonly cached: CachedIndex;
  readonly opened: T;
}

interface Place {
  readonly folder: string;
  readonly pathFor: (hash: Sha256) => string;
}

async function saveBody<T>(
  body: Readable,
  { expected, signal, folder, pathFor, open }: SaveIndexOptions & Place & Opening<T>,
): Promise<{ readonly hash: Sha256; readonly opened: T }> {
  const temporary = temporaryBeside(join(folder, 'index'));
  const verify = new VerifyStream(expected);
  try {
    await pipeline(body, limitBytes(expected.what), verify, await openNewFile(temporary), { signal });
    const opened = await open(temporary);
    await rename(temporary, pathFor(verify.digest));
    return { hash: verify.digest, opened };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function openVerified(path: string, hash: Sha256, { signal }: CallOptions): Promise<RandomAccess | undefined> {
  try {
    const verify = new VerifyStream({ what: path, digest: hash });
    await pipeline(createReadStream(path), verify.resume(), { signal });
    return await openFileAccess(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    if (!isBerthError(error, 'ERR_DIGEST_MISMATCH')) throw error;
    await rm(path, { force: true });
    return undefined;
  }
}

async function readContents(folder: string): Promise<Map<string, CachedIndex>> {
  const path = join(folder, CONTENTS);
  const contents = new Map<string, CachedIndex>();
  try {
    const { object } = new JsonFields(parseStrictJson(await readFile(path), { what: path }), { what: path });
    for (const [key, value] of object) {
      const fields = new JsonFields(value, { what: path, pointer: `/${key}` });
      const hash = fields.string('index_hash');
      if (isSha256(hash)) contents.set(key, { hash, etag: fields.optionalString('etag') });
    }
  } catch (error) {
    // A cache that cannot be read is an empty one: everything is fetched again.
    if (errnoCode(error) !== 'ENOENT' && !isBerthError(error)) throw error;
  }
  return contents;
}

async function writeContents(folder: string, contents: ReadonlyMap<string, CachedIndex>): Promise<void> {
  const document = Object.fromEntries(
    Array.from(contents, ([key, { hash, etag }]) => [
      key,
      { index_hash: hash, index_path: indexFileName(key, hash), etag: etag ?? null },
    ]),
  );
  await ensureFolder(folder);
  await writeFileAtomic(join(folder, CONTENTS), formatJson(toJson(document), 'default'));
}
