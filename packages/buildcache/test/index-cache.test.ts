import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { sha256Of } from '@berth/base';
import { createIndexCache, formatIndexKey, indexFileName, objectStoreMirror, parseIndexKey } from '../src/index.ts';
import { connectionOf, loadMirror, type MemoryStore, readVectors, signal } from './support/stores.ts';

interface Vector {
  readonly string: string;
  readonly ok?: { readonly url: string; readonly version: number; readonly view: string | null };
  readonly sha256_first10: string;
}

const MANIFEST = 'v3/manifests/index/index.manifest.json';
const BLOB = 'blobs/sha256/06/065931a7d86d864883ac193942d9d5d287f382d65975f94da0bfa67e7a675de9';
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-index-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('keys and file names are as in all six vectors', () => {
  const vectors = readVectors<Vector>('mirror-metadata-key');
  expect(vectors).toHaveLength(6);
  for (const { string, ok, sha256_first10: start } of vectors) {
    const parsed = parseIndexKey(string);
    expect(indexFileName(string, sha256Of('x')).slice(0, 11)).toBe(`${start}_`);
    if (ok === undefined) {
      expect(parsed).toBeUndefined();
      continue;
    }
    expect(parsed).toEqual({ url: ok.url, layout: ok.version, ...(ok.view === null ? {} : { view: ok.view }) });
    if (parsed !== undefined) expect(formatIndexKey(parsed)).toBe(string);
  }
});

test('the contents are recorded as Spack records them', async () => {
  const cache = createIndexCache(folder);
  const key = { url: 'file:///m', layout: 3 };
  const { hash } = await cache.save(key, Readable.from([Buffer.from('{}')]), {
    expected: { what: 'index' },
    etag: undefined,
    signal,
  });
  const name = `4ae6c3b25d_${hash.slice(0, 10)}.json`;
  expect(await readFile(join(folder, 'indices/contents.json'), 'utf8')).toBe(
    `{"file:///m__v3": {"index_hash": "${hash}", "index_path": "${name}", "etag": null}}`,
  );
  expect(await readFile(join(folder, 'indices', name), 'utf8')).toBe('{}');
});

test('a new index replaces the file of the old one', async () => {
  const cache = createIndexCache(folder);
  const key = { url: 'file:///m', layout: 3 };
  for (const text of ['one', 'two']) {
    await cache.save(key, Readable.from([Buffer.from(text)]), { expected: { what: 'index' }, etag: undefined, signal });
  }
  expect(await readdir(join(folder, 'indices'))).toHaveLength(2);
});

test('X06: an index that was saved and opened is read to its end while another process puts a new one in its place', async () => {
  const cache = createIndexCache(folder);
  const key = { url: 'file:///m', layout: 3 };
  const options = { expected: { what: 'index' }, etag: undefined, signal };
  await using opened = await cache.saveOpen(key, Readable.from([Buffer.from('{"a":1}')]), options);
  const found = await cache.find(key);
  expect(found?.hash).toBe(sha256Of(Buffer.from('{"a":1}')));
  await createIndexCache(folder).save(key, Readable.from([Buffer.from('{}')]), options);
  expect(found && (await cache.open(key, found, { signal }))).toBeUndefined();
  expect(String(await opened.read(0, opened.sizeBytes))).toBe('{"a":1}');
});

test('X09: another address, layout or view never gets this index', async () => {
  const cache = createIndexCache(folder);
  const key = { url: 'https://a/m', layout: 3, view: 'v' };
  await cache.save(key, Readable.from([Buffer.from('one')]), { expected: { what: 'index' }, etag: 'E', signal });
  expect(await cache.find(key)).toMatchObject({ etag: 'E' });
  for (const other of [
    { ...key, url: 'https://b/m' },
    { ...key, layout: 2 },
    { ...key, view: 'w' },
    { url: key.url, layout: 3 },
  ]) {
    expect(await cache.find(other)).toBeUndefined();
  }
});

test('Y14: a password in an address is not written', async () => {
  const cache = createIndexCache(folder);
  const key = { url: 'https://me:hush@a/m', layout: 3 };
  await cache.save(key, Readable.from([Buffer.from('one')]), { expected: { what: 'index' }, etag: undefined, signal });
  expect(await readFile(join(folder, 'indices/contents.json'), 'utf8')).not.toContain('hush');
  expect(await cache.find(key)).toBeDefined();
});

test('an index that is not the expected one is not kept', async () => {
  const cache = createIndexCache(folder);
  const expected = { what: 'index', digest: sha256Of('right') };
  await expect(
    cache.save({ url: 'u', layout: 3 }, Readable.from([Buffer.from('wrong')]), { expected, etag: undefined, signal }),
  ).rejects.toMatchObject({ kind: 'digest' });
  expect(await readdir(join(folder, 'indices'))).toEqual([]);
});

test.each(['', '{', '[]', '{"file:///m__v3": {"index_hash": "../../x"}}', '{"file:///m__v3": 1}'])(
  'damaged contents (%j) count as an empty cache',
  async (contents) => {
    const cache = createIndexCache(folder);
    await cache.save({ url: 'u', layout: 3 }, Readable.from(['x']), {
      expected: { what: 'i' },
      etag: undefined,
      signal,
    });
    await writeFile(join(folder, 'indices/contents.json'), contents);
    expect(await cache.find({ url: 'file:///m', layout: 3 })).toBeUndefined();
  },
);

describe('revalidation', () => {
  const read = async (store: MemoryStore, url = 'file:///mirrors/m'): Promise<readonly string[]> => {
    store.calls.length = 0;
    const index = await objectStoreMirror(store, connectionOf({ cacheDir: folder, url })).index({ signal });
    expect(index?.size).toBe(3);
    return store.calls.filter((call) => !call.includes('build_cache'));
  };
  const cachedFile = async (): Promise<string> => {
    const name = (await readdir(join(folder, 'indices'))).find((file) => file !== 'contents.json') ?? '';
    return join(folder, 'indices', name);
  };

  test('an unchanged index is not fetched again', async () => {
    const store = loadMirror('v3-unsigned');
    expect(await read(store)).toEqual([`get ${MANIFEST}`, `get ${BLOB}`]);
    expect(await read(store)).toEqual([`get ${MANIFEST}`]);
  });

  test('ETags of web servers are kept and sent', async () => {
    const store = loadMirror('v3-unsigned');
    await read(store, 'https://h/m');
    expect(await createIndexCache(folder).find({ url: 'https://h/m', layout: 3 })).toMatchObject({
      etag: expect.any(String),
    });
    expect(await read(store, 'https://h/m')).toEqual([`get ${MANIFEST}`]);
  });

  test.each([
    ['missing', (path: string) => rm(path)],
    ['damaged', (path: string) => writeFile(path, 'x')],
  ])('X02: a %s local copy is fetched again whatever the mirror says', async (_name, damage) => {
    const store = loadMirror('v3-unsigned');
    await read(store, 'https://h/m');
    await damage(await cachedFile());
    expect(await read(store, 'https://h/m')).toEqual([`get ${MANIFEST}`, `get ${BLOB}`]);
  });

  test('the v2 index is compared by its hash file', async () => {
    const store = loadMirror('v2-unsigned');
    const mirror = objectStoreMirror(store, connectionOf({ cacheDir: folder }));
    await mirror.index({ signal });
    store.calls.length = 0;
    expect((await mirror.index({ signal }))?.size).toBe(3);
    expect(store.calls).toEqual([`get ${MANIFEST}`, 'get build_cache/index.json.hash']);
  });
});
