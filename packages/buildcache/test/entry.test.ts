import { describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { type Sha256, sha256Of } from '@berth/base';
import {
  checkBinding,
  formatManifest,
  MEDIA_TYPES,
  type Mirror,
  objectStoreMirror,
  readEntrySpec,
  withSignedText,
} from '../src/index.ts';
import { goldenSpec } from './support/publications.ts';
import { connectionOf, loadMirror, type MemoryStore, signal } from './support/stores.ts';

const KEY = 'v3/manifests/spec/greet/greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm.spec.manifest.json';
const ARCHIVE = '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745' as Sha256;
const mirrorOf = (store: MemoryStore): Mirror => objectStoreMirror(store, connectionOf());

/** The golden mirror with another spec blob for greet. */
function withSpecBlob(bytes: Buffer, sizeBytes = bytes.byteLength, compression = 'gzip'): MemoryStore {
  const store = loadMirror('v3-unsigned');
  const digest = sha256Of(bytes);
  store.objects.set(`blobs/sha256/${digest.slice(0, 2)}/${digest}`, bytes);
  const archive = { sizeBytes: 10459, mediaType: MEDIA_TYPES.archive, compression: 'gzip', digest: ARCHIVE };
  store.objects.set(
    KEY,
    Buffer.from(formatManifest([archive, { sizeBytes, mediaType: MEDIA_TYPES.spec, compression, digest }])),
  );
  return store;
}

async function readGreet(store: MemoryStore): Promise<string> {
  const mirror = mirrorOf(store);
  const entry = await mirror.find(goldenSpec('greet'), { signal });
  if (entry === undefined) throw new Error('not found');
  return checkBinding(await readEntrySpec(mirror, entry, { signal }), goldenSpec('greet'), 'entry');
}

const documentOf = (name: string): string => {
  const { node } = goldenSpec(name);
  return JSON.stringify({ name: node.get('name') });
};

test('J14: a valid manifest of another package under the name of greet is a digest failure', async () => {
  const store = loadMirror('v3-unsigned');
  const other = Array.from(store.objects.keys()).find((key) => key.includes('/spec/libgreet/')) ?? '';
  store.objects.set(KEY, store.objects.get(other) ?? Buffer.alloc(0));
  await expect(readGreet(store)).rejects.toMatchObject({ kind: 'digest', code: 'ERR_BINDING' });
});

test('J14: the right hash with another version is a digest failure', () => {
  const asked = { name: 'greet', version: '2.0', hash: goldenSpec('greet').hash };
  expect(() => checkBinding(goldenSpec('greet'), asked, 'entry')).toThrow(
    expect.objectContaining({ code: 'ERR_BINDING' }),
  );
});

test('J20: a document that does not hash to its stored hash is a digest failure', async () => {
  const { gunzipSync } = await import('node:zlib');
  const original = loadMirror('v3-unsigned').objects.get(
    'blobs/sha256/0e/0ec1977ccb47b54f3ec9991037efd2f5fa61f342730e4b61a8561daae24ce8e2',
  );
  const altered = gunzipSync(original ?? '')
    .toString()
    .replace('"build_system":"makefile"', '"build_system":"generic"');
  await expect(readGreet(withSpecBlob(gzipSync(altered)))).rejects.toMatchObject({
    kind: 'digest',
    code: 'ERR_DAG_HASH',
  });
});

test('a spec blob stored uncompressed is read too', async () => {
  const { gunzipSync } = await import('node:zlib');
  const original = loadMirror('v3-unsigned').objects.get(
    'blobs/sha256/0e/0ec1977ccb47b54f3ec9991037efd2f5fa61f342730e4b61a8561daae24ce8e2',
  );
  expect(await readGreet(withSpecBlob(gunzipSync(original ?? ''), undefined, 'none'))).toBe('recomputed');
});

describe('a spec blob that is not what its manifest says', () => {
  const good = gzipSync(documentOf('greet'));
  test.each([
    ['J16: longer than declared', withSpecBlob(good, good.byteLength - 1), 'size'],
    ['J16: shorter than declared', withSpecBlob(good, good.byteLength + 1), 'size'],
    ['declared larger than any spec may be', withSpecBlob(good, 17 * 1024 * 1024), 'limit'],
    ['Z05: a truncated gzip stream', withSpecBlob(good.subarray(0, -4)), 'format'],
    ['not JSON', withSpecBlob(gzipSync('hello')), 'format'],
    ['not a spec', withSpecBlob(gzipSync('{}')), 'format'],
    ['Z01: unpacking to more than 128 MiB', withSpecBlob(gzipSync(Buffer.alloc(129 * 1024 * 1024))), 'limit'],
  ])('%s', async (_name, store, kind) => {
    await expect(readGreet(store)).rejects.toMatchObject({ kind });
  });

  test('of the right size with other bytes', async () => {
    const store = loadMirror('v3-unsigned');
    const key = 'blobs/sha256/0e/0ec1977ccb47b54f3ec9991037efd2f5fa61f342730e4b61a8561daae24ce8e2';
    store.objects.set(key, Buffer.alloc(store.objects.get(key)?.byteLength ?? 0));
    await expect(readGreet(store)).rejects.toMatchObject({ kind: 'digest' });
  });

  test('gone', async () => {
    const store = loadMirror('v3-unsigned');
    store.objects.delete('blobs/sha256/0e/0ec1977ccb47b54f3ec9991037efd2f5fa61f342730e4b61a8561daae24ce8e2');
    await expect(readGreet(store)).rejects.toMatchObject({ kind: 'notfound', code: 'ERR_BLOB_MISSING' });
  });
});

test('O1: a malformed v3 manifest never falls back to an older layout that has the package', async () => {
  const store = loadMirror('v2-migrated-to-v3');
  const key = Array.from(store.objects.keys()).find((each) => each.includes('/spec/greet/')) ?? '';
  store.objects.set(key, Buffer.from('{'));
  const asked = { name: 'greet', version: '1.0', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd' };
  await expect(mirrorOf(store).find(asked, { signal })).rejects.toMatchObject({ kind: 'format' });
  expect(store.calls.filter((call) => call.includes('build_cache'))).toEqual([]);
});

test('a mirror with a view is not looked at in older layouts', async () => {
  const store = loadMirror('v2-unsigned');
  const asked = { name: 'greet', version: '1.0', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd' };
  expect(await objectStoreMirror(store, connectionOf({ view: 'team/a' })).find(asked, { signal })).toBeUndefined();
});

test('G05: after a verification only the text that was signed counts', async () => {
  const mirror = mirrorOf(loadMirror('v3-signed'));
  const entry = await mirror.find(goldenSpec('greet'), { signal });
  if (entry === undefined) throw new Error('not found');
  const signedText = Buffer.from(
    formatManifest([
      { sizeBytes: 1, mediaType: MEDIA_TYPES.archive, compression: 'gzip', digest: sha256Of('signed') },
      { sizeBytes: 1, mediaType: MEDIA_TYPES.spec, compression: 'gzip', digest: sha256Of('spec') },
    ]),
  );
  expect(withSignedText(entry, signedText).archive?.digest).toBe(sha256Of('signed'));
});

describe('v2 spec files that are refused', () => {
  const key = 'build_cache/linux-debian12-x86_64-gcc-12.2.0-greet-1.0-4nocb6qyckgdmyklrqtcy4n5r2rprrrd.spec.json';
  const asked = { name: 'greet', version: '1.0', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd' };
  const find = async (edit: (text: string) => string): Promise<unknown> => {
    const store = loadMirror('v2-unsigned');
    store.objects.set(key, Buffer.from(edit(store.objects.get(key)?.toString() ?? '')));
    return mirrorOf(store).find(asked, { signal });
  };
  test.each([
    [
      'J11: a newer layout',
      (text: string) => text.replace('"buildcache_layout_version":2', '"buildcache_layout_version":3'),
    ],
    [
      'a layout too old',
      (text: string) => text.replace('"buildcache_layout_version":2', '"buildcache_layout_version":0'),
    ],
    ['no layout', (text: string) => text.replace('"buildcache_layout_version":2,\n', '')],
    ['J13: MD5', (text: string) => text.replace('"sha256"', '"md5"')],
    [
      'J12: a checksum in upper case',
      (text: string) =>
        text.replace(/("hash":")([0-9a-f]{64})/, (_all, head: string, hex: string) => head + hex.toUpperCase()),
    ],
    ['no checksum', (text: string) => text.replace('binary_cache_checksum', 'other')],
    ['no spec', (text: string) => text.replace('"spec"', '"other"')],
    [
      'J01: a duplicate key',
      (text: string) => text.replace('"buildcache_layout_version":2', '"spec":{},"buildcache_layout_version":2'),
    ],
  ])('%s', async (_name, edit) => {
    await expect(find(edit)).rejects.toMatchObject({ kind: 'format' });
  });
});
