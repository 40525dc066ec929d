import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type ByteSource, readAll, sha256Of } from '@berth/base';
import { type BlobCache, createBlobCache } from '../src/index.ts';
import { signal } from './support/stores.ts';

let folder = '';
let cache: BlobCache = createBlobCache('');
const digest = sha256Of('hello');
const expected = { what: 'blob', digest, sizeBytes: 5 };
const body = (text = 'hello'): Readable => Readable.from([Buffer.from(text)]);
const textOf = async (source: ByteSource | undefined): Promise<string | undefined> =>
  source && (await readAll(source.open({ signal }), { what: 'blob', maxBytes: 100 })).toString();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-blob-cache-'));
  cache = createBlobCache(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a blob that was stored is found again', async () => {
  expect(await cache.find(digest, { signal })).toBeUndefined();
  expect(await textOf(await cache.store(expected, body(), { signal }))).toBe('hello');
  expect(await textOf(await cache.find(digest, { signal }))).toBe('hello');
});

test.each([
  ['other bytes', 'hallo', 'digest'],
  ['too many bytes', 'hello!', 'size'],
  ['too few bytes', 'hell', 'size'],
])('%s are refused and nothing is kept', async (_name, text, kind) => {
  await expect(cache.store(expected, body(text), { signal })).rejects.toMatchObject({ kind });
  expect(await readdir(join(folder, 'sha256'))).toEqual([]);
});

test('F10: a damaged blob is dropped when it is used, and can be fetched again', async () => {
  await cache.store(expected, body(), { signal });
  await writeFile(join(folder, 'sha256', digest), 'hellO');
  expect(await cache.find(digest, { signal })).toBeUndefined();
  expect(await readdir(join(folder, 'sha256'))).toEqual([]);
  expect(await textOf(await cache.store(expected, body(), { signal }))).toBe('hello');
});

test('two fetches of one blob at once are one', async () => {
  const second = body();
  const [one, two] = await Promise.all([
    cache.store(expected, body(), { signal }),
    cache.store(expected, second, { signal }),
  ]);
  expect(one).toBe(two);
  expect(second.destroyed).toBe(true);
});

test('an aborted fetch keeps nothing', async () => {
  await expect(cache.store(expected, body(), { signal: AbortSignal.abort() })).rejects.toBeDefined();
  expect(await readdir(join(folder, 'sha256'))).toEqual([]);
});

test('a body that breaks at once fails the fetch and nothing else', async () => {
  const broken = new Readable({ read: () => undefined });
  const stored = cache.store(expected, broken, { signal });
  broken.destroy(new Error('connection reset'));
  await expect(stored).rejects.toBeDefined();
  expect(await readdir(join(folder, 'sha256'))).toEqual([]);
});

test('a spool file becomes a blob, or vanishes', async () => {
  {
    await using spool = await cache.openSpool();
    await writeFile(spool.path, 'hello');
    expect(await textOf(await spool.adopt(digest))).toBe('hello');
  }
  {
    await using spool = await cache.openSpool();
    await writeFile(spool.path, 'other');
  }
  expect(await readdir(join(folder, 'sha256'))).toEqual([digest]);
});

test('a blob can be opened from the middle, and removed', async () => {
  const source = await cache.store(expected, body(), { signal });
  expect((await readAll(source.open({ start: 2, signal }), { what: 'blob', maxBytes: 9 })).toString()).toBe('llo');
  await cache.remove(digest);
  expect(await cache.find(digest, { signal })).toBeUndefined();
});
