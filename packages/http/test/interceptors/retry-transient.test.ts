import { expect, test } from '@jest/globals';
import { type ServerResponse } from 'node:http';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startServer, type TestServer } from '../support/servers.ts';

/** A server that answers with each of `statuses` in turn, and 200 from then on. */
async function startFlaky(statuses: readonly number[], header?: string): Promise<TestServer> {
  const left = [...statuses];
  return startServer((request, response) => {
    request.resume();
    const status = left.shift() ?? 200;
    if (header !== undefined && status !== 200) response.setHeader('Retry-After', header);
    response.writeHead(status).end('body');
  });
}

test.each([408, 425, 429, 500, 502, 503, 504])('R20: after %i a GET is sent again', async (status) => {
  await using server = await startFlaky([status]);
  await using client = testClient();
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('body');
  expect([server.seen.length, client.clock.slept]).toEqual([2, [375]]);
});

test.each([400, 403, 404, 501])('after %i nothing is sent again', async (status) => {
  await using server = await startFlaky([status]);
  await using client = testClient();
  await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(server.seen).toHaveLength(1);
});

const asked = [
  { header: '7', pauseMs: 7_000 },
  { header: 'Thu, 01 Jan 2026 00:00:09 GMT', pauseMs: 9_000 },
  { header: '1000000000', pauseMs: 120_000 },
  { header: 'Wed, 01 Jan 2025 00:00:00 GMT', pauseMs: 375 },
  { header: '-5', pauseMs: 375 },
  { header: '0', pauseMs: 375 },
  { header: 'soon', pauseMs: 375 },
];

test.each(asked)('R20: Retry-After $header is a pause of $pauseMs ms', async ({ header, pauseMs }) => {
  await using server = await startFlaky([429], header);
  await using client = testClient();
  await client.http.request({ method: 'HEAD', url: server.url, signal: client.signal });
  expect(client.clock.slept).toEqual([pauseMs]);
});

test('R20: 500 for ever ends after five attempts whose pauses grow', async () => {
  await using server = await startFlaky(Array<number>(99).fill(500));
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'protocol', code: 'ERR_HTTP_STATUS', status: 500 });
  expect([server.seen.length, client.clock.slept]).toEqual([5, [375, 750, 1500, 3000]]);
});

test('R20: no attempt starts more than five minutes after the first', async () => {
  await using server = await startFlaky(Array<number>(99).fill(503), '120');
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'busy', status: 503 });
  expect(client.clock.slept).toEqual([120_000, 120_000]);
});

test('R20: what one request is told, all requests to the host heed', async () => {
  let refused: ServerResponse | undefined;
  await using server = await startServer((request, response) => {
    if (request.url !== '/first' || refused !== undefined) {
      response.end('ok');
      return;
    }
    refused = response;
    response.writeHead(429, { 'Retry-After': '30' }).end();
  });
  await using other = await startServer((_request, response) => response.end('ok'));
  const sleeping: (() => void)[] = [];
  const client = testClient();
  const { clock } = client;
  const sleep = (): Promise<void> => new Promise((resolve) => sleeping.push(resolve));
  await using paused = testClient({ clock: { ...clock, sleep } });
  const first = paused.http.request({ method: 'GET', url: `${server.url}/first`, signal: client.signal });
  while (sleeping.length < 1) await new Promise((resolve) => setImmediate(resolve));
  const second = paused.http.request({ method: 'GET', url: `${server.url}/second`, signal: client.signal });
  const elsewhere = await paused.http.request({ method: 'GET', url: other.url, signal: client.signal });
  expect(elsewhere.status).toBe(200);
  expect([server.seen, sleeping.length]).toEqual([['GET /first'], 2]);
  clock.advance(30_000);
  for (const wake of sleeping) wake();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
  await client[Symbol.asyncDispose]();
});

test('a POST is sent once unless it is said to be repeatable', async () => {
  await using server = await startFlaky([503, 503]);
  await using client = testClient();
  const post = { method: 'POST', url: server.url, body: Buffer.from('x'), signal: client.signal } as const;
  expect(await failureOf(client.http.request(post))).toMatchObject({ status: 503 });
  expect((await client.http.request({ ...post, retry: 'repeatable' })).status).toBe(200);
});

test('a body is opened anew for every attempt', async () => {
  const received: string[] = [];
  await using server = await startServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(text);
      response.writeHead(received.length < 3 ? 503 : 201).end();
    });
  });
  await using client = testClient();
  await client.http.request({ method: 'PUT', url: server.url, body: Buffer.from('again'), signal: client.signal });
  expect(received).toEqual(['again', 'again', 'again']);
});

test('a retryable status that is expected is an answer', async () => {
  await using server = await startFlaky([503]);
  await using client = testClient();
  const response = await client.http.request({ method: 'GET', url: server.url, expect: [503], signal: client.signal });
  expect([response.status, server.seen.length]).toEqual([503, 1]);
});

test('an abort ends the pause with its reason', async () => {
  await using server = await startFlaky([503], '100');
  const controller = new AbortController();
  const client = testClient();
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    controller.abort(new Error('enough'));
    return client.clock.sleep(ms, signal);
  };
  await using aborted = testClient({ clock: { ...client.clock, sleep } });
  const error = await failureOf(aborted.http.request({ method: 'GET', url: server.url, signal: controller.signal }));
  expect(error).toMatchObject({ message: 'enough' });
  await client[Symbol.asyncDispose]();
});

test('a source that cannot be read is the failure that is told, at once', async () => {
  await using server = await startFlaky([]);
  await using client = testClient();
  const body = {
    sizeBytes: 10,
    open: () => {
      throw new Error('the file is gone');
    },
  };
  const error = await failureOf(client.http.request({ method: 'PUT', url: server.url, body, signal: client.signal }));
  expect(error).toMatchObject({ message: expect.stringContaining('the file is gone') as unknown });
  expect(client.clock.slept).toEqual([]);
});

test('R20: a host that asks a one-shot request for a pause gets it from the next request', async () => {
  await using server = await startFlaky([429], '7');
  await using client = testClient();
  const { signal } = client;
  await failureOf(client.http.request({ method: 'POST', url: server.url, body: Buffer.from('x'), signal }));
  expect(server.seen).toHaveLength(1);
  await textOf((await client.http.request({ method: 'GET', url: server.url, signal })).body);
  expect(client.clock.slept).toEqual([7_000]);
});
