import { isBerthError, readAll, type Sha256 } from '@berth/base';
import { createHttpClient, type HttpClient } from '@berth/http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDistribution } from '../../src/distribution/distribution.ts';
import { manifestOf, testBlob } from '../support/blobs.ts';
import { seededRandom, startCuttingProxy } from '../support/cutting-proxy.ts';
import { describeWithRegistry, type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
const accept = ['application/vnd.oci.image.manifest.v1+json'];
const USER = { username: 'alice', password: 's3cret words' };

interface Place {
  readonly name: string;
  readonly scheme: 'http' | 'https';
  readonly options: readonly string[];
}
const places: readonly Place[] = [
  { name: 'TLS and a password', scheme: 'https', options: ['--tls', '--user', `${USER.username}:${USER.password}`] },
  { name: 'plain http', scheme: 'http', options: [] },
];

const open = (
  host: string,
  {
    scheme,
    http,
    name = 'demo/cache',
    limits,
  }: Pick<Place, 'scheme'> & { http: HttpClient; name?: string; limits?: { chunkBytes?: number; wholeBytes?: number } },
): ReturnType<typeof openDistribution> =>
  openDistribution({
    domain: host,
    name,
    scheme,
    http,
    credentials: async () => ({ credentials: { kind: 'password', ...USER }, origin: 'the test' }),
    limits,
    emit: () => undefined,
  });
const client = (caFile?: string): HttpClient =>
  createHttpClient({
    env: {},
    certificateAuthorities: caFile,
    verifyTls: true,
    userAgent: 'berth-test',
    emit: () => undefined,
  });

describeWithRegistry().each(places)('docker-registry with $name', ({ scheme, options }) => {
  let server: DockerRegistry;
  let http: HttpClient;
  let registry: ReturnType<typeof openDistribution>;

  beforeAll(async () => {
    server = await startDockerRegistry(...options);
    http = client(server.caFile);
    registry = open(server.host, { scheme, http });
  }, 30_000);
  afterAll(async () => {
    await http[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const fetched = async (digest: Sha256, sizeBytes: number, start?: number): Promise<Buffer> =>
    readAll(await registry.openBlob({ digest, sizeBytes }, { signal, start }), { what: 'blob', maxBytes: sizeBytes });

  test.each([1, 1000, 3 * MIB, 8 * MIB, 8 * MIB + 1, 20 * MIB, 64 * MIB])(
    'a blob of %d bytes goes up once and comes down as it was',
    async (size) => {
      const blob = testBlob(size);
      await expect(registry.hasBlob(blob, { signal })).resolves.toBe(false);
      await expect(registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
      await expect(registry.hasBlob(blob, { signal })).resolves.toBe(true);
      await expect(registry.putBlob(blob, { signal })).resolves.toBe('exists');
      expect((await fetched(blob.digest, size)).equals(blob.bytes)).toBe(true);
      expect((await fetched(blob.digest, size, size - 1)).equals(blob.bytes.subarray(size - 1))).toBe(true);
    },
    60_000,
  );

  test('the same size goes up in one request and in small pieces', async () => {
    const [whole, pieces] = [testBlob(2 * MIB, 1), testBlob(2 * MIB, 2)];
    await open(server.host, { scheme, http, limits: { wholeBytes: 4 * MIB } }).putBlob(whole, { signal });
    await open(server.host, { scheme, http, limits: { wholeBytes: 0, chunkBytes: MIB / 4 } }).putBlob(pieces, {
      signal,
    });
    expect((await fetched(whole.digest, whole.sizeBytes)).equals(whole.bytes)).toBe(true);
    expect((await fetched(pieces.digest, pieces.sizeBytes)).equals(pieces.bytes)).toBe(true);
  });

  test('an absent blob is told apart from an absent server', async () => {
    const absent = testBlob(5, 99);
    await expect(registry.hasBlob(absent, { signal })).resolves.toBe(false);
    await expect(registry.openBlob(absent, { signal })).rejects.toMatchObject({ code: 'ERR_BLOB_MISSING' });
  });

  test('a blob of another repository is mounted, not sent', async () => {
    const blob = testBlob(12_345);
    await registry.putBlob(blob, { signal });
    const other = open(server.host, { scheme, http, name: 'demo/other' });
    await expect(other.putBlob(blob, { signal, mountFrom: 'demo/cache' })).resolves.toBe('mounted');
    await expect(other.putBlob(testBlob(12_346), { signal, mountFrom: 'demo/cache' })).resolves.toBe('uploaded');
  });

  test('manifests: put, get by tag and digest, list, delete', async () => {
    const manifest = manifestOf(testBlob(1), testBlob(1000));
    const own = open(server.host, { scheme, http, name: 'demo/manifests' });
    for (const size of [1, 1000]) await own.putBlob(testBlob(size), { signal, mountFrom: 'demo/cache' });
    await expect(own.getManifest('a.spack', { signal, accept })).resolves.toBeUndefined();
    await expect(own.putManifest('a.spack', manifest, { signal })).resolves.toBe(manifest.digest);
    await own.putManifest('b.spack', manifest, { signal });
    const stored = await own.getManifest(`sha256:${manifest.digest}`, { signal, accept });
    expect(stored).toEqual({ bytes: manifest.bytes, mediaType: manifest.mediaType, digest: manifest.digest });
    await expect(own.getManifest('b.spack', { signal, accept })).resolves.toEqual(stored);
    const tags = [];
    for await (const tag of own.listTags({ signal })) tags.push(tag);
    expect(tags.toSorted()).toEqual(['a.spack', 'b.spack']);
    await own.deleteManifest(manifest.digest, { signal });
    await own.deleteManifest(manifest.digest, { signal });
    await expect(own.getManifest('a.spack', { signal, accept })).resolves.toBeUndefined();
  });

  test('a repository that does not exist has no tags', async () => {
    const tags = [];
    for await (const tag of open(server.host, { scheme, http, name: 'demo/none' }).listTags({ signal })) tags.push(tag);
    expect(tags).toEqual([]);
  });

  test('a manifest whose blobs are missing is refused with their digests', async () => {
    const [config, layer] = [testBlob(31), testBlob(32)];
    await registry.putBlob(config, { signal });
    const failure: unknown = await registry
      .putManifest('c', manifestOf(config, layer), { signal })
      .catch((error: unknown) => error);
    expect(isBerthError(failure, 'ERR_OCI_BLOB_UNKNOWN') && failure.details['digests']).toEqual([layer.digest]);
  });

  test('uploads and downloads end right though the connection is cut at 50 random bytes', async () => {
    const random = seededRandom(scheme.length);
    const blobs = [6, 1, 3, 12, 0.5, 20, 2].map((mib, index) => testBlob(mib * MIB, 1000 + index));
    const offsets = Array.from({ length: 50 }, () => Math.floor(random() * 100 * MIB));
    await using proxy = await startCuttingProxy(server.port, offsets);
    await using cutting = client(server.caFile);
    const far = open(`127.0.0.1:${proxy.port}`, { scheme, http: cutting });
    for (const blob of blobs) {
      await expect(far.putBlob(blob, { signal })).resolves.toBe('uploaded');
      const stream = await far.openBlob(blob, { signal });
      expect((await readAll(stream, { what: 'blob', maxBytes: blob.sizeBytes })).equals(blob.bytes)).toBe(true);
    }
    expect(proxy.cuts()).toBeGreaterThan(30);
    const total = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(proxy.sentBytes()).toBeLessThan(total + proxy.cuts() * 8 * MIB);
  }, 120_000);
});
