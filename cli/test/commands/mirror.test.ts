import { expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bench } from './bench.ts';

test('mirror add stores what was said, in the order of cli §6.1, in front of the others, and says nothing', async () => {
  const { berth, home } = await bench();
  expect((await berth('mirror', 'add', 'm1', '/m')).text).toBe('');
  await berth('mirror', 'add', '--unsigned', '--type', 'binary', '--autopush', 'oc', 'oci://h/n');
  expect(await readFile(join(home, '.spack/mirrors.yaml'), 'utf8')).toBe(`mirrors:
  oc:
    url: oci://h/n
    binary: true
    source: false
    autopush: true
    signed: false
  m1: /m
`);
  await expect(berth('mirror', 'add', 'm1', '/m')).rejects.toMatchObject({ kind: 'config' });
});

test('credentials are stored by the names of their variables', async () => {
  const { berth, home } = await bench();
  await berth(
    'mirror',
    'add',
    '--s3-access-key-id',
    'ID',
    '--s3-access-key-secret-variable',
    'SECRET',
    '--s3-endpoint-url',
    'http://h',
    's',
    's3://b/p',
  );
  expect(await readFile(join(home, '.spack/mirrors.yaml'), 'utf8')).toBe(`mirrors:
  s:
    url: s3://b/p
    access_pair:
      id: ID
      secret_variable: SECRET
    endpoint_url: http://h
`);
});

test('mirror set changes one thing, and says when nothing changed', async () => {
  const { berth, home } = await bench();
  await berth('mirror', 'add', '--autopush', 'm', '/m');
  expect((await berth('mirror', 'set', '--no-autopush', 'm')).text).toBe('');
  expect((await berth('mirror', 'set', '--no-autopush', 'm')).text).toBe('no changes\n');
  await berth('mirror', 'set-url', '--push', 'm', '/push');
  expect(await readFile(join(home, '.spack/mirrors.yaml'), 'utf8')).toContain('push');
  await expect(berth('mirror', 'set', '--signed', 'nosuch')).rejects.toMatchObject({ code: 'ERR_MIRROR_NOT_FOUND' });
});

test('mirror remove names the scope; a mirror that is nowhere is an error', async () => {
  const { berth } = await bench();
  await berth('mirror', 'add', 'm', '/m');
  expect(await berth('mirror', 'rm', 'm')).toMatchObject({
    text: 'removed mirror m from scope user\n',
    document: { name: 'm' },
  });
  await expect(berth('mirror', 'rm', 'm')).rejects.toMatchObject({ code: 'ERR_MIRROR_NOT_FOUND' });
});

test('mirror list has one line for each mirror, with secrets hidden', async () => {
  const { berth, home } = await bench();
  await mkdir(join(home, '.spack'));
  await writeFile(
    join(home, '.spack/mirrors.yaml'),
    `mirrors::
  s3m: s3://bucket/prefix
  oc: {url: 'oci://localhost:5999/foo', source: false}
  m1: {fetch: 'file:///m', push: 'file:///mpush', source: false}
  secret: https://me:hidden@example.org/x
`,
  );
  const { text, document } = await berth('mirror', 'list');
  expect(text).toBe(`s3m    [sb] s3://bucket/prefix
oc     [ b] oci://localhost:5999/foo
m1     [ b] fetch: file:///m push: file:///mpush
secret [sb] https://***@example.org/x
`);
  expect(JSON.stringify(document)).not.toContain('hidden');
  expect(document).toMatchObject({
    mirrors: [{ name: 's3m', signed: true }, { name: 'oc' }, { push: 'file:///mpush' }, {}],
  });
});

test('no mirrors is a sentence and an empty list', async () => {
  const { berth, home } = await bench();
  await mkdir(join(home, '.spack'));
  await writeFile(join(home, '.spack/mirrors.yaml'), 'mirrors:: {}\n');
  expect(await berth('mirror', 'list')).toMatchObject({
    text: 'no mirrors are configured\n',
    document: { mirrors: [] },
    exitCode: 0,
  });
});

test('--oci-password goes to the auth file and not into the configuration, with --in-config into that', async () => {
  const { berth, home } = await bench();
  const login = ['--oci-username', 'me', '--oci-password', 's3cret'];
  const auth = join(home, '.config/containers/auth.json');
  const yaml = (): Promise<string> => readFile(join(home, '.spack/mirrors.yaml'), 'utf8');
  const added = await berth('mirror', 'add', ...login, 'reg', 'oci://ghcr.io/me/cache');
  expect(added.text).toBe(`saved the log-in to ghcr.io in ${auth}\n`);
  expect(added.document).toMatchObject({ logins: [{ registry: 'ghcr.io', file: auth }] });
  expect(JSON.parse(await readFile(auth, 'utf8'))).toEqual({ auths: { 'ghcr.io': { auth: 'bWU6czNjcmV0' } } });
  expect(await yaml()).toBe('mirrors:\n  reg: oci://ghcr.io/me/cache\n');

  await berth('mirror', 'set', '--push', '--url', 'oci+http://localhost:5000/x', ...login, 'reg');
  expect(Object.keys((JSON.parse(await readFile(auth, 'utf8')) as { auths: object }).auths)).toEqual([
    'ghcr.io',
    'localhost:5000',
  ]);
  expect(await yaml()).not.toMatch(/me\b.*s3cret|s3cret/);

  const inConfig = await berth('mirror', 'set', '--in-config', ...login, 'reg');
  expect(inConfig.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'WARN_MIRROR_SECRET' }));
  expect(await yaml()).toMatch(/access_pair: ?(\[me, s3cret\]|\n\s+- me\n\s+- s3cret)\n/);
  expect((await berth('mirror', 'list')).text).toMatch(/reg/);
});

test('a password needs its name and a registry', async () => {
  const { berth } = await bench();
  const refused = { kind: 'usage', code: 'ERR_OCI_LOGIN_OPTIONS' };
  const add = (...words: readonly string[]): Promise<unknown> => berth('mirror', 'add', ...words);
  await expect(add('--oci-password', 'x', 'm', 'oci://h.org/x')).rejects.toMatchObject(refused);
  await expect(add('--oci-username', 'u', '--oci-password', 'x', 'm', '/srv/m')).rejects.toMatchObject(refused);
  await expect(add('--oci-username', 'u', '--in-config', 'm', 'oci://h.org/x')).rejects.toMatchObject(refused);
  expect((await berth('mirror', 'list')).text).not.toMatch(/^m /m);
});
