import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manifestOf, testBlob } from '../support/blobs.ts';
import { openTestClient, REPOSITORY, type TestClient } from '../support/distribution-client.ts';
import { type Misbehaviour, type RegistryDouble, startRegistryDouble } from '../support/registry-double.ts';

const signal = new AbortController().signal;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const reading = { signal, accept: [MANIFEST, 'application/vnd.docker.distribution.manifest.v2+json'] };
const [config, layer] = [testBlob(11), testBlob(2000)];
const manifest = manifestOf(config, layer);

let double: RegistryDouble;
let client: TestClient;

beforeEach(async () => {
  double = await startRegistryDouble();
  for (const { bytes } of [config, layer]) double.storage.putBlob(REPOSITORY, bytes);
  client = openTestClient(double, { limits: { manifestBytes: 10_000 } });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const send =
  (body: Buffer | string, headers: Record<string, string> = { 'Content-Type': MANIFEST }, status = 200): Misbehaviour =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

describe('reading', () => {
  test('by tag, by digest, and what is absent', async () => {
    double.storage.putManifest(REPOSITORY, 'a.spack', manifest);
    const stored = { bytes: manifest.bytes, mediaType: MANIFEST, digest: manifest.digest };
    await expect(client.registry.getManifest('a.spack', reading)).resolves.toEqual(stored);
    await expect(client.registry.getManifest(`sha256:${manifest.digest}`, reading)).resolves.toEqual(stored);
    await expect(client.registry.getManifest('b.spack', reading)).resolves.toBeUndefined();
    expect(double.requests[0]?.headers['accept']).toBe(reading.accept.join(', '));
  });

  test('R01: other bytes than the digest says', async () => {
    double.on({}, send('{}'));
    const failure = client.registry.getManifest(`sha256:${manifest.digest}`, reading);
    await expect(failure).rejects.toMatchObject({ kind: 'digest', code: 'ERR_DIGEST_MISMATCH' });
  });

  test.each([
    { name: 'absent', headers: {} },
    { name: 'wrong', headers: { 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` } },
    { name: 'of another algorithm', headers: { 'Docker-Content-Digest': `sha512:${'0'.repeat(128)}` } },
  ])('R02: a digest header that is $name does not count', async ({ headers }) => {
    double.on({}, send(manifest.bytes, { 'Content-Type': `${MANIFEST}; charset=utf-8`, ...headers }));
    await expect(client.registry.getManifest('a.spack', reading)).resolves.toEqual({
      bytes: manifest.bytes,
      mediaType: MANIFEST,
      digest: manifest.digest,
    });
  });

  test('R07: a manifest beyond the limit is not read to its end', async () => {
    double.on({}, send(Buffer.alloc(10_001, ' ')));
    await expect(client.registry.getManifest('a.spack', reading)).rejects.toMatchObject({
      kind: 'limit',
      code: 'ERR_LIMIT',
    });
  });

  test('T05: a web page is no manifest', async () => {
    double.on({}, send('<html>log in</html>', { 'Content-Type': 'text/html' }));
    await expect(client.registry.getManifest('a.spack', reading)).rejects.toMatchObject({ kind: 'protocol' });
  });

  test.each(['', '../secret', 'a/b', 'a%2fb', '.hidden', 'x'.repeat(129), 'ünïcode', 'sha256:abc', 'a?b', 'a b'])(
    'R25: nobody is asked for the reference %j',
    async (reference) => {
      await expect(client.registry.getManifest(reference, reading)).rejects.toMatchObject({ name: 'BerthError' });
      expect(double.requests).toEqual([]);
    },
  );

  test('R20: a busy registry is asked again after the pause that it wants', async () => {
    double.storage.putManifest(REPOSITORY, 'a.spack', manifest);
    double.on({}, send('', { 'Retry-After': '9' }, 429)).on({}, send('', {}, 503));
    await expect(client.registry.getManifest('a.spack', reading)).resolves.toMatchObject({ digest: manifest.digest });
    expect(client.clock.slept).toContain(9000);
  });
});

describe('writing', () => {
  const put = async (): Promise<string> => client.registry.putManifest('a.spack', manifest, { signal });

  test('it goes up under its media type, and is read back', async () => {
    await expect(put()).resolves.toBe(manifest.digest);
    expect(double.requests[0]?.headers['content-type']).toBe(MANIFEST);
    expect(double.log).toEqual([`PUT /v2/${REPOSITORY}/manifests/a.spack`, `GET /v2/${REPOSITORY}/manifests/a.spack`]);
  });

  test.each([200, 202, 204])('R16: %d in place of 201', async (status) => {
    double.on({ method: 'PUT' }, async (_request, response, next) => {
      const head = response.writeHead.bind(response);
      response.writeHead = () => head(status);
      await next();
    });
    await expect(put()).resolves.toBe(manifest.digest);
  });

  test('R18: a registry that shows it only after five seconds', async () => {
    const until = client.clock.now() + 5000;
    double.on({ method: 'GET', times: 99 }, async (request, response, next) => {
      if (client.clock.now() < until) await send('', {}, 404)(request, response, next);
      else await next();
    });
    await expect(put()).resolves.toBe(manifest.digest);
  });

  test('R18: a registry that never shows it', async () => {
    double.on({ method: 'PUT' }, send('', {}, 201));
    await expect(put()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_NOT_STORED' });
    expect(double.count('GET', /./)).toBe(6);
  });

  test('R18: a registry that stores other bytes', async () => {
    double.on({ method: 'PUT' }, async (request, response) => {
      request.resume();
      double.storage.putManifest(REPOSITORY, 'a.spack', { bytes: Buffer.from('{}'), mediaType: MANIFEST });
      response.writeHead(201).end();
    });
    await expect(put()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_NOT_STORED' });
  });

  test('another writer who moves the tag on at once is no failure', async () => {
    double.on({ method: 'GET' }, async (_request, _response, next) => {
      double.storage.putManifest(REPOSITORY, 'a.spack', { bytes: Buffer.from('{}'), mediaType: MANIFEST });
      await next();
    });
    await expect(put()).resolves.toBe(manifest.digest);
  });

  test('R19: blobs that the registry lost are named, and sent again although it says that it has them', async () => {
    await client.registry.putBlob(layer, { signal });
    double.storage.repository(REPOSITORY).blobs.delete(`sha256:${layer.digest}`);
    const failure: unknown = await put().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'protocol',
      code: 'ERR_OCI_BLOB_UNKNOWN',
      details: { digests: [layer.digest] },
    });
    double.on({ method: 'HEAD' }, (_request, response) => void response.writeHead(200).end());
    await expect(client.registry.putBlob(layer, { signal })).resolves.toBe('uploaded');
    await expect(put()).resolves.toBe(manifest.digest);
  });

  test('R19: a registry that does not name them gets all of them again', async () => {
    await client.registry.putBlob(layer, { signal });
    double.on({ method: 'PUT' }, send('{"errors":[{"code":"BLOB_UNKNOWN"}]}', {}, 400));
    await expect(put()).rejects.toMatchObject({ code: 'ERR_OCI_BLOB_UNKNOWN', details: { digests: [] } });
    for (const blob of [config, layer]) {
      await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
      await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('exists');
    }
  });

  test('a refusal says what the registry says', async () => {
    const body = JSON.stringify({ errors: [{ code: 'MANIFEST_INVALID', message: 'no \u001b[31mlayers' }] });
    double.on({}, send(body, {}, 400));
    const failure: unknown = await put().catch((error: unknown) => error);
    expect(String(failure)).toContain('MANIFEST_INVALID: no \\x1b[31mlayers');
  });
});

describe('deleting', () => {
  test('a manifest and its tags; what is not there is no failure', async () => {
    double.storage.putManifest(REPOSITORY, 'a.spack', manifest);
    await client.registry.deleteManifest(manifest.digest, { signal });
    await client.registry.deleteManifest(manifest.digest, { signal });
    await expect(client.registry.getManifest('a.spack', reading)).resolves.toBeUndefined();
  });

  test('a registry that does not delete says so', async () => {
    double.on({}, send('', {}, 405));
    const failure = client.registry.deleteManifest(manifest.digest, { signal });
    await expect(failure).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_DELETE' });
  });
});

describe('R25, R30: names', () => {
  test.each(['', 'Demo', 'demo//cache', '../demo', 'demo/..', 'demo/%2f', '-demo', `demo/${'x'.repeat(255)}`])(
    'nobody is asked for the repository %j',
    (name) => {
      expect(() => openTestClient(double, { name })).toThrow(expect.objectContaining({ code: 'ERR_OCI_NAME' }));
    },
  );

  test.each(['', 'a b', 'host/path', 'user@host', 'host:port', '[::1', 'host:99999'])('%j is no registry', (domain) => {
    expect(() => openTestClient(double, { domain })).toThrow(expect.objectContaining({ code: 'ERR_OCI_REGISTRY' }));
  });
});
