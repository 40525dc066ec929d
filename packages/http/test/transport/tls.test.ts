import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Certificates, createCertificates, type KeyPair } from '../support/certificates.ts';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startServer } from '../support/servers.ts';

let certificates: Certificates;
let good: KeyPair;
beforeAll(() => {
  certificates = createCertificates();
  good = certificates.issue('good');
});
afterAll(() => {
  certificates.remove();
});

const bad = [
  { name: 'expired', options: { from: '200101000000Z', to: '210101000000Z' }, code: 'CERT_HAS_EXPIRED', hint: /renew/ },
  { name: 'not-yet-valid', options: { from: '480101000000Z' }, code: 'CERT_NOT_YET_VALID', hint: /clock/ },
  {
    name: 'wrong-host',
    options: { names: 'DNS:other.example' },
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    hint: /ssl_certs/,
  },
];

test.each(bad)('T01: a certificate that is $name is refused with the reason', async ({ name, options, code, hint }) => {
  await using server = await startServer(
    (_request, response) => response.end('secret'),
    certificates.issue(name, options),
  );
  await using client = testClient({ certificateAuthorities: certificates.authority });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TLS', details: { errno: code } });
  expect((error as { hint: string }).hint).toMatch(hint);
  expect(server.seen).toEqual([]);
  expect(client.clock.slept).toEqual([]);
});

test('T01: an unknown authority is refused, and the hint names the setting that adds it', async () => {
  await using server = await startServer((_request, response) => response.end('secret'), good);
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'io', code: 'ERR_HTTP_TLS' });
  expect((error as { hint: string }).hint).toMatch(/config:ssl_certs or SSL_CERT_FILE/);
  expect(server.seen).toEqual([]);
});

test('T01: nothing but verifyTls false accepts it, and that is told', async () => {
  await using server = await startServer((_request, response) => response.end('ok'), good);
  await using client = testClient({ verifyTls: false });
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
  expect(client.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'ERR_HTTP_UNVERIFIED' }));
});

test('NODE_TLS_REJECT_UNAUTHORIZED of the environment turns nothing off', async () => {
  await using server = await startServer((_request, response) => response.end('ok'), good);
  await using client = testClient({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({ code: 'ERR_HTTP_TLS' });
});

const places = [
  { name: 'a file in the configuration', options: (ca: string) => ({ certificateAuthorities: ca }) },
  { name: 'SSL_CERT_FILE', options: (ca: string) => ({ env: { SSL_CERT_FILE: ca } }) },
  { name: 'NODE_EXTRA_CA_CERTS', options: (ca: string) => ({ env: { NODE_EXTRA_CA_CERTS: ca } }) },
  {
    name: 'a directory in the configuration',
    options: (ca: string) => ({ certificateAuthorities: directoryWith(ca) }),
  },
  { name: 'SSL_CERT_DIR', options: (ca: string) => ({ env: { SSL_CERT_DIR: directoryWith(ca) } }) },
];

let directories = 0;
function directoryWith(authority: string): string {
  directories += 1;
  const directory = join(certificates.folder, `authorities-${directories}`);
  mkdirSync(join(directory, 'below'), { recursive: true });
  writeFileSync(join(directory, 'readme.txt'), 'nothing of interest');
  writeFileSync(join(directory, 'a1b2c3d4.0'), readFileSync(authority));
  symlinkSync('nowhere', join(directory, 'dangling.pem'));
  return directory;
}

test.each(places)('an authority is added by $name', async ({ options }) => {
  await using server = await startServer((_request, response) => response.end('ok'), good);
  await using client = testClient(options(certificates.authority));
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
  expect(client.events.filter(({ type }) => type === 'warning')).toEqual([]);
});

test('authorities that are missing or damaged are a warning, and the others still count', async () => {
  const damaged = join(certificates.folder, 'damaged.pem');
  writeFileSync(damaged, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await using server = await startServer((_request, response) => response.end('ok'), good);
  await using client = testClient({
    certificateAuthorities: certificates.authority,
    env: { SSL_CERT_FILE: join(certificates.folder, 'none.pem'), NODE_EXTRA_CA_CERTS: damaged },
  });
  const response = await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(await textOf(response.body)).toBe('ok');
  expect(client.events.filter(({ type }) => type === 'warning')).toHaveLength(2);
});

async function startHttp2(onStream: (path: string) => { readonly status: number; readonly text: string }): Promise<{
  readonly url: string;
  readonly versions: string[];
  readonly server: Http2SecureServer;
}> {
  const versions: string[] = [];
  const server = createSecureServer({ ...good, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion);
    void textOf(request).then((sent) => {
      const { status, text } = onStream(`${request.method} ${request.url} ${sent.length}`);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, versions, server };
}

test.each([
  { http2: true, spoken: ['1.1', '2.0'] },
  { http2: false, spoken: ['1.1'] },
])('with http2 $http2 a server that has HTTP/2 is spoken to in $spoken, uploads in 1.1', async ({ http2, spoken }) => {
  const { url, versions, server } = await startHttp2((line) => ({ status: 200, text: line }));
  const client = testClient({ http2, certificateAuthorities: certificates.authority });
  const body = Buffer.alloc(300_000, 1);
  const put = await client.http.request({ method: 'PUT', url: `${url}/b`, body, signal: client.signal });
  expect(await textOf(put.body)).toBe('PUT /b 300000');
  const many = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const get = await client.http.request({ method: 'GET', url: `${url}/${index}`, signal: client.signal });
      return textOf(get.body);
    }),
  );
  expect(many).toEqual(Array.from({ length: 40 }, (_, index) => `GET /${index} 0`));
  expect(versions[0]).toBe('1.1');
  expect([...new Set(versions)].sort()).toEqual(spoken);
  await client[Symbol.asyncDispose]();
  await new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
});

test('an aborted HTTP/2 answer fails with the reason and leaves the client usable', async () => {
  const { url, server } = await startHttp2(() => ({ status: 200, text: 'x'.repeat(3_000_000) }));
  const client = testClient({ certificateAuthorities: certificates.authority });
  const controller = new AbortController();
  const response = await client.http.request({ method: 'GET', url, signal: controller.signal });
  controller.abort(new Error('enough'));
  expect(await failureOf(textOf(response.body))).toMatchObject({ message: 'enough' });
  const next = await client.http.request({ method: 'GET', url, signal: client.signal });
  expect(await textOf(next.body)).toHaveLength(3_000_000);
  await client[Symbol.asyncDispose]();
  await new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
});
