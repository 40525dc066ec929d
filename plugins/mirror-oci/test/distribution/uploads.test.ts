import { afterEach, describe, expect, test } from '@jest/globals';
import { type ServerResponse } from 'node:http';
import { blobOf, type TestBlob, testBlob } from '../support/blobs.ts';
import { seededRandom, startCuttingProxy } from '../support/cutting-proxy.ts';
import { openTestClient, REPOSITORY, type TestClient, type TestClientOptions } from '../support/distribution-client.ts';
import {
  type Misbehaviour,
  type RegistryDouble,
  type RegistryDoubleOptions,
  startRegistryDouble,
} from '../support/registry-double.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const signal = new AbortController().signal;
const inPieces = { wholeBytes: 0, chunkBytes: 1000, smallestChunkBytes: 100 };
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function start(
  options: TestClientOptions & { readonly double?: RegistryDoubleOptions } = {},
): Promise<{ double: RegistryDouble; client: TestClient }> {
  const { double: doubleOptions, ...rest } = options;
  const double = await startRegistryDouble(doubleOptions);
  const client = openTestClient(double, rest);
  open.push(double, client);
  return { double, client };
}

const stored = (double: RegistryDouble, { digest }: TestBlob): Buffer | undefined =>
  double.storage.repository(REPOSITORY).blobs.get(`sha256:${digest}`);

const ranges = (double: RegistryDouble): (string | undefined)[] =>
  double.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']);

/** Lets the registry answer, and then says something else than it. */
const rewrite =
  (
    change: (response: ServerResponse, head: { status: number; headers: Record<string, string> }) => void,
  ): Misbehaviour =>
  async (_request, response, next) => {
    const head = response.writeHead.bind(response);
    response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
      const changed = { status, headers: { ...headers } };
      change(response, changed);
      return head(changed.status, changed.headers);
    }) as typeof response.writeHead;
    await next();
  };

const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Misbehaviour =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

const cutAfter =
  (bytes: number): Misbehaviour =>
  async (request, _response, next) => {
    let seen = 0;
    request.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= bytes) request.socket.destroy();
    });
    request.pause();
    await next();
  };

describe('R14: where an upload goes', () => {
  test('a relative location with a query, and a fragment that is dropped', async () => {
    const { double, client } = await start();
    double.on(
      { method: 'POST' },
      rewrite((_response, { headers }) => {
        const { pathname, search } = new URL(headers['Location'] ?? '');
        headers['Location'] = `${pathname}${search}&a=b%20c%2Fd#fragment`;
      }),
    );
    await expect(client.registry.putBlob(testBlob(10), { signal })).resolves.toBe('uploaded');
    const put = double.requests.find(({ method }) => method === 'PUT');
    expect(put?.path).toMatch(/\?_state=1&a=b%20c%2Fd&digest=sha256%3A[0-9a-f]{64}$/);
  });

  test('a location without a query gets one', async () => {
    const { double, client } = await start();
    double.on(
      { method: 'POST' },
      rewrite((_response, { headers }) => {
        headers['Location'] = (headers['Location'] ?? '').split('?')[0] ?? '';
      }),
    );
    await expect(client.registry.putBlob(testBlob(10), { signal })).resolves.toBe('uploaded');
    expect(double.requests.find(({ method }) => method === 'PUT')?.path).toMatch(/\/[0-9a-f-]{36}\?digest=sha256%3A/);
  });

  test.each([
    { name: 'missing', location: undefined },
    { name: 'empty', location: '' },
    { name: 'of another host', location: 'http://127.0.0.1:1/v2/x/blobs/uploads/y' },
    { name: 'no address', location: 'http://[' },
  ])('a location that is $name ends the upload', async ({ location }) => {
    const { double, client } = await start();
    double.on(
      { method: 'POST' },
      rewrite((_response, { headers }) => {
        if (location === undefined) delete headers['Location'];
        else headers['Location'] = location;
      }),
    );
    const failure = client.registry.putBlob(testBlob(10), { signal });
    await expect(failure).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_LOCATION' });
    expect(double.count('PUT', /./)).toBe(0);
  });

  test('a configured host gets the bytes and no credentials', async () => {
    const store = await startRegistryDouble();
    open.push(store);
    const { double, client } = await start({
      double: { auth: { kind: 'basic', username: 'alice', password: 's3cret' } },
      credentials: { kind: 'password', username: 'alice', password: 's3cret' },
      uploadHosts: [store.host],
    });
    const blob = testBlob(3000);
    const { id } = store.storage.startUpload(REPOSITORY);
    double.on(
      { method: 'POST' },
      rewrite((_response, { status, headers }) => {
        if (status === 202) headers['Location'] = `${store.origin}/v2/${REPOSITORY}/blobs/uploads/${id}`;
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(stored(store, blob)).toEqual(blob.bytes);
    expect(store.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  });
});

describe('R15: how far the registry says it is', () => {
  const blob = testBlob(2500);

  test('it goes on exactly where the registry is', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH' }, async (request, response, next) => {
      const upload = [...double.storage.uploads.values()][0];
      await rewrite((_response, { headers }) => {
        if (upload === undefined) return;
        const kept = Buffer.concat(upload.chunks).subarray(0, 600);
        upload.chunks.splice(0, Infinity, kept);
        upload.sizeBytes = 600;
        headers['Range'] = '0-599';
      })(request, response, next);
    });
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(ranges(double).slice(0, 2)).toEqual(['0-999', '600-1599']);
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('a missing range means the whole piece', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on(
      { method: 'PATCH', times: 9 },
      rewrite((_response, { headers }) => {
        delete headers['Range'];
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(ranges(double)).toEqual(['0-999', '1000-1999', '2000-2499']);
  });

  test.each([
    { name: 'more than was sent', range: '0-1000' },
    { name: 'not from the beginning', range: '5-999' },
    { name: 'nonsense', range: 'all of it' },
  ])('$name: the upload starts again, in one request', async ({ range }) => {
    const { double, client } = await start({ limits: inPieces });
    double.on(
      { method: 'PATCH' },
      rewrite((_response, { headers }) => {
        headers['Range'] = range;
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('POST', /uploads/)).toBe(2);
    expect(double.count('PATCH', /./)).toBe(1);
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('going backwards: the upload starts again', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on(
      { method: 'PATCH' },
      rewrite((_response, { headers }) => {
        headers['Range'] = '0-499';
      }),
    );
    double.on({ method: 'PATCH' }, async (_request, _response, next) => next());
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('POST', /uploads/)).toBe(2);
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('`0-0` for an empty upload after a cut means from the beginning', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH' }, (request) => void request.socket.destroy());
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(ranges(double).slice(0, 2)).toEqual(['0-999', '0-249']);
    expect(double.count('POST', /uploads/)).toBe(1);
  });
});

describe('R16: what registries answer', () => {
  const blob = testBlob(2500);

  test('a piece that the registry does not expect: it is asked what it has', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH' }, answer(416));
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('GET', /uploads/)).toBe(1);
    expect(double.count('POST', /uploads/)).toBe(1);
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('a lost session is started again once', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH' }, answer(404));
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('POST', /uploads/)).toBe(2);
  });

  test('a session that is lost again is a protocol failure', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH', times: 99 }, answer(404));
    const failure = client.registry.putBlob(blob, { signal });
    await expect(failure).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_UPLOAD' });
    expect(double.count('POST', /uploads/)).toBe(2);
  });

  test.each([200, 202, 204])('%d in place of 201 is believed when the blob is there', async (status) => {
    const { double, client } = await start();
    double.on(
      { method: 'PUT' },
      rewrite((_response, head) => {
        head.status = status;
        delete head.headers['Location'];
        delete head.headers['Docker-Content-Digest'];
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('HEAD', /./)).toBe(2);
  });

  test('201 without a location is believed when the blob is there', async () => {
    const { double, client } = await start();
    double.on(
      { method: 'PUT' },
      rewrite((_response, { headers }) => {
        delete headers['Location'];
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
  });

  test('a success that stored nothing is not believed', async () => {
    const { double, client } = await start();
    double.on({ method: 'PUT', times: 99 }, answer(201));
    const failure = client.registry.putBlob(blob, { signal });
    await expect(failure).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_UPLOAD' });
    expect(double.count('POST', /uploads/)).toBe(2);
  });

  test.each([200, 201, 204])('%d in place of 202 opens an upload and takes a piece', async (status) => {
    const { double, client } = await start({ limits: inPieces });
    const change = rewrite((_response, head) => {
      head.status = status;
    });
    double.on({ method: 'POST' }, change).on({ method: 'PATCH', times: 9 }, change);
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test.each([400, 405, 413, 415, 501])(
    'a registry that answers %d to a piece gets everything at once',
    async (status) => {
      const { double, client } = await start({ limits: inPieces });
      double.on({ method: 'PATCH', times: 99 }, answer(status));
      await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
      expect(double.count('PATCH', /./)).toBe(1);
      expect(stored(double, blob)).toEqual(blob.bytes);
    },
  );

  test('a registry that finds another digest gets the bytes again, once', async () => {
    const { double, client } = await start();
    const wrong = { ...blob, source: blobOf(Buffer.alloc(2500)).source };
    await expect(client.registry.putBlob(wrong, { signal })).rejects.toMatchObject({ code: 'ERR_OCI_UPLOAD' });
    expect(double.count('PUT', /./)).toBe(2);
  });

  test('pieces are as large as the registry demands', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on(
      { method: 'POST' },
      rewrite((_response, { headers }) => {
        headers['OCI-Chunk-Min-Length'] = '2000';
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(ranges(double)).toEqual(['0-1999', '2000-2499']);
  });
});

describe('R17: taking a blob over from another repository', () => {
  const blob = testBlob(2500);
  const mounting = { signal, mountFrom: 'demo/other' };

  test('nothing is sent when the registry has it there', async () => {
    const { double, client } = await start();
    double.storage.putBlob('demo/other', blob.bytes);
    await expect(client.registry.putBlob(blob, mounting)).resolves.toBe('mounted');
    expect(double.log.filter((line) => /PUT|PATCH/.test(line))).toEqual([]);
  });

  test('202: the bytes go into the upload that it opened', async () => {
    const { double, client } = await start();
    await expect(client.registry.putBlob(blob, mounting)).resolves.toBe('uploaded');
    expect(double.count('POST', /./)).toBe(1);
  });

  test.each([400, 401, 403, 404, 405])('%d: the bytes go the usual way', async (status) => {
    const { double, client } = await start();
    double.on({ method: 'POST', path: /mount=/ }, answer(status, { 'WWW-Authenticate': 'Basic realm="x"' }));
    await expect(client.registry.putBlob(blob, mounting)).resolves.toBe('uploaded');
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('201 that mounted something else is not believed', async () => {
    const { double, client } = await start();
    double.on({ method: 'POST', path: /mount=/ }, answer(201, { 'Docker-Content-Digest': `sha256:${'0'.repeat(64)}` }));
    await expect(client.registry.putBlob(blob, mounting)).resolves.toBe('uploaded');
    expect(stored(double, blob)).toEqual(blob.bytes);
  });

  test('R25: the other repository has a proper name', async () => {
    const { double, client } = await start();
    const failure = client.registry.putBlob(blob, { signal, mountFrom: 'demo/../secret' });
    await expect(failure).rejects.toMatchObject({ kind: 'config', code: 'ERR_OCI_NAME' });
    expect(double.count('POST', /./)).toBe(0);
  });
});

describe('R13: uploads that are redirected', () => {
  test('307 sends the bytes again, without credentials to another host', async () => {
    const store = await startRegistryDouble();
    open.push(store);
    const { double, client } = await start();
    const blob = testBlob(2500);
    const { id } = store.storage.startUpload(REPOSITORY);
    double.on({ method: 'PUT' }, (request, response) => {
      request.resume();
      const { search } = new URL(request.url ?? '', 'http://x');
      response.writeHead(307, { Location: `${store.origin}/v2/${REPOSITORY}/blobs/uploads/${id}${search}` }).end();
    });
    double.on({ method: 'HEAD' }, async (_request, _response, next) => next());
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(stored(store, blob)).toEqual(blob.bytes);
  });
});

describe('R20: a registry that is busy', () => {
  const blob = testBlob(2500);

  test('429 to a piece: it waits as long as it is told, and asks what arrived', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH' }, answer(429, { 'Retry-After': '7' }));
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(client.clock.slept).toContain(7000);
    expect(double.count('GET', /uploads/)).toBe(1);
  });

  test('500 for ever ends', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH', times: 99 }, answer(500));
    await expect(client.registry.putBlob(blob, { signal })).rejects.toMatchObject({ details: { status: 500 } });
    expect(double.count('PATCH', /./)).toBe(8);
  });

  test('500 to the last request does no harm when the blob is there', async () => {
    const { double, client } = await start();
    double.on(
      { method: 'PUT' },
      rewrite((_response, head) => {
        head.status = 500;
      }),
    );
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('PUT', /./)).toBe(1);
  });
});

describe('R21: connections that break', () => {
  test('what arrived of a piece is not sent again', async () => {
    const { double, client } = await start({ limits: { wholeBytes: 0, chunkBytes: MIB, smallestChunkBytes: KIB } });
    const blob = testBlob(2 * MIB);
    double.on({ method: 'PATCH' }, cutAfter(300 * KIB));
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    const second = Number(ranges(double)[1]?.split('-')[0]);
    expect(second).toBeGreaterThanOrEqual(300 * KIB - 64 * KIB);
    expect(double.count('POST', /uploads/)).toBe(1);
    expect(stored(double, blob)?.equals(blob.bytes)).toBe(true);
  });

  test('a registry that forgets the piece that was cut gets only that piece again', async () => {
    const { double, client } = await start({ limits: inPieces, double: { discardPartialChunks: true } });
    double.on({ method: 'PATCH' }, cutAfter(1)).on({ method: 'PATCH' }, async (_request, _response, next) => next());
    await expect(client.registry.putBlob(testBlob(2500), { signal })).resolves.toBe('uploaded');
    expect(double.count('POST', /uploads/)).toBe(1);
  });

  test('a connection that breaks after the last byte: the blob is found', async () => {
    const { double, client } = await start();
    const blob = testBlob(2500);
    double.on({ method: 'PUT' }, async (request, response, next) => {
      response.end = (() => request.socket.destroy()) as never;
      await next();
    });
    await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
    expect(double.count('PUT', /./)).toBe(1);
  });

  test('a registry that breaks every connection is given up', async () => {
    const { double, client } = await start({ limits: inPieces });
    double.on({ method: 'PATCH', times: 99 }, (request) => void request.socket.destroy());
    await expect(client.registry.putBlob(testBlob(2500), { signal })).rejects.toMatchObject({ kind: 'io' });
    expect(double.count('PATCH', /./)).toBe(8);
  });

  test('an aborted upload stops', async () => {
    const { double, client } = await start({ limits: inPieces });
    const user = new AbortController();
    double.on({ method: 'PATCH' }, () => {
      user.abort();
    });
    await expect(client.registry.putBlob(testBlob(2500), { signal: user.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(double.count('PATCH', /./)).toBe(1);
  });

  test.each([1, 2, 3])(
    '50 cuts at random bytes: at most 8 MiB are sent twice for each (seed %d)',
    async (seed) => {
      const { double } = await start();
      const random = seededRandom(seed);
      const blob = testBlob(64 * MIB, seed);
      const offsets = Array.from({ length: 50 }, () => Math.floor(random() * blob.sizeBytes));
      const proxy = await startCuttingProxy(Number(double.host.split(':')[1]), offsets);
      open.push(proxy);
      const client = openTestClient(double, { domain: `127.0.0.1:${proxy.port}` });
      open.push(client);
      double
        .on({ method: 'POST', times: 99 }, rewrite(hideHost))
        .on({ method: 'PATCH', times: 999 }, rewrite(hideHost));
      double.on({ method: 'GET', path: /uploads/, times: 999 }, rewrite(hideHost));
      await expect(client.registry.putBlob(blob, { signal })).resolves.toBe('uploaded');
      expect(stored(double, blob)?.equals(blob.bytes)).toBe(true);
      expect(proxy.cuts()).toBeGreaterThan(40);
      expect(proxy.sentBytes()).toBeLessThan(blob.sizeBytes + 50 * 8 * MIB);
      // A registry that keeps what arrived needs far less than that.
      expect(proxy.sentBytes()).toBeLessThan(1.5 * blob.sizeBytes);
    },
    60_000,
  );
});

/** A registry behind a proxy names itself by path. */
function hideHost(_response: ServerResponse, { headers }: { headers: Record<string, string> }): void {
  const { pathname, search } = new URL(headers['Location'] ?? '');
  headers['Location'] = `${pathname}${search}`;
}
