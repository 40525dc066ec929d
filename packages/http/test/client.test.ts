import { expect, test } from '@jest/globals';
import { bytesSource } from '@berth/base';
import { failureOf, testClient, textOf } from './support/client.ts';
import { startServer } from './support/servers.ts';

test('a GET gives status, headers, address and body', async () => {
  await using server = await startServer((_request, response) => {
    response.setHeader('ETag', '"a"').end('hello');
  });
  await using client = testClient();
  const response = await client.http.request({ method: 'GET', url: `${server.url}/x?y=1`, signal: client.signal });
  expect([response.status, response.headers.get('etag'), response.url]).toEqual([200, '"a"', `${server.url}/x?y=1`]);
  expect(await textOf(response.body)).toBe('hello');
  expect(server.requests[0]?.headers).toMatchObject({ 'user-agent': 'berth-test/1', 'accept-encoding': 'identity' });
});

test('a HEAD leaves its connection free without anybody reading', async () => {
  await using server = await startServer((_request, response) => {
    response.setHeader('Content-Length', 10).end();
  });
  await using client = testClient({ perHostConnections: 1 });
  for (let time = 0; time < 3; time += 1) {
    const { headers } = await client.http.request({ method: 'HEAD', url: server.url, signal: client.signal });
    expect(headers.contentLength()).toBe(10);
  }
});

test('a PUT sends the bytes of its source with their length', async () => {
  const received: string[] = [];
  await using server = await startServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(`${request.headers['content-length'] ?? 'chunked'} ${text}`);
      response.writeHead(201).end();
    });
  });
  await using client = testClient();
  for (const body of [bytesSource('abc'), Buffer.from('de'), bytesSource('')]) {
    const response = await client.http.request({ method: 'PUT', url: server.url, body, signal: client.signal });
    expect(response.status).toBe(201);
  }
  expect(received).toEqual(['3 abc', '2 de', '0 ']);
});

test.each([
  { status: 401, kind: 'auth' },
  { status: 403, kind: 'auth' },
  { status: 404, kind: 'notfound' },
  { status: 410, kind: 'notfound' },
  { status: 412, kind: 'busy' },
  { status: 429, kind: 'busy' },
  { status: 503, kind: 'busy' },
  { status: 500, kind: 'protocol' },
  { status: 418, kind: 'protocol' },
])('status $status is an error of kind $kind with its body', async ({ status, kind }) => {
  await using server = await startServer((_request, response) => {
    response.writeHead(status, { 'X-Why': 'because' }).end('{"errors":[]}');
  });
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind, code: 'ERR_HTTP_STATUS', status, details: { status } });
  expect((error as { body: Buffer }).body.toString()).toBe('{"errors":[]}');
});

test('an expected status is an answer', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(404).end('no');
  });
  await using client = testClient();
  const response = await client.http.request({
    method: 'GET',
    url: server.url,
    expect: [200, 404],
    signal: client.signal,
  });
  expect([response.status, await textOf(response.body)]).toEqual([404, 'no']);
});
