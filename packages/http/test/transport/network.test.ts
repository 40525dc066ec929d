import { expect, test } from '@jest/globals';
import { type LookupAddress } from 'node:dns';
import { type LookupFunction, type Socket } from 'node:net';
import { readDocument, readJson } from '../../src/index.ts';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startRawServer, startServer } from '../support/servers.ts';

function resolverOf(addresses: readonly LookupAddress[], code = 'ENOTFOUND'): LookupFunction {
  return (hostname, _options, callback) => {
    if (addresses.length > 0) callback(null, [...addresses]);
    else callback(Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { code, syscall: 'getaddrinfo' }), []);
  };
}

test('T03: one dead address among several does not matter', async () => {
  await using server = await startServer((_request, response) => response.end('ok'));
  const lookup = resolverOf([
    { address: '::1', family: 6 },
    { address: '127.0.0.2', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]);
  await using client = testClient({ lookup });
  const response = await client.http.request({
    method: 'GET',
    url: `http://many.invalid:${server.port}/`,
    signal: client.signal,
  });
  expect(await textOf(response.body)).toBe('ok');
});

test.each([
  { code: 'ENOTFOUND', attempts: 1 },
  { code: 'EAI_AGAIN', attempts: 5 },
])('T03: a name that does not resolve ($code) is io after $attempts attempts', async ({ code, attempts }) => {
  await using client = testClient({ lookup: resolverOf([], code) });
  const error = await failureOf(
    client.http.request({ method: 'GET', url: 'http://none.invalid/', signal: client.signal }),
  );
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_DNS', details: { errno: code } });
  expect(client.clock.slept).toHaveLength(attempts - 1);
});

test('T03: addresses that all refuse are io with the reason of the system', async () => {
  const server = await startServer((_request, response) => response.end('ok'));
  await server[Symbol.asyncDispose]();
  await using client = testClient({
    lookup: resolverOf([
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ]),
  });
  const url = `http://many.invalid:${server.port}/`;
  const error = await failureOf(client.http.request({ method: 'GET', url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_CONNECTION', details: { errno: 'ECONNREFUSED' } });
  expect((error as Error).message).toMatch(/ECONNREFUSED/);
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('T04: a kept-alive connection that dies as it is used again costs one attempt at once', async () => {
  await using server = await startRawServer((socket, count) => {
    if (count === 2) socket.resetAndDestroy();
    else socket.write(OK);
  });
  await using client = testClient();
  for (let time = 0; time < 2; time += 1) {
    const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
    expect(await textOf(response.body)).toBe('ok');
  }
  expect([server.connections(), client.clock.slept]).toEqual([2, []]);
});

test('T04: a POST on a dead connection is not sent again', async () => {
  const heads: string[] = [];
  await using server = await startRawServer((socket, count, head) => {
    heads.push(head.split(' ', 1)[0] ?? '');
    if (count === 2) socket.resetAndDestroy();
    else socket.write(OK);
  });
  await using client = testClient();
  const get = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  await textOf(get.body);
  const error = await failureOf(client.http.request({ method: 'POST', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_CONNECTION' });
  expect(heads).toEqual(['GET', 'POST']);
});

const PORTAL = '<!DOCTYPE html><title>Log in</title>';

test.each(['text/html; charset=utf-8', 'application/json', 'application/octet-stream'])(
  'T05: a captive portal that answers 200 with a page called %s is protocol',
  async (type) => {
    await using server = await startServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': type }).end(PORTAL);
    });
    await using client = testClient();
    const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
    const error = await failureOf(readJson(response, { what: 'index of m', maxBytes: 1000 }));
    expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_HTML' });
  },
);

test('T05: a login host that the portal redirects to gets no credentials, and its page is protocol', async () => {
  await using login = await startServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(PORTAL);
  });
  await using portal = await startServer((_request, response) => {
    response.writeHead(302, { Location: `${login.url}/login` }).end();
  });
  await using client = testClient();
  const headers = { authorization: 'Bearer secret' };
  const response = await client.http.request({ method: 'GET', url: portal.url, headers, signal: client.signal });
  const error = await failureOf(readDocument(response, { what: 'manifest', maxBytes: 1000 }));
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_HTML' });
  expect(login.requests[0]?.headers).not.toHaveProperty('authorization');
});

test('readJson gives the document, and refuses what is no JSON or too much of it', async () => {
  const bodies: readonly string[] = ['{"a":1.0}', '{"a":', `"${'a'.repeat(100)}"`];
  await using server = await startServer((request, response) => {
    response.end(bodies[Number(request.url?.slice(1))]);
  });
  await using client = testClient();
  const read = async (index: number): Promise<unknown> => {
    const response = await client.http.request({ method: 'GET', url: `${server.url}/${index}`, signal: client.signal });
    return readJson(response, { what: 'index', maxBytes: 50 });
  };
  expect(await read(0)).toBeInstanceOf(Map);
  expect(await failureOf(read(1))).toMatchObject({ kind: 'protocol', code: 'ERR_JSON' });
  expect(await failureOf(read(2))).toMatchObject({ kind: 'limit', code: 'ERR_LIMIT' });
});

const nonsense = [
  { name: 'an invalid status line', answer: 'HTTP/9.9 abc\r\n\r\n', attempts: 1 },
  { name: 'something that is not HTTP', answer: 'SSH-2.0-OpenSSH_9.2\r\n', attempts: 1 },
  { name: 'a NUL in a header', answer: 'HTTP/1.1 200 OK\r\nX: a\u0000b\r\n\r\n', attempts: 1 },
  { name: 'two lengths', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', attempts: 5 },
  {
    name: 'a length and chunks',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    attempts: 5,
  },
];

test.each(nonsense)(
  'T08: a server that sends $name is protocol after $attempts attempts',
  async ({ answer, attempts }) => {
    await using server = await startRawServer((socket) => socket.write(answer, 'latin1'));
    await using client = testClient();
    const request = client.http.request({ method: 'GET', url: server.url, signal: client.signal });
    const error = await failureOf(request.then((response) => textOf(response.body)));
    expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_PROTOCOL' });
    expect(server.connections()).toBe(attempts);
  },
);

function pour(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const endless = [
  { name: 'headers without end', head: 'HTTP/1.1 200 OK\r\n', piece: `X-${'a'.repeat(100)}: ${'b'.repeat(1000)}\r\n` },
  { name: 'one header line without end', head: 'HTTP/1.1 200 OK\r\nX: ', piece: 'b'.repeat(10_000) },
  { name: '100 Continue without end', head: '', piece: 'HTTP/1.1 100 Continue\r\n\r\n' },
  { name: '103 Early Hints without end', head: '', piece: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' },
];

test.each(endless)('T08: a server that sends $name is protocol', async ({ head, piece }) => {
  await using server = await startRawServer((socket) => {
    pour(socket, head, piece);
  });
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_PROTOCOL' });
});

test('a few informational answers in front of the real one do not matter', async () => {
  await using server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(3) + OK);
  });
  await using client = testClient();
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
});
