import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type BerthEvent } from '@berth/base';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryOf, saveRegistryLogin, type SavedLogin } from '../src/registry-login.ts';

let home: string;
let events: BerthEvent[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-login-'));
  events = [];
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const AUTH = Buffer.from('me:s3cret:too').toString('base64');

function save(url: string, env: Readonly<Record<string, string>> = {}): Promise<SavedLogin> {
  const login = { url, username: 'me', password: 's3cret:too' };
  return saveRegistryLogin(login, { env, home, emit: (event) => events.push(event) });
}

async function documentAt(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

test('a log-in goes to the place that the variables name, in a file of its owner alone', async () => {
  const places: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{}, '.config/containers/auth.json'],
    [{ XDG_CONFIG_HOME: join(home, 'xdg') }, 'xdg/containers/auth.json'],
    [{ XDG_RUNTIME_DIR: join(home, 'run'), XDG_CONFIG_HOME: join(home, 'xdg2') }, 'run/containers/auth.json'],
    [{ REGISTRY_AUTH_FILE: join(home, 'mine.json'), XDG_RUNTIME_DIR: join(home, 'run2') }, 'mine.json'],
  ];
  for (const [env, place] of places) {
    const { file, registry } = await save('oci://ghcr.io/org/cache', env);
    expect({ file, registry }).toEqual({ file: join(home, place), registry: 'ghcr.io' });
    expect(await documentAt(file)).toEqual({ auths: { 'ghcr.io': { auth: AUTH } } });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
  expect((await readdir(home)).sort()).toEqual(['.config', 'mine.json', 'run', 'xdg']);
});

test.each([
  ['oci://ghcr.io/org/cache', 'ghcr.io'],
  ['oci://GHCR.io:443/org/cache', 'ghcr.io'],
  ['oci+http://localhost:5000/x', 'localhost:5000'],
  ['oci+http://registry.local:80/x', 'registry.local'],
  ['oci://localhost/x', 'localhost'],
  ['oci://[::1]:5000/x', '[::1]:5000'],
  ['oci://user/image', 'docker.io'],
  ['oci://image', 'docker.io'],
  ['oci://index.docker.io/user/image', 'docker.io'],
])('%s is on %s', (url, registry) => {
  expect(registryOf(url)).toBe(registry);
});

test('everything else in the file stays, other spellings of the same registry go', async () => {
  const file = join(home, 'auth.json');
  const before = {
    credsStore: 'desktop',
    auths: {
      'https://GHCR.io/': { auth: 'b2xk' },
      'ghcr.io/org': { auth: 'bmFycm93ZXI=' },
      'quay.io': { auth: 'cXVheQ==', email: 'x@y' },
    },
    unknown: [1, 2.0],
  };
  await writeFile(file, JSON.stringify(before), { mode: 0o644 });
  await save('oci://ghcr.io/org/cache', { REGISTRY_AUTH_FILE: file });
  const { 'ghcr.io/org': narrower, 'quay.io': quay } = before.auths;
  expect(await documentAt(file)).toEqual({
    ...before,
    auths: { 'ghcr.io/org': narrower, 'quay.io': quay, 'ghcr.io': { auth: AUTH } },
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(events).toEqual([]);
});

test('a link to the file stays a link', async () => {
  await mkdir(join(home, 'real'));
  await writeFile(join(home, 'real/auth.json'), '');
  await symlink('real/auth.json', join(home, 'auth.json'));
  await save('oci://h.org/x', { REGISTRY_AUTH_FILE: join(home, 'auth.json') });
  expect(await readlink(join(home, 'auth.json'))).toBe('real/auth.json');
  expect(await documentAt(join(home, 'real/auth.json'))).toEqual({ auths: { 'h.org': { auth: AUTH } } });
});

test('a helper for the registry is asked first, which is said', async () => {
  const file = join(home, 'auth.json');
  await writeFile(file, '{"credHelpers":{"h.org":"pass"}}');
  await save('oci://h.org/x', { REGISTRY_AUTH_FILE: file });
  expect(events).toMatchObject([{ type: 'warning', code: 'WARN_CREDENTIAL_HELPER' }]);
});

test.each(['{"auths":{"quay.io":{"auth":"c2VjcmV0', '[]', '{"auths":["c2VjcmV0"]}'])(
  'a damaged file is left as it is, and not quoted: %s',
  async (text) => {
    const file = join(home, 'auth.json');
    await writeFile(file, text);
    const saving = save('oci://h.org/x', { REGISTRY_AUTH_FILE: file });
    await expect(saving).rejects.toMatchObject({ kind: 'config', code: 'ERR_OCI_AUTH_FILE' });
    await expect(saving).rejects.not.toThrow(/c2Vjcm/);
    expect(await readFile(file, 'utf8')).toBe(text);
  },
);

test('what is no registry, or no name, is refused', async () => {
  const refused = { kind: 'usage', code: 'ERR_OCI_LOGIN_OPTIONS' };
  await expect(save('s3://bucket/x')).rejects.toMatchObject(refused);
  await expect(save('/srv/mirror')).rejects.toMatchObject(refused);
  const places = { env: {}, home, emit: () => undefined };
  const url = 'oci://h.org/x';
  await expect(saveRegistryLogin({ url, username: 'a:b', password: 'x' }, places)).rejects.toMatchObject(refused);
  await expect(saveRegistryLogin({ url, username: 'a', password: '' }, places)).rejects.toMatchObject(refused);
  expect(await readdir(home)).toEqual([]);
});
