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
});
