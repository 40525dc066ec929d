import { bytesSource, readAll, sha256Of } from '@berth/base';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openTestClient, type TestClient } from '../support/distribution-client.ts';
import { type RegistryDouble, startRegistryDouble } from '../support/registry-double.ts';

const signal = new AbortController().signal;

let double: RegistryDouble;
let client: TestClient;

beforeEach(async () => {
  double = await startRegistryDouble();
  client = openTestClient(double, { limits: { wholeBytes: 1000, chunkBytes: 1000, smallestChunkBytes: 10 } });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const blobOf = (bytes: Buffer): { digest: ReturnType<typeof sha256Of>; source: ReturnType<typeof bytesSource> } => ({
  digest: sha256Of(bytes),
  source: bytesSource(bytes),
});

describe('blobs', () => {
  test.each([0, 1, 999, 1000, 1001, 2000, 12_345])('%d bytes go up once and come down again', async (size) => {
    const bytes = randomBytes(size);
    const blob = blobOf(bytes);
    await expect(client.registry.hasBlob({ digest: blob.digest, sizeBytes: size }, { signal })).resolves.toBe(false);
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('exists');
    await expect(client.registry.hasBlob({ digest: blob.digest, sizeBytes: undefined }, { signal })).resolves.toBe(
      true,
    );
    const stream = await client.registry.openBlob({ digest: blob.digest, sizeBytes: size }, { signal });
    await expect(readAll(stream, { what: 'blob', maxBytes: size })).resolves.toEqual(bytes);
    expect(double.count('PATCH', /uploads/)).toBe(size <= 1000 ? 0 : Math.ceil(size / 1000));
  });

  test('the same blob from two sides goes up once', async () => {
    const blob = blobOf(randomBytes(5000));
    const outcomes = await Promise.all([1, 2, 3].map(async () => client.registry.putBlob(blob, { signal })));
    expect(outcomes.toSorted()).toEqual(['exists', 'exists', 'uploaded']);
    expect(double.count('POST', /uploads/)).toBe(1);
  });

  test('if the first side fails, the second sends it', async () => {
    const blob = blobOf(randomBytes(500));
    double.on({ method: 'PUT' }, (_request, response) => void response.writeHead(403).end());
    const outcomes = await Promise.allSettled([1, 2].map(async () => client.registry.putBlob(blob, { signal })));
    expect(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.status))).toEqual([
      'rejected',
      'uploaded',
    ]);
  });

  test('twenty at a time', async () => {
    const blobs = Array.from({ length: 20 }, (_, index) => blobOf(randomBytes(index * 300)));
    const outcomes = await Promise.all(blobs.map(async (blob) => client.registry.putBlob(blob, { signal })));
    expect(new Set(outcomes)).toEqual(new Set(['uploaded']));
    for (const { digest, source } of blobs) {
      await expect(client.registry.hasBlob({ digest, sizeBytes: source.sizeBytes }, { signal })).resolves.toBe(true);
    }
  });
});

test('its label names it without secrets, and closing it leaves the HTTP client to its owner', async () => {
  expect(client.registry.label).toBe(`${double.host}/demo/cache`);
  await client.registry[Symbol.asyncDispose]();
  await expect(client.registry.hasBlob({ digest: sha256Of(''), sizeBytes: 0 }, { signal })).resolves.toBe(false);
});
