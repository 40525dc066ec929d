import { readAll } from '@berth/base';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { testBlob } from '../support/blobs.ts';
import { openTestClient, REPOSITORY, type TestClient } from '../support/distribution-client.ts';
import { type Misbehaviour, type RegistryDouble, startRegistryDouble } from '../support/registry-double.ts';

const signal = new AbortController().signal;
const blob = testBlob(200_000);
const PASSWORD = 's3cret-of-alice';

let double: RegistryDouble;
let client: TestClient;

beforeEach(async () => {
  double = await startRegistryDouble({ auth: { kind: 'basic', username: 'alice', password: PASSWORD } });
  double.storage.putBlob(REPOSITORY, blob.bytes);
  client = openTestClient(double, { credentials: { kind: 'password', username: 'alice', password: PASSWORD } });
  // The log-in is no part of what is tested here.
  await client.registry.hasBlob(blob, { signal });
  double.requests.splice(0);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

const read = async (start?: number): Promise<Buffer> =>
  readAll(await client.registry.openBlob(blob, { signal, start }), { what: 'blob', maxBytes: 10 * blob.sizeBytes });

const send =
  (bytes: Buffer, headers: Record<string, string> = {}, status = 200): Misbehaviour =>
  (_request, response) =>
    void response.writeHead(status, headers).end(bytes);

describe('R01: bytes that are not the ones asked for', () => {
  test('another blob of the same size', async () => {
    double.on({}, send(testBlob(blob.sizeBytes, 7).bytes));
    await expect(read()).rejects.toMatchObject({ kind: 'digest', code: 'ERR_DIGEST_MISMATCH' });
  });

  test('one byte too many', async () => {
    double.on({}, send(Buffer.concat([blob.bytes, Buffer.from('x')])));
    await expect(read()).rejects.toMatchObject({ kind: 'size', code: 'ERR_SIZE_MISMATCH' });
  });

  test('R02: a wrong digest header changes nothing', async () => {
    double.on({}, send(blob.bytes, { 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` }));
    expect((await read()).equals(blob.bytes)).toBe(true);
  });
});

test('an absent blob is notfound before a byte is read', async () => {
  const absent = testBlob(3, 77);
  await expect(client.registry.openBlob(absent, { signal })).rejects.toMatchObject({
    kind: 'notfound',
    code: 'ERR_BLOB_MISSING',
    details: { digest: absent.digest },
  });
});

test('T05: a web page is no blob', async () => {
  double.on({ times: 99 }, send(Buffer.from('<html>log in</html>'), { 'Content-Type': 'text/html' }));
  await expect(read()).rejects.toMatchObject({ kind: 'protocol' });
});

test('a blob is read from any byte on', async () => {
  expect((await read(150_000)).equals(blob.bytes.subarray(150_000))).toBe(true);
  expect(double.requests[0]?.headers['range']).toBe('bytes=150000-');
  await expect(read(blob.sizeBytes)).resolves.toHaveLength(0);
});

describe('R13: redirects', () => {
  test('credentials stay behind when a blob is in another place', async () => {
    await using store = await startRegistryDouble();
    store.storage.putBlob(REPOSITORY, blob.bytes);
    double.on(
      {},
      (request, response) => void response.writeHead(307, { Location: `${store.origin}${request.url}` }).end(),
    );
    expect((await read()).equals(blob.bytes)).toBe(true);
    expect(double.requests[0]?.headers['authorization']).toMatch(/^Basic /);
    expect(store.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  });

  test('a redirect to itself ends', async () => {
    double.on({ times: 99 }, (request, response) => void response.writeHead(302, { Location: request.url }).end());
    await expect(read()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_REDIRECT' });
  });

  test('ten redirects are too many', async () => {
    let hop = 0;
    double.on(
      { times: 99 },
      (_request, response) => void response.writeHead(302, { Location: `/hop/${(hop += 1)}` }).end(),
    );
    await expect(read()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_REDIRECT' });
    expect(hop).toBeLessThanOrEqual(6);
  });
});

/** Sends so many bytes of what the registry answers and breaks the connection. */
const cutAnswerAfter =
  (bytes: number): Misbehaviour =>
  async (_request, response, next) => {
    const end = response.end.bind(response);
    response.end = ((body: Buffer) => {
      response.write(body.subarray(0, bytes), () => response.socket?.destroy());
      return response;
    }) as typeof response.end;
    await next();
    response.end = end;
  };

describe('R21, R22: transfers that break', () => {
  test('it goes on where it ended, and the digest of the whole is checked', async () => {
    double.on({}, cutAnswerAfter(120_000));
    expect((await read()).equals(blob.bytes)).toBe(true);
    expect(double.requests.map(({ headers }) => [headers['range'], headers['if-range']])).toEqual([
      [undefined, undefined],
      ['bytes=120000-', `"sha256:${blob.digest}"`],
    ]);
  });

  test('a registry that ignores the range is read from the beginning, and nothing comes twice', async () => {
    double.on({}, send(blob.bytes)).on({}, cutAnswerAfter(120_000));
    expect((await read()).equals(blob.bytes)).toBe(true);
  });

  test('a part that was not asked for is thrown away', async () => {
    const wrong = { 'Content-Range': `bytes 0-99999/${blob.sizeBytes}` };
    double.on({}, send(blob.bytes.subarray(0, 100_000), wrong, 206)).on({}, cutAnswerAfter(120_000));
    expect((await read()).equals(blob.bytes)).toBe(true);
    expect(double.requests).toHaveLength(3);
  });

  test('one that never gets to its end is an io failure', async () => {
    double.on({ times: 99 }, cutAnswerAfter(0));
    await expect(read()).rejects.toMatchObject({ kind: 'io' });
  });
});

describe('R23: encodings', () => {
  test('a proxy that compresses a blob on its way does no harm', async () => {
    double.on({ times: 3 }, send(gzipSync(blob.bytes), { 'Content-Encoding': 'gzip' }));
    expect((await read()).equals(blob.bytes)).toBe(true);
    expect(double.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('encodings upon encodings are refused', async () => {
    double.on({}, send(gzipSync(gzipSync(blob.bytes)), { 'Content-Encoding': 'gzip, gzip' }));
    await expect(read()).rejects.toMatchObject({ kind: 'protocol' });
  });
});

describe('R26: asking whether a blob is there', () => {
  const has = async (): Promise<boolean> => client.registry.hasBlob(blob, { signal });

  test.each([400, 405, 501])('a registry without HEAD (%d) is asked by GET', async (status) => {
    double.on({ method: 'HEAD' }, (_request, response) => void response.writeHead(status).end());
    await expect(has()).resolves.toBe(true);
    expect(double.log.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'GET']);
  });

  test('another size means that it is not there', async () => {
    double.on({}, (_request, response) => void response.writeHead(200, { 'Content-Length': 5 }).end());
    await expect(has()).resolves.toBe(false);
  });

  test('no size is no objection', async () => {
    double.on({}, (_request, response) => void response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end());
    await expect(has()).resolves.toBe(true);
  });

  test('another digest means that it is not there', async () => {
    const headers = { 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}`, 'Content-Length': blob.sizeBytes };
    double.on({}, (_request, response) => void response.writeHead(200, headers).end());
    await expect(has()).resolves.toBe(false);
  });

  test('T05: a web page is no blob', async () => {
    double.on({}, (_request, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end());
    await expect(has()).resolves.toBe(false);
  });
});
