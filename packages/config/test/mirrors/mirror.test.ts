import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  addMirror,
  canonicalPath,
  formatMirrorList,
  fromData,
  mirrorCredentials,
  mirrorEndpoint,
  type MirrorEndpoint,
  readMirror,
  removeMirror,
  requireMirrorCredentials,
} from '../../src/index.ts';
import { failure, folder, HOST, load, read, SIGNAL, warnings } from '../support.ts';

interface Vector {
  readonly config: unknown;
  readonly ok?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

const VECTORS = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'vectors', 'mirror-config.json'), 'utf8')) as {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly cases: readonly Vector[];
};

function vectorMirror(config: unknown): ReturnType<typeof readMirror> {
  const context = {
    env: VECTORS.environment,
    home: '/root',
    cwd: VECTORS.cwd,
    host: HOST,
    prefix: '/opt/spack',
    userCachePath: '/root/.spack',
    instanceId: '',
  };
  const at = { file: 'mirrors.yaml' };
  return readMirror(
    { key: 'm', keyAt: at, value: fromData(config, at) },
    { resolvePath: (text) => canonicalPath(text, context), emit: () => undefined },
  );
}

function credentialsOf(endpoint: MirrorEndpoint): Record<string, unknown> {
  const { accessPair, accessToken, profile } = mirrorCredentials(endpoint, VECTORS.environment);
  const all = { access_pair: accessPair, access_token: accessToken, profile };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

let ran = 0;
test.each(VECTORS.cases.map((vector) => [JSON.stringify(vector.config), vector] as const))(
  'the mirror %s',
  async (_name, vector) => {
    ran += 1;
    if (vector.ok === undefined) {
      expect(await failure(() => vectorMirror(vector.config))).toMatchObject({
        kind: 'config',
        code: 'ERR_MIRROR_URL',
      });
      return;
    }
    const mirror = vectorMirror(vector.config);
    const [fetch, push] = [mirrorEndpoint(mirror, 'fetch'), mirrorEndpoint(mirror, 'push')];
    expect({
      fetch_url: fetch.url,
      push_url: push.url,
      signed: mirror.signed,
      binary: mirror.binary,
      source: mirror.source,
      autopush: mirror.autopush,
      fetch_view: fetch.view ?? null,
      push_view: push.view ?? null,
      layouts: mirror.layouts,
      fetch_credentials: credentialsOf(fetch),
      push_credentials: credentialsOf(push),
      fetch_endpoint: fetch.endpointUrl ?? null,
    }).toEqual(vector.ok);
  },
);

test('all 26 mirror vectors ran', () => {
  expect(ran).toBe(26);
  expect(VECTORS.cases).toHaveLength(26);
});

test('each direction takes its own settings over the general ones, even a null', () => {
  const first = vectorMirror({
    url: 's3://b',
    endpoint_url: 'T',
    fetch: { url: 's3://f', endpoint_url: 'F' },
    push: 's3://p',
  });
  expect(first.fetch).toMatchObject({ url: 's3://f', endpointUrl: 'https://F' });
  expect(first.push).toMatchObject({ url: 's3://p', endpointUrl: 'https://T' });
  const second = vectorMirror({ url: 's3://b', profile: 'top', fetch: { url: 's3://f' }, push: { profile: null } });
  expect(second.fetch.profile).toBe('top');
  expect(second.push?.profile).toBeUndefined();
});

test('a mirror to fetch from only has nowhere to push', async () => {
  const mirror = vectorMirror({ fetch: 's3://f' });
  expect(mirror.push).toBeUndefined();
  expect(await failure(() => mirrorEndpoint(mirror, 'push'))).toMatchObject({ code: 'ERR_MIRROR_URL' });
  expect(formatMirrorList([mirror])).toEqual(['m [sb] fetch: s3://f']);
});

test('whether signatures were spoken of is kept beside what counts', () => {
  expect(vectorMirror('oci://h/n')).toMatchObject({ signed: false, signedSaid: undefined });
  expect(vectorMirror({ url: 'oci://h/n', signed: true })).toMatchObject({ signed: false, signedSaid: true });
  expect(vectorMirror({ url: 's3://b', signed: false })).toMatchObject({ signed: false, signedSaid: false });
});

test('Y17: a secret variable that is unset or empty is an auth error before any request', async () => {
  const mirror = vectorMirror({
    url: 's3://b',
    access_pair: { id_variable: 'ID', secret_variable: 'S' },
    access_token_variable: 'T',
  });
  const error = await failure(() => requireMirrorCredentials(mirror, 'fetch', { S: '', ID: 'x' }));
  expect(error).toMatchObject({ kind: 'auth', code: 'ERR_MIRROR_CREDENTIALS', details: { variables: ['S', 'T'] } });
  expect(requireMirrorCredentials(mirror, 'fetch', { S: 's', ID: 'x', T: 't' })).toMatchObject({
    accessPair: ['x', 's'],
    accessToken: 't',
  });
});

test('Y18: of two mirrors with one address the stricter signing counts, with a warning', async () => {
  const root = folder({
    'cfg/mirrors.yaml':
      'mirrors::\n  a: {url: "s3://b/p/", signed: false}\n  b: s3://b/p\n  c: {url: "s3://c", signed: false}\n',
  });
  const { configuration, events } = await load(root);
  expect(configuration.mirrors().map(({ name, signed }) => [name, signed])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
  expect(warnings(events)).toEqual([expect.stringContaining('mirrors a, b: they share the address s3://b/p')]);
});

test('Y19: ten thousand mirrors are read in the order of the file', async () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, index) => `  m${index}:\n    url: s3://bucket/${index}\n    signed: false\n`,
  );
  const { configuration } = await load(folder({ 'cfg/mirrors.yaml': `mirrors::\n${lines.join('')}` }));
  const mirrors = configuration.mirrors();
  expect(mirrors).toHaveLength(10_000);
  expect(mirrors[9_999]).toMatchObject({ name: 'm9999', fetch: { url: 's3://bucket/9999' } });
});

test('mirrors named by numbers keep their order', async () => {
  const { configuration } = await load(
    folder({ 'cfg/mirrors.yaml': 'mirrors::\n  b: s3://b\n  10: s3://x\n  2: s3://y\n' }),
  );
  expect(configuration.mirrors().map(({ name }) => name)).toEqual(['b', '10', '2']);
});

test('secrets in files of older versions are read with a warning', async () => {
  const { configuration, events } = await load(
    folder({ 'cfg/mirrors.yaml': 'mirrors::\n  a:\n    url: s3://b\n    access_pair: [id, geheim]\n' }),
  );
  expect(configuration.mirrors()[0]?.fetch.accessPair).toEqual({ id: 'id', secret: 'geheim' });
  expect(warnings(events)).toHaveLength(1);
  expect(warnings(events).join()).not.toContain('geheim');
});

test('a mirror is removed from the highest scope that has it, and no other file is touched', async () => {
  const root = folder({
    'cfg/mirrors.yaml': '# mine\nmirrors:\n  a: file:///a # x\n  b: file:///b\n',
    'prefix/etc/spack/site/mirrors.yaml': 'mirrors:\n  a: file:///site\n',
  });
  const env = { SPACK_ROOT: join(root, 'prefix') };
  const edits = await removeMirror((await load(root, { env })).configuration, { name: 'a', signal: SIGNAL });
  expect(edits.map(({ scope }) => scope)).toEqual(['user']);
  expect(read(root, 'cfg/mirrors.yaml')).toBe('# mine\nmirrors:\n  b: file:///b\n');
  expect(read(root, 'prefix/etc/spack/site/mirrors.yaml')).toBe('mirrors:\n  a: file:///site\n');
  expect(() => read(root, 'prefix/etc/spack/mirrors.yaml')).toThrow('ENOENT');
  const all = await removeMirror((await load(root, { env })).configuration, {
    name: 'a',
    allScopes: true,
    signal: SIGNAL,
  });
  expect(all.map(({ scope }) => scope)).toEqual(['site']);
  const { configuration } = await load(root, { env });
  expect(await failure(() => removeMirror(configuration, { name: 'a', signal: SIGNAL }))).toMatchObject({
    code: 'ERR_MIRROR_NOT_FOUND',
    message: expect.stringContaining('user'),
  });
});

test('an address that would not be understood is not written', async () => {
  const root = folder();
  const { configuration } = await load(root);
  const error = await failure(() => addMirror(configuration, { name: 'a', url: 'foo://x', signal: SIGNAL }));
  expect(error).toMatchObject({ code: 'ERR_MIRROR_URL' });
  expect(() => read(root, 'cfg/mirrors.yaml')).toThrow('ENOENT');
  await addMirror(configuration, { name: 'a', url: 'foo://x', extraSchemes: new Set(['foo']), signal: SIGNAL });
  expect(read(root, 'cfg/mirrors.yaml')).toBe('mirrors:\n  a: foo://x\n');
});
