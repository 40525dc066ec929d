import { expect, test } from '@jest/globals';
import { type ServerResponse } from 'node:http';
import { testClient, textOf } from '../support/client.ts';
import { startServer } from '../support/servers.ts';

test('T07: 200 requests at a time all succeed at a server that allows 4 connections', async () => {
  await using server = await startServer((request, response) => {
    setImmediate(() => response.end(request.url));
  });
  server.server.maxConnections = 4;
  await using client = testClient();
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const response = await client.http.request({
        method: 'GET',
        url: `${server.url}/${index}`,
        signal: client.signal,
      });
      return textOf(response.body);
    }),
  );
  expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `/${index}`));
});

test('T07: as many connections as the number for the host are open, and no more', async () => {
  const waiting: ServerResponse[] = [];
  await using server = await startServer((_request, response) => {
    waiting.push(response);
  });
  await using client = testClient({ perHostConnections: 3 });
  const requests = Array.from({ length: 12 }, async () => {
    const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
    return textOf(response.body);
  });
  for (let round = 0; round < 4; round += 1) {
    while (waiting.length < 3) await new Promise((resolve) => setImmediate(resolve));
    // A fourth would have had time to come.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(waiting).toHaveLength(3);
    for (const response of waiting.splice(0)) response.end('ok');
  }
  expect(await Promise.all(requests)).toEqual(Array<string>(12).fill('ok'));
});

test('copying within one host with as many workers as connections does not wait for itself', async () => {
  const received: number[] = [];
  await using server = await startServer((request, response) => {
    if (request.method === 'GET') response.end(Buffer.alloc(300_000));
    else
      void textOf(request).then((text) => {
        received.push(text.length);
        response.writeHead(201).end();
      });
  });
  await using client = testClient({ perHostConnections: 2 });
  const { http, signal } = client;
  const copy = async (): Promise<void> => {
    const from = await http.request({ method: 'GET', url: server.url, signal });
    const body = { sizeBytes: 300_000, open: () => from.body };
    await http.request({ method: 'PUT', url: server.url, body, retry: 'never', signal });
  };
  await Promise.all(Array.from({ length: 6 }, copy));
  expect(received).toEqual(Array<number>(6).fill(300_000));
});

test('an answer that is disposed of gives its connection back', async () => {
  await using server = await startServer((_request, response) => response.end(Buffer.alloc(1_000_000)));
  await using client = testClient({ perHostConnections: 1 });
  for (let time = 0; time < 5; time += 1) {
    const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
    response.dispose();
    response.dispose();
  }
  expect(server.seen).toHaveLength(5);
});

test('answers to uploads that nobody reads give their connections back, long ones when they are read', async () => {
  await using server = await startServer((request, response) => {
    request.resume();
    response.end('x'.repeat(Number(request.url?.slice(1))));
  });
  await using client = testClient({ perHostConnections: 1 });
  const put = { method: 'PUT', body: Buffer.from('data'), signal: client.signal } as const;
  for (let time = 0; time < 3; time += 1) await client.http.request({ ...put, url: `${server.url}/1000` });
  const long = await client.http.request({ ...put, url: `${server.url}/300000` });
  expect(await textOf(long.body)).toHaveLength(300_000);
  const short = await client.http.request({ ...put, url: `${server.url}/3` });
  expect(await textOf(short.body)).toBe('xxx');
});
