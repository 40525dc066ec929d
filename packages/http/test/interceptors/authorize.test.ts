import { expect, test } from '@jest/globals';
import { type Authorizer, basicAuthorizer, challengesOf } from '../../src/index.ts';
import { failureOf, testClient, textOf } from '../support/client.ts';
import { startServer } from '../support/servers.ts';

/** Logs in with tokens `t1`, `t2` … */
function tokenAuthorizer(start = 0): Authorizer & { readonly challenges: string[] } {
  const challenges: string[] = [];
  let current = start;
  return {
    challenges,
    authorize: async () => (current === 0 ? undefined : { authorization: `Bearer t${current}` }),
    challenge: async ({ headers }) => {
      challenges.push(challengesOf(headers)[0]?.scheme ?? '');
      current += 1;
      return true;
    },
  };
}

test('R11: a 401 is answered with one log-in, and the answer that follows counts', async () => {
  await using server = await startServer((request, response) => {
    if (request.headers.authorization === 'Bearer t1') response.end('in');
    else response.writeHead(401, { 'WWW-Authenticate': ['Basic realm="b"', 'Bearer realm="r"'] }).end('out');
  });
  await using client = testClient({ perHostConnections: 1 });
  const auth = tokenAuthorizer();
  const response = await client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal });
  expect(await textOf(response.body)).toBe('in');
  expect([auth.challenges, server.seen.length]).toEqual([['bearer'], 2]);
});

test('R11: an endless 401 is auth after one log-in', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="r"' }).end('out');
  });
  await using client = testClient();
  const auth = tokenAuthorizer(1);
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'auth', status: 401 });
  expect([auth.challenges.length, server.seen.length]).toEqual([1, 2]);
});

test('R11: a 401 during the retries does not log in a second time', async () => {
  const statuses = [401, 503, 401, 200];
  await using server = await startServer((_request, response) => {
    response.writeHead(statuses.shift() ?? 200, { 'WWW-Authenticate': 'Bearer realm="r"' }).end();
  });
  await using client = testClient();
  const auth = tokenAuthorizer();
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'auth', status: 401 });
  expect(auth.challenges).toHaveLength(1);
});

test('R11: a 403 is never tried again', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(403).end();
  });
  await using client = testClient();
  const auth = tokenAuthorizer(1);
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'auth', status: 403 });
  expect([auth.challenges, server.seen.length]).toEqual([[], 1]);
});

test('R12: an upload whose token has expired is sent again with its body', async () => {
  const received: string[] = [];
  await using server = await startServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(`${request.headers.authorization ?? ''} ${text}`);
      response.writeHead(received.length === 1 ? 401 : 201, { 'WWW-Authenticate': 'Bearer realm="r"' }).end();
    });
  });
  await using client = testClient();
  const put = {
    method: 'PUT',
    url: server.url,
    body: Buffer.from('data'),
    auth: tokenAuthorizer(1),
    signal: client.signal,
  } as const;
  expect((await client.http.request(put)).status).toBe(201);
  expect(received).toEqual(['Bearer t1 data', 'Bearer t2 data']);
});

test('a refused log-in leaves the answer of the server', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(401).end('why');
  });
  await using client = testClient();
  const auth = basicAuthorizer({ username: 'me', password: 'pass' });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal }));
  expect(error).toMatchObject({ kind: 'auth', status: 401 });
  expect((error as { body: Buffer }).body.toString()).toBe('why');
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('me:pass')}`);
});

test('user information of the address is sent as Basic credentials and shown nowhere', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(404).end();
  });
  await using client = testClient();
  const url = server.url.replace('http://', 'http://me:p%40ss-word@');
  const error = await failureOf(client.http.request({ method: 'GET', url, signal: client.signal }));
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('me:p@ss-word')}`);
  expect(JSON.stringify([error, (error as Error).message, client.events])).not.toMatch(/p@ss|p%40ss/);
});

test('C10: tokens, signed addresses and credentials that the server repeats are shown nowhere', async () => {
  await using server = await startServer((request, response) => {
    const told = `no: ${request.headers.authorization ?? ''} https://u:pw@h/x?X-Amz-Signature=feed ${request.url ?? ''}\u001b[31m`;
    response.writeHead(400, { 'Content-Type': 'text/plain' }).end(told);
  });
  await using client = testClient();
  const headers = { authorization: 'Bearer abcdefgh12345678' };
  const url = `${server.url}/?X-Amz-Signature=deadbeef`;
  const error = await failureOf(client.http.request({ method: 'GET', url, headers, signal: client.signal }));
  const shown = JSON.stringify([(error as Error).message, (error as { details: unknown }).details, client.events]);
  expect(shown).toMatch(/400 Bad Request: no: /);
  expect(shown).not.toMatch(/abcdefgh12345678|deadbeef|feed|u:pw/);
  expect((error as Error).message).not.toContain('\u001b');
});

test.each(['a\nb', 'a\r\nX: y', 'ключ'])(
  'a header value that HTTP cannot carry is a config error without it',
  async (value) => {
    await using client = testClient();
    const request = client.http.request({
      method: 'GET',
      url: 'http://a.invalid',
      headers: { 'X-Token': value },
      signal: client.signal,
    });
    const error = await failureOf(request);
    expect(error).toMatchObject({ kind: 'config', code: 'ERR_HTTP_HEADER' });
    expect((error as Error).message).not.toContain(value);
  },
);

test.each(['file:///etc/passwd', 'nowhere', 'ftp://a.example/', 'http://a%zz:secret@a.example/'])(
  '%s is a config error',
  async (url) => {
    await using client = testClient();
    const error = await failureOf(client.http.request({ method: 'GET', url, signal: client.signal }));
    expect(error).toMatchObject({ kind: 'config', code: 'ERR_HTTP_URL' });
    expect((error as Error).message).not.toContain('secret');
  },
);

test('C10: what an authorizer sends is not repeated, nor the password in it', async () => {
  await using server = await startServer((request, response) => {
    const [, credentials = ''] = (request.headers.authorization ?? '').split(' ');
    const told = `no: ${request.headers.authorization ?? ''} = ${Buffer.from(credentials, 'base64').toString()}`;
    response.writeHead(400, { 'Content-Type': 'text/plain' }).end(told);
  });
  await using client = testClient();
  const auth = basicAuthorizer({ username: 'me', password: 'correct-horse' });
  const error = await failureOf(client.http.request({ method: 'GET', url: server.url, auth, signal: client.signal }));
  expect((error as Error).message).toContain('no: ');
  expect((error as Error).message).not.toMatch(/correct-horse|bWU6/);
});
