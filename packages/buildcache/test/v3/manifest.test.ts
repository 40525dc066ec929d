import { describe, expect, test } from '@jest/globals';
import { formatManifest, indexBlob, packageBlobs, parseManifest } from '../../src/index.ts';
import { loadMirror } from '../support/stores.ts';

const digest = 'a'.repeat(64);
const spec = {
  contentLength: 12,
  mediaType: 'application/vnd.spack.spec.v5+json',
  compression: 'gzip',
  checksumAlgorithm: 'sha256',
  checksum: digest,
};
const archive = { ...spec, mediaType: 'application/vnd.spack.install.v2.tar+gzip' };
const manifest = (...data: readonly unknown[]): string => JSON.stringify({ version: 3, data });
const blobs = (text: string): ReturnType<typeof packageBlobs> => packageBlobs(parseManifest(text, 'm'), 'm');
const format = expect.objectContaining({ kind: 'format' });

test('every plain manifest of the golden mirrors is written again byte for byte', () => {
  let count = 0;
  for (const name of ['v3-unsigned', 'v3-view', 'v3-padded', 'v3-spliced', 'v3-signed', 'v2-migrated-to-v3']) {
    for (const [key, bytes] of loadMirror(name).objects) {
      if (!key.endsWith('.manifest.json') || bytes.toString().startsWith('-')) continue;
      expect(formatManifest(parseManifest(bytes, key))).toBe(bytes.toString());
      count += 1;
    }
  }
  expect(count).toBe(24);
});

test('J10, J15: unknown fields and unknown extra blobs are ignored', () => {
  const other = { ...spec, mediaType: 'application/x-other', extra: [1] };
  expect(blobs(JSON.stringify({ version: 3, data: [other, spec, archive], more: {} })).archive?.digest).toBe(digest);
});

test('an entry without an archive is a spec alone', () => {
  expect(blobs(manifest(spec)).archive).toBeUndefined();
});

describe('refused as format failures', () => {
  test.each([
    ['J01: a duplicate key', `{"version":3,"version":3,"data":[]}`],
    ['J03: a negative size', manifest({ ...spec, contentLength: -1 })],
    ['J03: a fraction', manifest(spec).replace('12', '1.5')],
    ['J03: an exponent', manifest(spec).replace('12', '1e3')],
    ['J03: a size beyond the safe integers', manifest(spec).replace('12', '9007199254740993')],
    ['J03: a size as text', manifest({ ...spec, contentLength: '12' })],
    ['J03: a size as a boolean', manifest({ ...spec, contentLength: true })],
    ['J04: a trailing comma', '{"version":3,"data":[],}'],
    ['J06: a byte-order mark', `\ufeff${manifest(spec)}`],
    ['J07: nothing', ''],
    ['J07: null', 'null'],
    ['J07: a list', '[]'],
    ['J07: a login page', '<html><body>Please log in</body></html>'],
    ['J08: text after the document', `${manifest(spec)} {}`],
    ['J09: no data', '{"version":3}'],
    ['J09: data of another type', '{"version":3,"data":{}}'],
    ['J09: a record that is null', manifest(null)],
    ['J11: a newer version', JSON.stringify({ version: 4, data: [spec] })],
    ['J11: a newer spec format', manifest({ ...spec, mediaType: 'application/vnd.spack.spec.v6+json' })],
    ['J12: a checksum in upper case', manifest({ ...spec, checksum: 'A'.repeat(64) })],
    ['J12: a short checksum', manifest({ ...spec, checksum: 'a'.repeat(63) })],
    ['J12: a checksum with its algorithm in front', manifest({ ...spec, checksum: `sha256:${digest}` })],
    ['J13: MD5', manifest({ ...spec, checksumAlgorithm: 'md5' })],
    ['J13: SHA256 in capitals', manifest({ ...spec, checksumAlgorithm: 'SHA256' })],
    ['J13: a path as the algorithm', manifest({ ...spec, checksumAlgorithm: '../../x' })],
    ['J15: two archives', manifest(spec, archive, archive)],
    ['J15: two specs', manifest(spec, spec, archive)],
    ['J15: no spec', manifest(archive)],
    ['an unknown compression', manifest({ ...spec, compression: 'zstd' })],
  ])('%s', (_name, text) => {
    expect(() => blobs(text)).toThrow(format);
  });

  test.each(['contentLength', 'mediaType', 'compression', 'checksumAlgorithm', 'checksum'])(
    'J09: a record without %s, naming the place',
    (field) => {
      const record = Object.fromEntries(Object.entries(spec).filter(([key]) => key !== field));
      expect(() => blobs(manifest(record))).toThrow(
        expect.objectContaining({ message: expect.stringContaining(`/data/0/${field}`) }),
      );
    },
  );
});

test('J05: a manifest nested a million deep is a limit failure', () => {
  expect(() => parseManifest('['.repeat(1_000_000), 'm')).toThrow(expect.objectContaining({ kind: 'limit' }));
});

test('J02: a key named __proto__ is plain data', () => {
  blobs(manifest(spec).replace('"version":3', '"version":3,"__proto__":{"polluted":true}'));
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test('an index manifest of a newer database needs a newer berth', () => {
  const records = parseManifest(
    manifest({ ...spec, mediaType: 'application/vnd.spack.db.v9+json', compression: 'none' }),
    'm',
  );
  expect(() => indexBlob(records, 'm')).toThrow(expect.objectContaining({ code: 'ERR_LAYOUT_VERSION' }));
});
