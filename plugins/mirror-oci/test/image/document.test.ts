import { describe, expect, test } from '@jest/globals';
import { type Sha256, sha256Of } from '@berth/base';
import { parseImageDocument, parseImageManifest } from '../../src/image/document.ts';
import { DOCKER_TYPES, OCI_TYPES } from '../../src/media-types.ts';
import { type StoredManifest } from '../../src/registry.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const config = { mediaType: OCI_TYPES.config, digest: DIGEST, size: 2 };
const layer = { mediaType: OCI_TYPES.layer, digest: DIGEST, size: 10 };
const manifest = { schemaVersion: 2, mediaType: OCI_TYPES.manifest, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: OCI_TYPES.index,
  manifests: [
    { mediaType: OCI_TYPES.manifest, digest: DIGEST, size: 5, platform: { architecture: 'amd64', os: 'linux' } },
  ],
};

function stored(document: unknown, mediaType: string = OCI_TYPES.manifest): StoredManifest {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return { bytes, mediaType, digest: sha256Of(bytes) };
}

function failure(document: unknown, mediaType?: string): { kind: string; code: string; message: string } {
  try {
    parseImageDocument(stored(document, mediaType), 'manifest x');
  } catch (error) {
    return error as { kind: string; code: string; message: string };
  }
  return { kind: 'none', code: '', message: '' };
}

test('manifests and indexes of both families are read', () => {
  const digest = 'a'.repeat(64) as Sha256;
  expect(parseImageDocument(stored(manifest), 'm')).toEqual({
    kind: 'manifest',
    family: 'oci',
    config: { mediaType: OCI_TYPES.config, digest, sizeBytes: 2 },
    layers: [{ mediaType: OCI_TYPES.layer, digest, sizeBytes: 10 }],
  });
  const untyped = { schemaVersion: 2, config, layers: [layer] };
  expect(parseImageDocument(stored(untyped, DOCKER_TYPES.manifest), 'm').family).toBe('docker');
  const read = parseImageDocument(stored(index, OCI_TYPES.index), 'm');
  expect(read.kind === 'index' && read.entries[0]?.platform?.architecture).toBe('amd64');
});

test('J10 unknown fields are passed over', () => {
  expect(failure({ ...manifest, subject: { x: 1 }, artifactType: 'x', annotations: { a: 'b' } }).kind).toBe('none');
});

describe('R04 a document that claims to be several things is refused', () => {
  test.each([
    ['layers and manifests', { ...manifest, manifests: [] }, OCI_TYPES.manifest],
    ['manifests and config', { ...index, config }, OCI_TYPES.index],
    ['manifests and layers', { ...index, layers: [] }, OCI_TYPES.index],
    ['another type than it is served as', { ...manifest, mediaType: OCI_TYPES.index }, OCI_TYPES.manifest],
    ['Docker inside and OCI outside', { ...manifest, mediaType: DOCKER_TYPES.manifest }, OCI_TYPES.manifest],
  ])('%s', (_name, document, mediaType) => {
    expect(failure(document, mediaType)).toMatchObject({ kind: 'protocol', code: 'ERR_OCI_DOCUMENT' });
  });
});

describe('R05 what is no image that can be read is refused', () => {
  test.each([
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+json'],
    ['schema 1 under another type', { schemaVersion: 1, fsLayers: [], config, layers: [] }, DOCKER_TYPES.manifest],
    ['an unknown type', manifest, 'application/vnd.example+json'],
    ['no type', manifest, ''],
    ['a page', '<html></html>', 'text/html'],
  ])('%s', (_name, document, mediaType) => {
    expect(failure(document, mediaType)).toMatchObject({ kind: 'protocol', code: 'ERR_OCI_DOCUMENT' });
  });

  test('an index where one image is wanted', () => {
    expect(() => parseImageManifest(stored(index, OCI_TYPES.index), 'm')).toThrow(
      expect.objectContaining({ kind: 'protocol' }),
    );
  });
});

test('R06 addresses outside the registry are noted and never asked', () => {
  const document = { ...manifest, layers: [{ ...layer, urls: ['https://elsewhere.example/x'] }] };
  const read = parseImageManifest(stored(document), 'm');
  expect(read.layers[0]).toEqual({
    mediaType: OCI_TYPES.layer,
    digest: 'a'.repeat(64),
    sizeBytes: 10,
    foreign: true,
  });
});

describe('R07 descriptors', () => {
  test('whose data is not what the digest says are refused', () => {
    const data = Buffer.from('{}').toString('base64');
    const right = { ...config, digest: `sha256:${sha256Of('{}')}`, data };
    expect(failure({ ...manifest, config: right }).kind).toBe('none');
    expect(failure({ ...manifest, config: { ...config, data } }).kind).toBe('digest');
    expect(failure({ ...manifest, config: { ...right, size: 3 } }).kind).toBe('digest');
  });

  test('of 20 000 layers are too many', () => {
    const layers = Array.from({ length: 20_000 }, () => layer);
    expect(failure({ ...manifest, layers })).toMatchObject({ kind: 'limit', code: 'ERR_LIMIT' });
  });

  test.each([-1, 1.5, '12', true, null, 2 ** 60])('J03 of the size %j are refused', (size) => {
    expect(failure({ ...manifest, config: { ...config, size } })).toMatchObject({
      kind: 'format',
      code: 'ERR_DOCUMENT',
      message: expect.stringContaining('/config/size') as unknown as string,
    });
  });

  test.each([
    'a'.repeat(64),
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha512:${'a'.repeat(128)}`,
    'sha256:../../x',
    '',
  ])('J12, J13 of the digest %j are refused', (digest) => {
    expect(failure({ ...manifest, layers: [{ ...layer, digest }] }).kind).toBe('format');
  });
});

describe('documents that are not what JSON allows are refused', () => {
  test.each([
    ['J01 duplicate keys', JSON.stringify(manifest).replace('"layers"', '"config":{},"layers"')],
    ['J04 a trailing comma', `${JSON.stringify(manifest).slice(0, -1)},}`],
    ['J05 a million brackets', '['.repeat(1_000_000)],
    ['J06 a byte-order mark', `\ufeff${JSON.stringify(manifest)}`],
    ['J07 an empty body', ''],
    ['J07 null', 'null'],
    ['J07 a list', '[]'],
    ['J08 text after the document', `${JSON.stringify(manifest)} x`],
  ])('%s', (_name, text) => {
    expect(['format', 'limit']).toContain(failure(text).kind);
  });

  test('J02 keys of prototypes are plain data', () => {
    expect(failure(`{"__proto__":{"polluted":1},${JSON.stringify(manifest).slice(1)}`).kind).toBe('none');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each(['config', 'layers', 'schemaVersion'])('J09 without %s, or with a wrong one', (key) => {
    const without = Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== key));
    for (const wrong of [without, { ...manifest, [key]: null }, { ...manifest, [key]: 'x' }]) {
      const found = failure(wrong);
      expect(found).toMatchObject({ kind: 'format', code: 'ERR_DOCUMENT' });
      expect(found.message).toContain(`/${key}`);
    }
  });
});
