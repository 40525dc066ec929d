import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askHelper } from '../../src/credentials/credential-helper.ts';

const signal = new AbortController().signal;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-helper-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A helper that is a shell script; returns the environment to find it with. */
async function install(name: string, script: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return { PATH: `${folder}:/usr/bin:/bin` };
}

const answer = (user: string, secret: string): string => `{"ServerURL":"x","Username":"${user}","Secret":"${secret}"}`;

test('it is asked for the server on its input, and its answer is the credentials', async () => {
  const script = `[ "$1" = get ] || exit 9; read server; echo '${answer('u-SERVER', 'p')}' | sed "s/SERVER/$server/"`;
  const env = await install('echo', script);
  await expect(askHelper('echo', 'ghcr.io', { env, signal })).resolves.toEqual({
    kind: 'password',
    username: 'u-ghcr.io',
    password: 'p',
  });
});

test('the user <token> means a refresh token', async () => {
  const env = await install('token', `echo '${answer('<token>', 'refresh')}'`);
  await expect(askHelper('token', 'x', { env, signal })).resolves.toEqual({ kind: 'identity', token: 'refresh' });
});

test('one that has none says so', async () => {
  const env = await install('none', 'echo "credentials not found in native keychain"; exit 1');
  await expect(askHelper('none', 'x', { env, signal })).resolves.toBeUndefined();
});

describe('failures', () => {
  test.each([
    { name: 'a failure', script: 'echo "secret-of-helper"; exit 3', why: 'exit code 3' },
    { name: 'no JSON', script: 'echo "secret-of-helper"', why: 'not the JSON document' },
    { name: 'another document', script: `echo '{"Secret":"secret-of-helper"}'`, why: 'not the JSON document' },
    { name: 'a death by signal', script: 'kill -9 $$', why: 'exit code -1' },
  ])('$name is told without what it said', async ({ script, why }) => {
    const env = await install('bad', script);
    const failure: unknown = await askHelper('bad', 'x', { env, signal }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'auth', code: 'ERR_OCI_HELPER' });
    expect(String(failure)).toContain(why);
    expect(String(failure)).not.toContain('secret-of-helper');
  });

  test('a helper that never answers is ended', async () => {
    const env = await install('slow', 'exec sleep 60');
    const failure = askHelper('slow', 'x', { env, signal, timeoutMs: 50 });
    await expect(failure).rejects.toMatchObject({ code: 'ERR_OCI_HELPER' });
  });

  test('a helper that is waited for ends with the command', async () => {
    const env = await install('slow', 'exec sleep 60');
    await expect(askHelper('slow', 'x', { env, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test.each(['../evil', 'a/b', '', '-x', 'a b'])('%j is no name of a helper', async (name) => {
    await expect(askHelper(name, 'x', { env: { PATH: folder }, signal })).rejects.toMatchObject({
      code: 'ERR_OCI_HELPER',
    });
  });
});

describe('C05: where it is looked for', () => {
  test('not in relative or empty parts of PATH', async () => {
    await install('here', `echo '${answer('u', 'p')}'`);
    const before = process.cwd();
    process.chdir(folder);
    try {
      const found = askHelper('here', 'x', { env: { PATH: `.::bin:/nonexistent` }, signal });
      await expect(found).rejects.toMatchObject({ code: 'ERR_OCI_HELPER' });
    } finally {
      process.chdir(before);
    }
  });

  test('past files that are no programs', async () => {
    const other = join(folder, 'other');
    await mkdir(join(other, 'docker-credential-real'), { recursive: true });
    const { PATH = '' } = await install('real', `echo '${answer('u', 'p')}'`);
    const found = askHelper('real', 'x', { env: { PATH: `${other}:${PATH}` }, signal });
    await expect(found).resolves.toMatchObject({ username: 'u' });
  });
});
