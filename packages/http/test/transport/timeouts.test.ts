import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { steady } from '../../src/transport/steady.ts';
import { failureOf, fakeClock, testClient, textOf } from '../support/client.ts';
import { startRawServer, startServer } from '../support/servers.ts';

const once = { attempts: 1 };

test('a server that takes the request and says nothing is io, a time-out', async () => {
  await using server = await startRawServer(() => undefined);
  await using client = testClient({ timeouts: { firstByteMs: 50 }, limits: once });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TIMEOUT' });
});

test('a server that takes the connection and never speaks TLS is io, a time-out', async () => {
  await using server = await startRawServer(() => undefined);
  await using client = testClient({ timeouts: { connectMs: 50 }, limits: once });
  const url = server.url.replace('http:', 'https:');
  const error = await failureOf(client.http.request({ method: 'GET', url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TIMEOUT' });
});

test('R21: a body that stops is io, a time-out', async () => {
  await using server = await startRawServer((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
  );
  await using client = testClient({ timeouts: { noProgressMs: 50 } });
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await failureOf(textOf(response.body))).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TIMEOUT' });
});

test('an upload that the server does not read is io, a time-out', async () => {
  await using server = await startRawServer((socket) => socket.pause());
  await using client = testClient({ timeouts: { noProgressMs: 50 }, limits: once });
  const piece = Buffer.alloc(1024 * 1024);
  const body = {
    sizeBytes: 512 * piece.length,
    open: () => Readable.from(Array<Buffer>(512).fill(piece), { objectMode: false }),
  };
  const error = await failureOf(client.http.request({ method: 'PUT', url: server.url, body, signal: client.signal }));
  expect(error).toMatchObject({
    kind: 'io',
    code: 'ERR_HTTP_TIMEOUT',
    message: expect.stringMatching(/upload/) as unknown,
  });
});

test('a source that ends after the answer has begun starts no time limit again', async () => {
  async function* lateEnd(): AsyncIterable<Uint8Array> {
    yield Buffer.from('body');
    await sleep(100);
  }
  await using server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    setTimeout(() => socket.write('def'), 500);
  });
  await using client = testClient({ timeouts: { firstByteMs: 200 }, limits: once });
  const body = { sizeBytes: 4, open: () => Readable.from(lateEnd(), { objectMode: false }) };
  const response = await client.http.request({ method: 'PUT', url: server.url, body, signal: client.signal });
  expect(await textOf(response.body)).toBe('abcdef');
});

test('R21: a body at one byte a second is a stall', async () => {
  const clock = fakeClock();
  async function* trickle(): AsyncIterable<Uint8Array> {
    for (;;) {
      clock.advance(1000);
      yield Buffer.from('a');
    }
  }
  const watched = steady(trickle(), { clock, windowMs: 60_000, leastBytes: 1024, stalled: () => new Error('stalled') });
  expect(await failureOf(textOf(watched))).toMatchObject({ message: 'stalled' });
});

test('a slow reader is no stall', async () => {
  const clock = fakeClock();
  const watched = steady(Readable.from([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]), {
    clock,
    windowMs: 60_000,
    leastBytes: 1024,
    stalled: () => new Error('stalled'),
  });
  let text = '';
  for await (const chunk of watched) {
    text += String(chunk);
    clock.advance(100_000);
  }
  expect(text).toBe('abc');
});

test('an abort while the server thinks rejects with its reason', async () => {
  const controller = new AbortController();
  await using server = await startServer(() => {
    controller.abort(new Error('enough'));
  });
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: controller.signal }));
  expect(error).toMatchObject({ message: 'enough' });
});

test('a signal that has aborted already sends nothing', async () => {
  await using server = await startServer((_request, response) => response.end());
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ name: 'AbortError' });
  expect(server.seen).toEqual([]);
});

test('closing the client fails what runs, without another attempt', async () => {
  const client = testClient();
  await using server = await startServer(() => {
    void client[Symbol.asyncDispose]();
  });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_CONNECTION' });
  expect(client.clock.slept).toEqual([]);
});
