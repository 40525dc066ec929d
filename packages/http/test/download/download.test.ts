import { expect, test } from '@jest/globals';
import { sha256Of } from '@berth/base';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { resource } from '../support/resource.ts';
import { startRawServer, startServer } from '../support/servers.ts';

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 251));
const text = bytes.toString('latin1');
const expected = { what: 'blob', digest: sha256Of(bytes), sizeBytes: bytes.length };
const unsized = { what: 'blob', digest: sha256Of(bytes) };

test('a download gives the bytes and checks them', async () => {
  await using server = await startServer(resource({ bytes, etag: '"a"' }));
  await using client = testClient();
  const download = await client.http.openDownload({ url: server.url, expected, signal: client.signal });
  expect([download.status, download.headers.get('etag')]).toEqual([200, '"a"']);
  expect(await textOf(download.body)).toBe(text);
});

const wrong = [
  { name: 'other bytes', served: Buffer.from(bytes).fill(0, 5, 6), kind: 'digest', code: 'ERR_DIGEST_MISMATCH' },
  { name: 'one byte more', served: Buffer.concat([bytes, Buffer.from('x')]), kind: 'size', code: 'ERR_SIZE_MISMATCH' },
];

test.each(wrong)('$name are a failure of kind $kind, at once', async ({ served, kind, code }) => {
  await using server = await startServer(resource({ bytes: served }));
  await using client = testClient();
  const error = await failureOf(textOf(client.http.download({ url: server.url, expected, signal: client.signal })));
  expect(error).toMatchObject({ kind, code });
  expect(server.seen).toHaveLength(1);
});

test('T05: wrong bytes that are a web page tell of a portal, not of the package', async () => {
  await using server = await startServer(
    resource({ bytes: Buffer.from('<html>'), headers: { 'Content-Type': 'text/html' } }),
  );
  await using client = testClient();
  const error = await failureOf(
    textOf(client.http.download({ url: server.url, expected: unsized, signal: client.signal })),
  );
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_HTML' });
});

test('a web page that is the expected bytes is fine', async () => {
  await using server = await startServer(resource({ bytes, headers: { 'Content-Type': 'text/html' } }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
});

test('R21: a download that is cut goes on where it ended, on the same version', async () => {
  await using server = await startServer(resource({ bytes, etag: '"v1"', cutAfter: [70_000, 50_000] }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
  const asked = server.requests.map(({ headers }) => [headers.range, headers['if-range']]);
  expect(asked).toEqual([
    [undefined, undefined],
    ['bytes=70000-', '"v1"'],
    ['bytes=120000-', '"v1"'],
  ]);
});

test('R21: without a strong ETag the digest vouches for the halves', async () => {
  await using server = await startServer(resource({ bytes, etag: 'W/"v1"', cutAfter: [70_000] }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
  expect(server.requests.map(({ headers }) => [headers.range, headers['if-range']])[1]).toEqual([
    'bytes=70000-',
    undefined,
  ]);
});

test('R21: without ETag and digest it starts again, and compares what it has', async () => {
  await using server = await startServer(resource({ bytes, cutAfter: [70_000] }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected: { what: 'x' }, signal: client.signal }))).toBe(
    text,
  );
  expect(server.requests[1]?.headers).not.toHaveProperty('range');
});

test('R21: a server that always cuts at once is io after five attempts', async () => {
  await using server = await startServer(resource({ bytes, etag: '"v1"', cutAfter: Array<number>(99).fill(10) }));
  await using client = testClient();
  const error = await failureOf(textOf(client.http.download({ url: server.url, expected, signal: client.signal })));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_CONNECTION' });
  expect(server.seen).toHaveLength(5);
});

test('R21: a body without a length that ends early is a cut when the size is known', async () => {
  await using server = await startRawServer((socket, _count, head) => {
    const start = Number(/range: bytes=(\d+)-/i.exec(head)?.[1] ?? 0);
    socket.end(
      start === 0
        ? 'HTTP/1.1 200 OK\r\n\r\nhello '
        : `HTTP/1.1 206 OK\r\nContent-Range: bytes ${start}-10/11\r\n\r\n${'hello world'.slice(start)}`,
    );
  });
  await using client = testClient();
  const whole = { what: 'blob', digest: sha256Of('hello world'), sizeBytes: 11 };
  expect(await textOf(client.http.download({ url: server.url, expected: whole, signal: client.signal }))).toBe(
    'hello world',
  );
});

test('R21: chunks without an end are a cut', async () => {
  await using server = await startRawServer((socket, count) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
    if (count === 1) socket.end(head);
    else socket.write(`${head}0\r\n\r\n`);
  });
  await using client = testClient();
  const whole = { what: 'blob', digest: sha256Of('hello') };
  expect(await textOf(client.http.download({ url: server.url, expected: whole, signal: client.signal }))).toBe('hello');
});

test('R21: more bytes than the length do not become part of the body', async () => {
  await using server = await startRawServer((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEVIL'),
  );
  await using client = testClient();
  const whole = { what: 'blob', digest: sha256Of('hello') };
  expect(await textOf(client.http.download({ url: server.url, expected: whole, signal: client.signal }))).toBe('hello');
});

test('R21: a stalled download goes on from where it stalled', async () => {
  await using server = await startRawServer((socket, count) => {
    if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello ');
    else socket.write('HTTP/1.1 206 OK\r\nContent-Range: bytes 6-10/11\r\nContent-Length: 5\r\n\r\nworld');
  });
  await using client = testClient({ timeouts: { noProgressMs: 50 } });
  const whole = { what: 'blob', digest: sha256Of('hello world') };
  expect(await textOf(client.http.download({ url: server.url, expected: whole, signal: client.signal }))).toBe(
    'hello world',
  );
});

test('R22: a server that ignores Range is read from its beginning, without an error', async () => {
  await using server = await startServer(resource({ bytes, etag: '"v1"', ranges: false, cutAfter: [70_000] }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
  expect(server.seen).toHaveLength(2);
});

const partial = [
  { name: 'another start', header: { 'Content-Range': `bytes 60000-199999/200000` } },
  { name: 'no Content-Range', header: {} },
  { name: 'several parts', header: { 'Content-Type': 'multipart/byteranges; boundary=x' } },
  { name: 'a Content-Range that makes no sense', header: { 'Content-Range': 'bytes 70000-5/10' } },
];

test.each(partial)('R22: a 206 with $name is thrown away and the download starts again', async ({ header }) => {
  const whole = resource({ bytes, etag: '"v1"', ranges: false, cutAfter: [70_000] });
  await using server = await startServer((request, response) => {
    if (request.headers.range === undefined) whole(request, response);
    else response.writeHead(206, header).end(bytes.subarray(60_000));
  });
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
  expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=70000-', undefined]);
});

test('R22: a 416 makes it start again', async () => {
  const whole = resource({ bytes, etag: '"v1"', ranges: false, cutAfter: [70_000] });
  await using server = await startServer((request, response) => {
    if (request.headers.range === undefined) whole(request, response);
    else response.writeHead(416).end();
  });
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
});

test.each([
  { name: 'other bytes', second: Buffer.from(bytes).fill(9, 0, 1) },
  { name: 'fewer bytes', second: bytes.subarray(0, 100) },
])('R22: a resource that has $name after the cut is protocol, never a mixture', async ({ second }) => {
  const answers = [resource({ bytes, etag: '"v1"', cutAfter: [70_000] }), resource({ bytes: second, etag: '"v2"' })];
  await using server = await startServer((request, response) => answers.shift()?.(request, response));
  await using client = testClient();
  const error = await failureOf(
    textOf(client.http.download({ url: server.url, expected: unsized, signal: client.signal })),
  );
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_CHANGED' });
});

const codings = [
  { name: 'gzip', encode: gzipSync },
  { name: 'x-gzip', encode: gzipSync },
  { name: 'deflate', encode: deflateSync },
  { name: 'br', encode: brotliCompressSync },
];

const coded = codings.flatMap((coding) => [
  { ...coding, size: 'known', what: expected },
  { ...coding, size: 'unknown', what: unsized },
]);

test.each(coded)('R23: $name that a proxy added is undone, the size is $size', async ({ name, encode, what }) => {
  await using server = await startServer(resource({ bytes: encode(bytes), headers: { 'Content-Encoding': name } }));
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected: what, signal: client.signal }))).toBe(text);
});

test.each([{ size: true }, { size: false }])(
  'R23: an archive that is merely called gzip stays as it is, size known: $size',
  async ({ size }) => {
    const archive = gzipSync(bytes);
    const digest = sha256Of(archive);
    const what = size ? { what: 'tarball', digest, sizeBytes: archive.length } : { what: 'tarball', digest };
    await using server = await startServer(resource({ bytes: archive, headers: { 'Content-Encoding': 'gzip' } }));
    await using client = testClient();
    const body = client.http.download({ url: server.url, expected: what, signal: client.signal });
    expect(await textOf(body)).toBe(archive.toString('latin1'));
  },
);

test.each(['gzip, gzip', 'gzip, '.repeat(1000) + 'gzip', 'zstd', 'compress'])(
  'R23: Content-Encoding %j is protocol',
  async (coding) => {
    await using server = await startServer(
      resource({ bytes: gzipSync(gzipSync(bytes)), headers: { 'Content-Encoding': coding } }),
    );
    await using client = testClient();
    const error = await failureOf(textOf(client.http.download({ url: server.url, expected, signal: client.signal })));
    expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_ENCODING' });
  },
);

test('R23: a coding is refused when there is no digest to check it by', async () => {
  await using server = await startServer(resource({ bytes: gzipSync(bytes), headers: { 'Content-Encoding': 'gzip' } }));
  await using client = testClient();
  const error = await failureOf(
    textOf(client.http.download({ url: server.url, expected: { what: 'x' }, signal: client.signal })),
  );
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_ENCODING' });
});

test.each([expected, unsized])(
  'R23: a damaged coding is protocol, and one that expands without end is bounded: %j',
  async (what) => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const answers = [gzipSync(bytes).subarray(0, 500), bomb];
    await using server = await startServer((request, response) => {
      resource({ bytes: answers[Number(request.url?.slice(1))] ?? bomb, headers: { 'Content-Encoding': 'gzip' } })(
        request,
        response,
      );
    });
    await using client = testClient({ limits: { decodedBytes: 1_000_000 } });
    const read = (index: number): Promise<unknown> =>
      failureOf(textOf(client.http.download({ url: `${server.url}/${index}`, expected: what, signal: client.signal })));
    expect(await read(0)).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_ENCODING' });
    expect(await read(1)).toMatchObject({ code: what === expected ? 'ERR_SIZE_MISMATCH' : 'ERR_HTTP_ENCODING' });
  },
);

test.each([
  { size: 'known', what: expected, requests: 2 },
  { size: 'unknown', what: unsized, requests: 3 },
])('R23: a cut in a coded body starts it again without a range, the size is $size', async ({ what, requests }) => {
  const zipped = gzipSync(bytes, { level: 0 });
  // Where the size is unknown the first answer is read only to learn its form.
  const cutAfter = requests === 2 ? [100_000] : [Infinity, 100_000];
  await using server = await startServer(
    resource({ bytes: zipped, etag: '"v1"', cutAfter, headers: { 'Content-Encoding': 'gzip' } }),
  );
  await using client = testClient();
  expect(await textOf(client.http.download({ url: server.url, expected: what, signal: client.signal }))).toBe(text);
  expect(server.requests.map(({ headers }) => headers.range)).toEqual(Array<undefined>(requests).fill(undefined));
});

const part = { what: 'part', digest: sha256Of(bytes.subarray(1000, 90_000)), sizeBytes: 89_000 };

test.each([{ ranges: true }, { ranges: false }])(
  'a range is read and resumed, from a server with ranges $ranges',
  async ({ ranges }) => {
    await using server = await startServer(resource({ bytes, ranges, etag: '"v1"', cutAfter: [40_000] }));
    await using client = testClient();
    const range = { start: 1000, end: 90_000 };
    const body = client.http.download({ url: server.url, expected: part, range, signal: client.signal });
    expect(await textOf(body)).toBe(text.slice(1000, 90_000));
    const resumed = ranges ? 'bytes=41000-89999' : 'bytes=40000-89999';
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=1000-89999', resumed]);
  },
);

test('a status that is expected comes without bytes', async () => {
  await using server = await startServer((request, response) => {
    response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 404).end();
  });
  await using client = testClient();
  const ask = { url: server.url, expected, expect: [304, 404], signal: client.signal };
  const known = await client.http.openDownload({ ...ask, headers: { 'if-none-match': '"v1"' } });
  const missing = await client.http.openDownload(ask);
  expect([known.status, await textOf(known.body), missing.status]).toEqual([304, '', 404]);
  const error = await failureOf(textOf(client.http.download({ ...ask, expect: [] })));
  expect(error).toMatchObject({ kind: 'notfound', status: 404 });
});

test('R12: a download that goes on after its token has expired logs in again', async () => {
  let token = 1;
  const whole = resource({ bytes, etag: '"v1"', cutAfter: [70_000] });
  await using server = await startServer((request, response) => {
    const good = request.headers.range === undefined ? 'Bearer t1' : 'Bearer t2';
    if (request.headers.authorization === good) whole(request, response);
    else response.writeHead(401).end();
  });
  await using client = testClient();
  const auth = {
    authorize: async () => ({ authorization: `Bearer t${token}` }),
    challenge: async () => {
      token += 1;
      return true;
    },
  };
  expect(await textOf(client.http.download({ url: server.url, expected, auth, signal: client.signal }))).toBe(text);
});

test('a body that is thrown away gives its connection back', async () => {
  await using server = await startServer(resource({ bytes }));
  await using client = testClient({ perHostConnections: 1 });
  const unread = await client.http.openDownload({ url: server.url, expected, signal: client.signal });
  unread.body.destroy();
  const begun = client.http.download({ url: server.url, expected, signal: client.signal });
  for await (const chunk of begun as AsyncIterable<Uint8Array>) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    break;
  }
  expect(await textOf(client.http.download({ url: server.url, expected, signal: client.signal }))).toBe(text);
});

test('an abort in the middle ends it with its reason', async () => {
  await using server = await startRawServer((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello '),
  );
  await using client = testClient();
  const controller = new AbortController();
  const body = client.http.download({ url: server.url, expected, signal: controller.signal });
  const reading = failureOf(
    (async () => {
      for await (const chunk of body) {
        expect(chunk).toBeDefined();
        controller.abort(new Error('enough'));
      }
    })(),
  );
  expect(await reading).toMatchObject({ message: 'enough' });
});

test('a large download is never held in memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-http-'));
  const path = join(folder, 'large');
  const large = Buffer.alloc(64 * 1024 * 1024, 7);
  writeFileSync(path, large);
  const what = { what: 'large', digest: sha256Of(large), sizeBytes: large.length };
  let [served, ahead, read] = [0, 0, 0];
  await using server = await startServer((_request, response) => {
    response.setHeader('Content-Length', large.length);
    const file = createReadStream(path);
    file.on('data', (chunk) => {
      served += chunk.length;
    });
    file.pipe(response);
  });
  await using client = testClient();
  for await (const chunk of client.http.download({
    url: server.url,
    expected: what,
    signal: client.signal,
  }) as AsyncIterable<Uint8Array>) {
    read += chunk.byteLength;
    ahead = Math.max(ahead, served - read);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(read).toBe(large.length);
  expect(ahead).toBeLessThan(32 * 1024 * 1024);
  rmSync(folder, { recursive: true });
});
