import { isBerthError } from '@berth/base';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type RegistryCredentials } from '../../src/credentials/credentials.ts';
import { manifestOf, testBlob } from '../support/blobs.ts';
import { openTestClient, type TestClient, type TestClientOptions } from '../support/distribution-client.ts';
import { type DoubleAuth } from '../support/registry-double-auth.ts';
import { type RegistryDouble, startRegistryDouble } from '../support/registry-double.ts';
import { createTlsCertificates, type TlsCertificates } from '../support/tls-certificates.ts';

const signal = new AbortController().signal;
const accept = ['application/vnd.oci.image.manifest.v1+json'];
const ALICE = { username: 'alice', password: 's3cret-of-alice' };
const alice: RegistryCredentials = { kind: 'password', ...ALICE };
const [config, layer] = [testBlob(11), testBlob(2000)];
const manifest = manifestOf(config, layer);

let tls: TlsCertificates;
const open: AsyncDisposable[] = [];

beforeAll(async () => {
  tls = await createTlsCertificates();
});
afterAll(async () => {
  await tls[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function start(
  auth: DoubleAuth | undefined,
  { plain = false, ...options }: TestClientOptions & { readonly plain?: boolean } = {},
): Promise<{ double: RegistryDouble; client: TestClient }> {
  const double = await startRegistryDouble({ ...(plain ? {} : { tls }), ...(auth === undefined ? {} : { auth }) });
  const client = openTestClient(double, { caFile: tls.caFile, ...options });
  open.push(double, client);
  return { double, client };
}

async function push({ registry }: TestClient): Promise<void> {
  await registry.putBlob(config, { signal });
  await registry.putBlob(layer, { signal });
  await registry.putManifest('a.spack', manifest, { signal });
}

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const challengeWith =
  (...lines: readonly string[]) =>
  (
    _request: unknown,
    response: {
      setHeader(name: string, value: readonly string[]): unknown;
      writeHead(status: number): { end(): unknown };
    },
  ): void => {
    response.setHeader('WWW-Authenticate', lines);
    response.writeHead(401).end();
  };

describe('Basic', () => {
  test('the first request finds out, all later ones carry the password', async () => {
    const { double, client } = await start({ kind: 'basic', ...ALICE }, { credentials: alice });
    await push(client);
    expect(double.requests.filter(({ status }) => status === 401)).toHaveLength(1);
    expect(double.requests[0]?.headers['authorization']).toBeUndefined();
  });

  test('over plain http to this machine it works without a warning', async () => {
    const { client } = await start({ kind: 'basic', ...ALICE }, { credentials: alice, plain: true });
    await push(client);
    expect(client.events.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  test('R11: a refused password is tried once and named by where it comes from, not by what it is', async () => {
    const credentials = { ...alice, password: 'wrong-password' };
    const { double, client } = await start({ kind: 'basic', ...ALICE }, { credentials });
    const failure = await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(failure).toMatchObject({ kind: 'auth', code: 'ERR_OCI_LOGIN' });
    expect(String(failure)).toContain('the credentials from the test');
    expect(double.requests).toHaveLength(2);
  });

  test('without credentials the error says how to get some', async () => {
    const { double, client } = await start({ kind: 'basic', ...ALICE });
    const failure = await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(failure).toMatchObject({
      kind: 'auth',
      code: 'ERR_OCI_LOGIN',
      hint: expect.stringContaining('podman login'),
    });
    expect(double.requests).toHaveLength(1);
  });
});

describe('Bearer', () => {
  test('one token for reading and one for writing, whatever the number of requests', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice });
    await push(client);
    await client.registry.getManifest('a.spack', { signal, accept });
    const tokens = double.requests.filter(({ path }) => path.startsWith('/token'));
    expect(tokens.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'))).toEqual([
      ['repository:demo/cache:pull'],
      ['repository:demo/cache:pull,push'],
    ]);
    expect(tokens.map(({ path }) => new URL(path, 'http://x').searchParams.get('service'))).toEqual([
      'demo-registry',
      'demo-registry',
    ]);
    expect(double.count('GET', /^\/token/)).toBe(2);
    expect(double.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('requests at the same time share one log-in', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice });
    const blobs = Array.from({ length: 20 }, (_, size) => testBlob(size));
    await Promise.all(blobs.map(async (blob) => client.registry.hasBlob(blob, { signal })));
    expect(double.count('GET', /^\/token/)).toBe(1);
  });

  test('who gives up does not take the log-in of the others with him', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice });
    const impatient = new AbortController();
    double.on({ path: /^\/token/ }, async (_request, _response, next) => {
      impatient.abort();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await next();
    });
    const [gaveUp, stayed] = await Promise.allSettled([
      client.registry.hasBlob(layer, { signal: impatient.signal }),
      client.registry.hasBlob(config, { signal }),
    ]);
    expect(gaveUp.status).toBe('rejected');
    expect(stayed).toEqual({ status: 'fulfilled', value: false });
  });

  test('a registry open to all gives tokens to those without credentials', async () => {
    const { double, client } = await start({ kind: 'bearer' });
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    expect(double.requests.find(({ path }) => path.startsWith('/token'))?.headers['authorization']).toBeUndefined();
  });

  test('a refresh token is exchanged by POST, and the password never needed', async () => {
    const credentials: RegistryCredentials = { kind: 'identity', token: 'refresh-me' };
    const { double, client } = await start({ kind: 'bearer', ...ALICE, identityToken: 'refresh-me' }, { credentials });
    await push(client);
    expect(double.count('POST', /^\/token$/)).toBe(2);
    expect(double.count('GET', /^\/token/)).toBe(0);
  });

  test('a refresh token that the server replaces is replaced', async () => {
    const sent: string[] = [];
    const auth: DoubleAuth = {
      kind: 'bearer',
      identityToken: 'first',
      reply: (token) => ({ body: JSON.stringify({ access_token: token, expires_in: 60, refresh_token: 'second' }) }),
    };
    const { double, client } = await start(auth, { credentials: { kind: 'identity', token: 'first' } });
    double.on({ path: /^\/token/, times: 9 }, async (request, _response, next) => {
      request.once('data', (body: Buffer) =>
        sent.push(new URLSearchParams(body.toString()).get('refresh_token') ?? ''),
      );
      await next();
    });
    await client.registry.hasBlob(layer, { signal });
    client.clock.advance(60_000);
    await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(sent).toEqual(['first', 'second']);
  });

  test('a ready-made token goes to the registry only', async () => {
    const { double, client } = await start(
      { kind: 'bearer', ...ALICE },
      { credentials: { kind: 'bearer', token: 'ready-made' } },
    );
    double.login.tokens.set('ready-made', ['repository:demo/cache:pull']);
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    expect(double.count('GET', /^\/token/)).toBe(0);
  });

  test('R12: a token is renewed ahead of its end', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE, expiresIn: 300 }, { credentials: alice });
    await client.registry.hasBlob(layer, { signal });
    client.clock.advance(240_000);
    await client.registry.hasBlob(layer, { signal });
    expect(double.count('GET', /^\/token/)).toBe(1);
    client.clock.advance(40_000);
    await client.registry.hasBlob(layer, { signal });
    expect(double.count('GET', /^\/token/)).toBe(2);
    expect(double.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('R12: a token that ends in the middle of an upload costs one log-in, no byte of another piece', async () => {
    const limits = { wholeBytes: 0, chunkBytes: 500, smallestChunkBytes: 100 };
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice, limits });
    double.on({ method: 'PATCH' }, async (_request, _response, next) => {
      await next();
      double.login.tokens.clear();
    });
    await expect(client.registry.putBlob(layer, { signal })).resolves.toBe('uploaded');
    const pieces = double.requests.filter(({ method }) => method === 'PATCH');
    expect(pieces.map(({ headers, status }) => [headers['content-range'], status])).toEqual([
      ['0-499', 202],
      ['500-999', 401],
      ['500-999', 202],
      ['1000-1499', 202],
      ['1500-1999', 202],
    ]);
  });
});

describe('R08: who the credentials are sent to', () => {
  const stranger = 'https://tokens.invalid/token';
  const cases = [
    { name: 'another host', realm: stranger },
    { name: 'a host that ends like ours', realm: 'https://evil-127.0.0.1.invalid/token' },
    { name: 'plain http on the same host', realm: 'http://127.0.0.1:1/token' },
    { name: 'a link-local address', realm: 'https://169.254.169.254/latest/meta-data' },
    { name: 'a link-local address in IPv6', realm: 'https://[fe80::1]/token' },
    { name: 'a file', realm: 'file:///etc/passwd' },
    { name: 'no address', realm: 'nonsense' },
    { name: 'an address with a user of its own', realm: 'https://alice:x@127.0.0.1/token' },
  ];
  test.each(cases)('not $name', async ({ realm }) => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE, realm }, { credentials: alice });
    const failure = await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(failure).toMatchObject({ kind: 'auth' });
    expect(String(failure)).not.toContain(ALICE.password);
    expect(double.requests).toHaveLength(1);
  });

  test('a host that the configuration names', async () => {
    const tokens = await startRegistryDouble({ tls, auth: { kind: 'bearer', ...ALICE } });
    open.push(tokens);
    const realm = `https://localhost:${tokens.host.split(':')[1]}/token`;
    const refused = await start({ kind: 'bearer', ...ALICE, realm }, { credentials: alice });
    await expect(refused.client.registry.hasBlob(layer, { signal })).rejects.toMatchObject({ code: 'ERR_HTTP_REALM' });
    const { double, client } = await start(
      { kind: 'bearer', ...ALICE, realm },
      { credentials: alice, realmHosts: [new URL(realm).host] },
    );
    double.on({ method: 'HEAD', times: 5 }, async (_request, _response, next) => {
      for (const [token, scopes] of tokens.login.tokens) double.login.tokens.set(token, scopes);
      await next();
    });
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    expect(tokens.count('GET', /^\/token/)).toBe(1);
  });

  test('http on this machine, for a registry that is http on this machine', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice, plain: true });
    await push(client);
    expect(double.count('GET', /^\/token/)).toBe(2);
  });
});

describe('R09: challenges', () => {
  const fine = [
    { name: 'an unknown scheme first, in one header', lines: ['Negotiate, Basic realm="x"'] },
    { name: 'several headers', lines: ['Negotiate', 'BASIC Realm="a \\"quoted\\" name"'] },
    { name: 'a malformed header beside a good one', lines: ['Bearer realm="open', 'basic realm="x"'] },
  ];
  test.each(fine)('understood: $name', async ({ lines }) => {
    const { double, client } = await start({ kind: 'basic', ...ALICE }, { credentials: alice });
    double.on({}, challengeWith(...lines));
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    expect(double.requests[1]?.headers['authorization']).toMatch(/^Basic /);
  });

  test('Bearer is taken before Basic', async () => {
    const { double, client } = await start({ kind: 'bearer', ...ALICE }, { credentials: alice });
    double.on({}, challengeWith(`Basic realm="x", Bearer realm="${double.origin}/token",service="s"`));
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    expect(double.count('GET', /^\/token/)).toBe(1);
  });

  const bad = [
    { name: 'none', lines: [] },
    { name: 'an unclosed quotation', lines: ['Bearer realm="https://x'] },
    { name: 'a scheme that nobody knows', lines: ['Hawk id="1"'] },
    { name: 'a Bearer challenge without a realm', lines: ['Bearer service="x"'] },
  ];
  test.each(bad)('refused: $name', async ({ lines }) => {
    const { double, client } = await start({ kind: 'basic', ...ALICE }, { credentials: alice });
    double.on({}, challengeWith(...lines));
    await expect(client.registry.hasBlob(layer, { signal })).rejects.toMatchObject({ kind: 'auth' });
    expect(double.requests).toHaveLength(1);
  });
});

describe('R10: replies of token servers', () => {
  const bad = [
    { name: 'no JSON', body: 'token=abc' },
    { name: 'no token', body: '{}' },
    { name: 'an empty token', body: '{"token":""}' },
    { name: 'a token that is a number', body: '{"token":5}' },
    { name: 'a token with a line break', body: '{"token":"abc\\r\\nX-Evil: 1"}' },
    { name: 'more than a mebibyte', body: `{"token":"${'x'.repeat(1_100_000)}"}` },
  ];
  test.each(bad)('refused: $name', async ({ body }) => {
    const { client } = await start({ kind: 'bearer', reply: () => ({ body }) }, { credentials: alice });
    const failure = await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(failure).toMatchObject({ kind: 'auth' });
  });

  const good = [
    { name: 'only access_token', reply: (token: string) => ({ access_token: token }), lifetimeS: 60 },
    { name: 'no end', reply: (token: string) => ({ token }), lifetimeS: 60 },
    { name: 'an end of 0', reply: (token: string) => ({ token, expires_in: 0 }), lifetimeS: 60 },
    { name: 'an end of -1', reply: (token: string) => ({ token, expires_in: -1 }), lifetimeS: 60 },
    { name: 'an end that is text', reply: (token: string) => ({ token, expires_in: 'soon' }), lifetimeS: 60 },
    { name: 'an end in thirty years', reply: (token: string) => ({ token, expires_in: 1e9 }), lifetimeS: 24 * 3600 },
  ];
  test.each(good)('accepted: $name', async ({ reply, lifetimeS }) => {
    const { double, client } = await start(
      { kind: 'bearer', reply: (token) => ({ body: JSON.stringify(reply(token)) }) },
      { credentials: alice },
    );
    await expect(client.registry.hasBlob(layer, { signal })).resolves.toBe(false);
    client.clock.advance(lifetimeS * 500);
    await client.registry.hasBlob(layer, { signal });
    expect(double.count('GET', /^\/token/)).toBe(1);
    client.clock.advance(lifetimeS * 500);
    await client.registry.hasBlob(layer, { signal });
    expect(double.count('GET', /^\/token/)).toBe(2);
  });

  test('T05: a web page instead of a token is no answer', async () => {
    const { double, client } = await start({ kind: 'bearer' }, { credentials: alice });
    double.on({ path: /^\/token/ }, (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>log in</html>');
    });
    await expect(client.registry.hasBlob(layer, { signal })).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('a token server that refuses is an authorization failure without a secret', async () => {
    const { client } = await start(
      { kind: 'bearer', ...ALICE },
      { credentials: { ...alice, password: 'another-password' } },
    );
    const failure = await failureOf(client.registry.hasBlob(layer, { signal }));
    expect(failure).toMatchObject({ kind: 'auth', code: 'ERR_OCI_TOKEN' });
    expect(JSON.stringify([failure, String(failure), client.events])).not.toContain('another-password');
  });
});

describe('R11: refusals', () => {
  test('a registry that never lets anyone in is asked twice', async () => {
    const { double, client } = await start({ kind: 'bearer' }, { credentials: alice });
    double.on(
      { path: /^\/v2/, times: 99 },
      challengeWith(`Bearer realm="${double.origin}/token",service="s",scope="x"`),
    );
    await expect(client.registry.hasBlob(layer, { signal })).rejects.toMatchObject({
      kind: 'auth',
      code: 'ERR_OCI_LOGIN',
    });
    expect(double.count('HEAD', /./)).toBe(2);
    expect(double.count('GET', /^\/token/)).toBe(1);
  });

  test('403 is final', async () => {
    const { double, client } = await start(undefined, { credentials: alice });
    double.on({ times: 99 }, (_request, response) => void response.writeHead(403).end());
    await expect(client.registry.hasBlob(layer, { signal })).rejects.toMatchObject({
      kind: 'auth',
      code: 'ERR_OCI_DENIED',
    });
    expect(double.requests).toHaveLength(1);
  });
});

describe('no secret is told to anyone', () => {
  const echo =
    (status: number) =>
    (
      request: { headers: { authorization?: string } },
      response: { writeHead(status: number): { end(body: string): unknown } },
    ): void => {
      const sent = request.headers.authorization ?? '';
      const plain = Buffer.from(sent.replace(/^Basic /, ''), 'base64').toString();
      response.writeHead(status).end(JSON.stringify({ errors: [{ code: 'X', message: `you sent ${sent} ${plain}` }] }));
    };

  test.each([400, 403, 404, 418, 500])('a registry that answers %d and repeats what it was sent', async (status) => {
    const { double, client } = await start({ kind: 'basic', ...ALICE }, { credentials: alice });
    await client.registry.hasBlob(layer, { signal });
    double.on({ times: 99 }, echo(status) as never);
    const failures = await Promise.all([
      failureOf(client.registry.putManifest('a', manifest, { signal })),
      failureOf(client.registry.putBlob(layer, { signal })),
    ]);
    const told = failures.map((each) => (isBerthError(each) ? [each.message, each.hint, each.details] : String(each)));
    const seen = JSON.stringify([told, client.events]);
    expect(told).toHaveLength(2);
    expect(seen).not.toContain(ALICE.password);
    expect(seen).not.toContain(Buffer.from(`${ALICE.username}:${ALICE.password}`).toString('base64'));
  });
});
