import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Certificates, createCertificates } from '../support/certificates.ts';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startServer, type TestServer } from '../support/servers.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = createCertificates();
});
afterAll(() => {
  certificates.remove();
});

async function startRedirecting(location: string, status = 302): Promise<TestServer> {
  return startServer((request, response) => {
    request.resume();
    response.writeHead(status, location === '' ? {} : { Location: location }).end('moved');
  });
}

const SECRETS = { Authorization: 'Bearer secret', Cookie: 'a=b', 'X-Api-Key': 'secret', 'Private-Token': 'secret' };

test.each([301, 302, 303, 307, 308])(
  'R13: after %i a GET goes on without credentials to another origin',
  async (status) => {
    await using target = await startServer((_request, response) => response.end('blob'));
    await using server = await startRedirecting(`${target.url}/blob?sig=x`, status);
    await using client = testClient();
    const auth = { authorize: async () => ({ 'X-Auth': 'secret' }), challenge: async () => false };
    const headers = { ...SECRETS, Accept: 'text/plain', Range: 'bytes=0-' };
    const response = await client.http.request({
      method: 'GET',
      url: server.url,
      headers,
      auth,
      signal: client.signal,
    });
    expect([await textOf(response.body), response.url]).toEqual(['blob', `${target.url}/blob?sig=x`]);
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-auth': 'secret',
      cookie: 'a=b',
    });
    const sent = target.requests[0]?.headers ?? {};
    expect(JSON.stringify(sent)).not.toMatch(/secret|a=b/);
    expect(sent).toMatchObject({ accept: 'text/plain', range: 'bytes=0-', host: new URL(target.url).host });
  },
);

test('R13: credentials stay with a redirect within the origin', async () => {
  await using server = await startServer((request, response) => {
    if (request.url === '/a') response.writeHead(307, { Location: '/b' }).end();
    else response.end(request.headers.authorization);
  });
  await using client = testClient();
  const headers = { authorization: 'Bearer t' };
  const response = await client.http.request({ method: 'GET', url: `${server.url}/a`, headers, signal: client.signal });
  expect(await textOf(response.body)).toBe('Bearer t');
});

test('R13: a redirect from https to http is refused', async () => {
  await using target = await startServer((_request, response) => response.end('blob'));
  await using server = await startServer((_request, response) => {
    response.writeHead(302, { Location: target.url }).end();
  }, certificates.issue('good'));
  await using client = testClient({ certificateAuthorities: certificates.authority });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, signal: client.signal }));
  expect(error).toMatchObject({
    kind: 'protocol',
    code: 'ERR_HTTP_REDIRECT',
    message: expect.stringMatching(/https to http/) as unknown,
  });
  expect(target.seen).toEqual([]);
});

const refused = [
  { name: 'to itself', location: '/', why: /circle/ },
  { name: 'without a Location', location: '', why: /nowhere/ },
  { name: 'to something that is no address', location: 'http://[', why: /nowhere/ },
  { name: 'to a file', location: 'file:///etc/passwd', why: /something else/ },
  { name: 'to a script', location: 'javascript:alert(1)', why: /something else/ },
];

test.each(refused)('R13: a redirect $name is refused', async ({ location, why }) => {
  await using server = await startRedirecting(location);
  await using client = testClient();
  const error = await failureOf(client.http.request({ method: 'GET', url: `${server.url}/`, signal: client.signal }));
  expect(error).toMatchObject({
    kind: 'protocol',
    code: 'ERR_HTTP_REDIRECT',
    message: expect.stringMatching(why) as unknown,
  });
  expect(server.seen).toHaveLength(1);
});

test.each([
  { hops: 5, want: 'end' },
  { hops: 6, want: 'ERR_HTTP_REDIRECT' },
])('R13: $hops redirects in a row end in $want', async ({ hops, want }) => {
  await using server = await startServer((request, response) => {
    const hop = Number(request.url?.slice(1));
    if (hop === hops) response.end('end');
    else response.writeHead(302, { Location: `/${hop + 1}` }).end();
  });
  await using client = testClient();
  const request = client.http.request({ method: 'GET', url: `${server.url}/0`, signal: client.signal });
  const outcome = request.then(
    (response) => textOf(response.body),
    (error: unknown) => (error as { code: string }).code,
  );
  expect(await outcome).toBe(want);
});

test.each([307, 308])('R13: after %i a PUT sends its body again from the source', async (status) => {
  const received: string[] = [];
  await using target = await startServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(`${request.method ?? ''} ${text}`);
      response.writeHead(201).end();
    });
  });
  await using server = await startRedirecting(target.url, status);
  await using client = testClient();
  await client.http.request({ method: 'PUT', url: server.url, body: Buffer.from('data'), signal: client.signal });
  expect(received).toEqual(['PUT data']);
});

test('after 303 a POST becomes a GET, after 302 it is refused', async () => {
  await using target = await startServer((_request, response) => response.end('seen'));
  await using other = await startRedirecting(target.url, 303);
  await using found = await startRedirecting(target.url, 302);
  await using client = testClient();
  const post = { method: 'POST', body: Buffer.from('data'), signal: client.signal } as const;
  expect(await textOf((await client.http.request({ ...post, url: other.url })).body)).toBe('seen');
  expect(target.seen).toEqual(['GET /']);
  expect(await failureOf(client.http.request({ ...post, url: found.url }))).toMatchObject({
    code: 'ERR_HTTP_REDIRECT',
  });
});

test('with maxRedirects 0 the redirect is the answer, if it is expected', async () => {
  await using server = await startRedirecting('/elsewhere', 307);
  await using client = testClient();
  const request = { method: 'GET', url: server.url, maxRedirects: 0, expect: [307], signal: client.signal } as const;
  const response = await client.http.request(request);
  expect([response.status, response.headers.get('location')]).toEqual([307, '/elsewhere']);
});

test('user information in a Location is not sent', async () => {
  await using target = await startServer((_request, response) => response.end('ok'));
  await using server = await startRedirecting(target.url.replace('http://', 'http://u:p@'));
  await using client = testClient();
  await client.http.request({ method: 'GET', url: server.url, signal: client.signal });
  expect(target.requests[0]?.headers).not.toHaveProperty('authorization');
});
