import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BERTH = join(import.meta.dirname, '../bin/berth.js');
const QUICKSTART = join(import.meta.dirname, '../../examples/quickstart');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let work = '';
beforeAll(async () => {
  work = await realpath(await mkdtemp(join(tmpdir(), 'berth-query-')));
  for (const part of ['environment', 'mirror']) await cp(join(QUICKSTART, part), join(work, part), { recursive: true });
  expect(await inEnvironment('install')).toMatchObject({ code: 0 });
}, 60_000);
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

function berth(...argv: readonly string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: work, SPACK_DISABLE_LOCAL_CONFIG: '1' };
  const words = [BERTH, '-c', `config:install_tree:root:${join(work, 'store')}`, ...argv];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, words, { cwd: work, env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

async function inEnvironment(...argv: readonly string[]): Promise<Ended> {
  return berth('-D', join(work, 'environment'), ...argv);
}

test('find lists what was installed, and in the environment its roots first', async () => {
  expect(await berth('find', '-lv', 'greet')).toEqual({
    code: 0,
    stdout: `-- linux-debian12-x86_64 / %c=gcc@12.2.0 ------------------------
7y7a35n greet@1.0 build_system=makefile
`,
    stderr: '',
  });
  const { stdout } = await inEnvironment('find', '-c');
  expect(stdout).toContain(`==> In environment ${join(work, 'environment')}\n==> 1 root specs\n`);
  expect(stdout).toContain('\n[-]  compiler-wrapper@1.0\n');
});

test('find --json is one array without a final newline; no match is a failure document and exit code 1', async () => {
  const { stdout, code } = await berth('find', '--json', '-x');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\[\{"name":"greet",.*\}\]$/);
  const none = await berth('find', '--json', 'nosuch');
  expect(none.code).toBe(1);
  expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, error: { code: 'ERR_NOT_INSTALLED' } });
  expect(none.stderr).toMatch(/^error: find nosuch: no installed package matches\n/);
});

test('spec, dependencies, dependents, location and mark work on what was installed', async () => {
  const spec = await berth('spec', '-l', '/7y7a');
  expect(spec.stdout.split('\n').map((line) => line.slice(0, 12))).toEqual([
    ...['[+]  7y7a35n', '[-]  kc6obss', '[e]  umaathb', '[+]  ota4ukz', '[e]  qggmgd4', '[e]  5ss4sv5'],
    ...['[+]  jcni4qe', '', ''],
  ]);
  expect((await berth('dependencies', '-i', '--deptype', 'run', 'greet')).stdout).toContain('jcni4qe libgreet@1.0\n');
  expect((await berth('dependents', '-i', 'libgreet')).stdout).toContain('7y7a35n greet@1.0\n');
  const { stdout } = await berth('find', '--format', '{prefix}', 'greet');
  expect((await berth('location', '-i', 'greet')).stdout).toBe(stdout);
  expect(await berth('mark', '-e', 'libgreet')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await berth('find', '-x', '--format', '{name}')).stdout).toBe('greet\nlibgreet\n');
});

test.each([
  [['dependencies', 'greet'], 2],
  [['find', '-t', 'tag'], 2],
  [['spec', 'zlib'], 2],
  [['location', '-i', 'nosuch'], 1],
])('berth %j ends with exit code %d and a sentence', async (argv, code) => {
  const ended = await berth(...argv);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^error: /);
});
