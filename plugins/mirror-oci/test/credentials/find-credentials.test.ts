import { type BerthEvent } from '@berth/base';
import { type MirrorCredentials } from '@berth/buildcache';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FoundCredentials } from '../../src/credentials/credentials.ts';
import { type CredentialLookup, findCredentials } from '../../src/credentials/find-credentials.ts';

const signal = new AbortController().signal;
let homeDir: string;
let events: BerthEvent[];

beforeEach(async () => {
  homeDir = await mkdtemp(join(tmpdir(), 'berth-home-'));
  events = [];
});
afterEach(async () => {
  await rm(homeDir, { recursive: true });
});

const document = (user: string, host = 'ghcr.io'): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${user}:p`).toString('base64') } } });

async function write(path: string, text: string): Promise<string> {
  const full = join(homeDir, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
}

const find = async (
  env: NodeJS.ProcessEnv = {},
  rest: Partial<CredentialLookup> = {},
): Promise<FoundCredentials | undefined> =>
  findCredentials({
    domain: 'ghcr.io',
    scheme: 'https',
    name: 'org/cache',
    env,
    homeDir,
    emit: (event) => events.push(event),
    ...rest,
  })({ signal });

const userOf = (found: FoundCredentials | undefined): string | undefined =>
  found?.credentials.kind === 'password' ? found.credentials.username : found?.credentials.token;

describe('the order', () => {
  test('each place is used when those before it have nothing', async () => {
    const env: NodeJS.ProcessEnv = {
      DOCKER_AUTH_CONFIG: document('variable'),
      XDG_RUNTIME_DIR: join(homeDir, 'run'),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'actor',
      GITHUB_TOKEN: 'gh-token',
    };
    await write('run/containers/auth.json', document('podman'));
    await write('.config/containers/auth.json', document('podman-home'));
    await write('.docker/config.json', document('docker'));
    const own = async (): Promise<MirrorCredentials> => ({ id: 'own', secret: 's' });

    const users = [userOf(await find(env, { own }))];
    users.push(userOf(await find(env)));
    delete env['DOCKER_AUTH_CONFIG'];
    users.push(userOf(await find(env)));
    await rm(join(homeDir, 'run'), { recursive: true });
    users.push(userOf(await find(env)));
    await rm(join(homeDir, '.config'), { recursive: true });
    users.push(userOf(await find(env)));
    await rm(join(homeDir, '.docker'), { recursive: true });
    users.push(userOf(await find(env)));
    users.push(userOf(await find({})));
    expect(users).toEqual(['own', 'variable', 'podman', 'podman-home', 'docker', 'actor', undefined]);
  });

  test('REGISTRY_AUTH_FILE stands for the places of podman, DOCKER_CONFIG for the one of docker', async () => {
    await write('.config/containers/auth.json', document('podman-home'));
    await write('.docker/config.json', document('docker-home'));
    const REGISTRY_AUTH_FILE = await write('a/auth.json', document('chosen'));
    await write('b/config.json', document('docker-chosen'));
    expect(userOf(await find({ REGISTRY_AUTH_FILE }))).toBe('chosen');
    expect(userOf(await find({ REGISTRY_AUTH_FILE: join(homeDir, 'none') }))).toBe('docker-home');
    const elsewhere = { REGISTRY_AUTH_FILE: join(homeDir, 'none'), DOCKER_CONFIG: join(homeDir, 'b') };
    expect(userOf(await find(elsewhere))).toBe('docker-chosen');
  });

  test('a mirror that names no credentials leaves the question to the others', async () => {
    await write('.docker/config.json', document('docker'));
    expect(userOf(await find({}, { own: async () => undefined }))).toBe('docker');
    expect(userOf(await find({}, { own: async () => ({ id: 'only-a-name' }) }))).toBe('docker');
    expect(userOf(await find({}, { own: async () => ({ token: 'bearer' }) }))).toBe('bearer');
  });

  test('they are looked up once', async () => {
    let asked = 0;
    const source = findCredentials({
      ...{ domain: 'ghcr.io', scheme: 'https', name: 'x', env: {}, homeDir, emit: () => undefined },
      own: async () => {
        asked += 1;
        return undefined;
      },
    });
    await source({ signal });
    await source({ signal });
    expect(asked).toBe(1);
  });
});

describe('GitHub Actions', () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_TOKEN: 't' };
  test.each([
    { name: 'for ghcr.io', rest: {}, env, want: 'x-access-token' },
    { name: 'for no other registry', rest: { domain: 'ghcr.io.evil' }, env, want: undefined },
    { name: 'for no other port', rest: { domain: 'ghcr.io:444' }, env, want: undefined },
    { name: 'not outside of Actions', rest: {}, env: { GITHUB_TOKEN: 't' }, want: undefined },
    { name: 'not when it is empty', rest: {}, env: { ...env, GITHUB_TOKEN: '' }, want: undefined },
  ])('the token is used $name', async ({ rest, env: given, want }) => {
    expect(userOf(await find(given, rest))).toBe(want);
  });
});

describe('credential helpers', () => {
  async function installHelper(name: string, user: string): Promise<string> {
    const path = await write(
      `bin/docker-credential-${name}`,
      `#!/bin/sh\necho '{"Username":"${user}","Secret":"s"}'\n`,
    );
    await chmod(path, 0o755);
    return `${join(homeDir, 'bin')}:/usr/bin:/bin`;
  }

  test('the one for this registry comes before what the file says, the one for all after it', async () => {
    const PATH = await installHelper('own', 'from-own');
    await installHelper('all', 'from-all');
    const auths = JSON.parse(document('file')) as object;
    await write(
      '.docker/config.json',
      JSON.stringify({ ...auths, credHelpers: { 'ghcr.io': 'own' }, credsStore: 'all' }),
    );
    expect(userOf(await find({ PATH }))).toBe('from-own');
    await write('.docker/config.json', JSON.stringify({ ...auths, credsStore: 'all' }));
    expect(userOf(await find({ PATH }))).toBe('file');
    await write('.docker/config.json', JSON.stringify({ auths: { 'ghcr.io': {} }, credsStore: 'all' }));
    expect(userOf(await find({ PATH }))).toBe('from-all');
  });

  test('a helper that is missing is a warning, and the search goes on', async () => {
    await write('.config/containers/auth.json', JSON.stringify({ credsStore: 'nowhere' }));
    await write('.docker/config.json', document('docker'));
    expect(userOf(await find({ PATH: '/nonexistent' }))).toBe('docker');
    expect(events).toEqual([expect.objectContaining({ type: 'warning', code: 'ERR_OCI_HELPER' })]);
  });
});

describe('files that cannot be used', () => {
  test('a malformed one is a config error that names it and quotes nothing', async () => {
    const path = await write('.docker/config.json', '{"auths": {"ghcr.io": {"auth": "c2VjcmV0"');
    const failure: unknown = await find().catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'config', code: 'ERR_OCI_AUTH_FILE' });
    expect(String(failure)).toContain(path);
    expect(JSON.stringify([failure, String(failure)])).not.toContain('c2VjcmV0');
  });

  test('a folder in place of one is a warning', async () => {
    await mkdir(join(homeDir, '.docker', 'config.json'), { recursive: true });
    await expect(find()).resolves.toBeUndefined();
    expect(events).toEqual([expect.objectContaining({ type: 'warning', code: 'OCI_AUTH_FILE' })]);
  });

  test('one of more than a mebibyte is refused', async () => {
    await write('.docker/config.json', JSON.stringify({ x: 'y'.repeat(1_100_000) }));
    await expect(find()).rejects.toMatchObject({ kind: 'limit' });
  });
});
