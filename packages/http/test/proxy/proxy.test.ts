import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Certificates, createCertificates, type KeyPair } from '../support/certificates.ts';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { startServer } from '../support/servers.ts';

let certificates: Certificates;
let pair: KeyPair;
beforeAll(() => {
  certificates = createCertificates();
  pair = certificates.issue('good');
});
afterAll(() => {
  certificates.remove();
});

const PASSWORD = 'hunter2-secret';

test('T02: plain http goes through the proxy by its whole address, with credentials for the proxy only', async () => {
  await using server = await startServer((_request, response) => response.end('ok'));
  await using proxy = await startProxy({ password: PASSWORD });
  await using client = testClient({ env: { http_proxy: `http://me:${PASSWORD}@127.0.0.1:${proxy.port}` } });
  const response = await client.http.request({ method: 'GET', url: `${server.url}/a?b`, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
  expect(proxy.seen).toEqual([`GET ${server.url}/a?b`]);
  expect(server.requests[0]?.headers.host).toBe(new URL(server.url).host);
  expect(client.log().join('\n')).not.toContain(PASSWORD);
});

test('T02: a PUT goes through the proxy with its body', async () => {
  const received: string[] = [];
  await using server = await startServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(text);
      response.writeHead(201).end();
    });
  });
  await using proxy = await startProxy();
  await using client = testClient({ env: { http_proxy: `127.0.0.1:${proxy.port}` } });
  await client.http.request({ method: 'PUT', url: server.url, body: Buffer.from('data'), signal: client.signal });
  expect(received).toEqual(['data']);
});

test('T02: https goes through a tunnel, and the server never sees what the proxy was told', async () => {
  await using server = await startServer((_request, response) => response.end('ok'), pair);
  await using proxy = await startProxy({ password: PASSWORD });
  const env = { HTTPS_PROXY: `http://me:${PASSWORD}@127.0.0.1:${proxy.port}` };
  await using client = testClient({ env, certificateAuthorities: certificates.authority });
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
  expect(proxy.seen).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
  expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
});

test('T01: certificates are checked through a tunnel too', async () => {
  await using server = await startServer((_request, response) => response.end('ok'), pair);
  await using proxy = await startProxy();
  await using client = testClient({ env: { https_proxy: `http://127.0.0.1:${proxy.port}` } });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TLS' });
});

test('T02: no_proxy goes around the proxy', async () => {
  await using server = await startServer((_request, response) => response.end('ok'));
  await using proxy = await startProxy();
  await using client = testClient({ env: { http_proxy: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.0/8' } });
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect([await textOf(response.body), proxy.seen]).toEqual(['ok', []]);
});

test.each(['http', 'https'])(
  'T02: a proxy that answers 407 for %s is auth, once, without the password',
  async (scheme) => {
    await using server = await startServer(
      (_request, response) => response.end('ok'),
      scheme === 'https' ? pair : undefined,
    );
    await using proxy = await startProxy({ password: 'another' });
    const address = `http://me:${PASSWORD}@127.0.0.1:${proxy.port}`;
    const env = { http_proxy: address, https_proxy: address };
    await using client = testClient({ env, certificateAuthorities: certificates.authority });
    const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
    expect(error).toMatchObject({ kind: 'auth', code: 'ERR_HTTP_PROXY' });
    expect(JSON.stringify([error, (error as Error).message, client.events])).not.toContain(PASSWORD);
    expect([server.seen, proxy.seen.length]).toEqual([[], 1]);
  },
);

test('T02: a proxy that refuses the tunnel is io and names the status', async () => {
  await using proxy = await startProxy({ mode: 'refuses' });
  await using client = testClient({ env: { https_proxy: `http://127.0.0.1:${proxy.port}` } });
  const error = await failureOf(
    client.http.request({ method: 'GET', url: 'https://a.invalid/', signal: client.signal }),
  );
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_PROXY', details: { status: 403 } });
});

test('T02: a proxy that resets the tunnel is io after the retries', async () => {
  await using proxy = await startProxy({ mode: 'resets' });
  await using client = testClient({ env: { https_proxy: `http://127.0.0.1:${proxy.port}` } });
  const error = await failureOf(
    client.http.request({ method: 'GET', url: 'https://a.invalid/', signal: client.signal }),
  );
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_CONNECTION' });
  expect(client.clock.slept).toHaveLength(4);
});
