import { describe, expect, test } from '@jest/globals';
import { findAuth, findHelper, parseAuthDocument } from '../../src/credentials/auth-document.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const auth = (auths: object, host = 'ghcr.io', repository = 'org/cache'): unknown =>
  findAuth(parseAuthDocument(JSON.stringify({ auths }), 'test'), { host, scheme: 'https', repository });
const password = (username: string, secret: string): object => ({ kind: 'password', username, password: secret });

describe('entries', () => {
  test.each([
    { name: 'name and password together', entry: { auth: encode('u:p') }, want: password('u', 'p') },
    { name: 'a password with colons', entry: { auth: encode('u:p:q:') }, want: password('u', 'p:q:') },
    { name: 'a password that was padded', entry: { auth: encode('u:p\0\0') }, want: password('u', 'p') },
    { name: 'a password beyond ASCII', entry: { auth: encode('ü:pä') }, want: password('ü', 'pä') },
    { name: 'name and password apart', entry: { username: 'u', password: 'p' }, want: password('u', 'p') },
    {
      name: 'a refresh token',
      entry: { auth: encode('u:'), identitytoken: 't' },
      want: { kind: 'identity', token: 't' },
    },
    { name: 'a token as a password', entry: { auth: encode('<token>:t') }, want: { kind: 'identity', token: 't' } },
    { name: 'an access token', entry: { registrytoken: 't' }, want: { kind: 'bearer', token: 't' } },
    { name: 'nothing, for a helper has it', entry: {}, want: undefined },
    { name: 'no colon', entry: { auth: encode('up') }, want: undefined },
    { name: 'no name', entry: { auth: encode(':p') }, want: undefined },
    { name: 'no password', entry: { auth: encode('u:') }, want: undefined },
    { name: 'a list', entry: [], want: undefined },
    { name: 'a number in place of text', entry: { auth: 5 }, want: undefined },
  ])('$name', ({ entry, want }) => {
    expect(auth({ 'ghcr.io': entry })).toEqual(want);
  });
});

describe('R30: whose they are', () => {
  const entry = { auth: encode('u:p') };
  test.each(['ghcr.io', 'https://ghcr.io', 'https://ghcr.io/v2/', 'GHCR.IO:443', 'ghcr.io/org', 'ghcr.io/org/cache'])(
    '%s is the registry',
    (key) => {
      expect(auth({ [key]: entry })).toEqual(password('u', 'p'));
    },
  );

  test.each([
    'evil-ghcr.io',
    'ghcr.io.evil',
    'ghcr.io:5000',
    'io',
    'ghcr.io/or',
    'ghcr.io/org/cache/x',
    'x.ghcr.io',
    '*.io',
  ])('%s is another one', (key) => {
    expect(auth({ [key]: entry })).toBeUndefined();
  });

  test('the entry that is limited most closely wins, in whatever order', () => {
    const of = (name: string): object => ({ auth: encode(`${name}:p`) });
    const auths = { 'ghcr.io/org': of('org'), 'ghcr.io/org/cache': of('cache'), 'ghcr.io': of('all') };
    expect(auth(auths)).toEqual(password('cache', 'p'));
    expect(auth(auths, 'ghcr.io', 'org/other')).toEqual(password('org', 'p'));
    expect(auth(auths, 'ghcr.io', 'organisation')).toEqual(password('all', 'p'));
  });

  test('Docker Hub by any of its names', () => {
    expect(auth({ 'https://index.docker.io/v1/': entry }, 'docker.io', 'library/x')).toEqual(password('u', 'p'));
  });
});

test('helpers are named for one registry or for all', () => {
  const document = parseAuthDocument(
    JSON.stringify({ credHelpers: { 'ghcr.io': 'gh', 'b.io': 5 }, credsStore: 'desktop' }),
    'test',
  );
  const query = { scheme: 'https', repository: 'x' } as const;
  expect(findHelper(document, { ...query, host: 'ghcr.io' })).toBe('gh');
  expect(findHelper(document, { ...query, host: 'b.io' })).toBeUndefined();
  expect(document.credsStore).toBe('desktop');
});

describe('documents that are none', () => {
  test.each(['', '[]', '{"auths":[]}', '{"auths":{},"auths":{}}', '{"auths": {"ghcr.io": {"auth": "c2VjcmV0Cg=="}}'])(
    '%j is refused without being quoted',
    (text) => {
      const parse = (): unknown => parseAuthDocument(text, '/home/u/auth.json');
      expect(parse).toThrow(expect.objectContaining({ kind: 'config', code: 'ERR_OCI_AUTH_FILE' }));
      expect(parse).toThrow(
        /^credentials in \/home\/u\/auth\.json: not|^credentials in \/home\/u\/auth\.json: auths is not/,
      );
      expect(parse).not.toThrow(/c2VjcmV0/);
    },
  );

  test('missing parts are empty', () => {
    expect(parseAuthDocument('{"auths":null,"HttpHeaders":{}}', 'test')).toEqual({
      auths: new Map(),
      credHelpers: new Map(),
      credsStore: undefined,
    });
  });
});
