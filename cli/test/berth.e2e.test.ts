import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BERTH = join(import.meta.dirname, '../bin/berth.js');

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
  await mkdir(join(home, 'work'));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, ...more };
}

function berth(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BERTH, ...argv],
      { cwd: join(home, 'work'), env: environment(env) },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}

test('--version and --help print to stdout and succeed; nothing at all prints help and fails', async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  expect(await berth(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  const help = await berth(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('plugin list');
  expect(await berth([])).toEqual({ ...help, code: 1 });
  expect((await berth(['plugin', '--help'])).stdout).toContain('plugin trust');
  expect((await berth(['help', 'plugin', 'trust'])).stdout).toContain('Usage: berth plugin trust');
});

test.each([
  { argv: ['plugin', 'list', '--bogus'], code: 2, kind: 'usage' },
  { argv: ['nosuch'], code: 2, kind: 'usage' },
  { argv: ['config', 'get', 'nosuch'], code: 2, kind: 'usage' },
  { argv: ['mirror', 'set', '--signed', 'nosuch'], code: 1, kind: 'notfound' },
  { argv: ['-D', 'nosuch', 'config', 'get'], code: 1, kind: 'notfound' },
])(
  'C09: berth $argv fails with $code; --json prints one document, stderr one sentence',
  async ({ argv, code, kind }) => {
    const ended = await berth([...argv, '--json']);
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      error: { kind, message: expect.any(String) as unknown },
    });
    expect(ended.stderr).toMatch(/^error: /);
    const { error } = JSON.parse(ended.stdout) as { error: { kind: string } };
    expect([kind, 'notfound']).toContain(error.kind);
  },
);

test('Y16: untrusted code of a project fails with the exit code of security, and does not run', async () => {
  const folder = join(home, 'project');
  await mkdir(folder);
  await writeFile(join(folder, 'spack.yaml'), 'spack: {specs: []}\n');
  await writeFile(
    join(folder, 'berth.config.mjs'),
    `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(home, 'ran'))}, '');\nexport default {};\n`,
  );
  expect(await berth(['-D', folder, 'plugin', 'list'])).toMatchObject({ code: 3, stdout: '' });
  expect(existsSync(join(home, 'ran'))).toBe(false);
  expect(await berth(['plugin', 'trust', join(folder, 'berth.config.mjs')])).toMatchObject({ code: 0 });
  expect(await berth(['-D', folder, 'plugin', 'list'])).toMatchObject({ code: 0 });
  expect(existsSync(join(home, 'ran'))).toBe(true);
});

test('P07, P08: what a plugin prints goes to stderr, and what it keeps open ends with a warning', async () => {
  const folder = join(home, '.config/berth');
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'berth.config.mjs'),
    `console.log('chatter'); setInterval(() => {}, 1000);\nexport default { plugins: [{ name: 'chatty', apiVersion: 1, apply() {} }] };\n`,
  );
  const ended = await berth(['mirror', 'list', '--json']);
  await rm(folder, { recursive: true });
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toHaveProperty('mirrors');
  expect(ended.stderr).toContain('chatter');
  expect(ended.stderr).toContain('(chatty) keeps timers or connections open');
}, 20_000);

test('C02: a full disk behind stdout is an error, a closed pipe exit code 141', async () => {
  const run = (command: string): Promise<Ended> =>
    new Promise((resolve) => {
      const child = execFile(
        'bash',
        ['-c', command],
        { env: { ...environment(), NODE: process.execPath, BERTH } },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        },
      );
    });
  if (existsSync('/dev/full')) {
    const full = await run('"$NODE" "$BERTH" --help > /dev/full');
    expect(full.code).toBe(1);
    expect(full.stderr).toContain('ENOSPC');
  }
  // The reader is gone before the first byte.
  const closed = await run('{ sleep 0.3; "$NODE" "$BERTH" --help; echo "code $?" >&2; } | true');
  expect(closed.stderr).toBe('code 141\n');
});

test('C04: a deleted working folder and an unset HOME are one clear sentence or no problem', async () => {
  const folder = join(home, 'gone');
  await mkdir(folder);
  const command = `cd ${folder} && rmdir ${folder} && "$NODE" "$BERTH" config get config`;
  const ended = await new Promise<Ended>((resolve) => {
    const child = execFile(
      'bash',
      ['-c', command],
      { env: { ...environment(), NODE: process.execPath, BERTH } },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^error: the working folder: it was deleted\n/);
  const without = await new Promise<Ended>((resolve) => {
    const child = execFile(
      process.execPath,
      [BERTH, 'config', 'list'],
      { env: { PATH: process.env['PATH'] } },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
  expect(without).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s stops a command that waits, with exit code %d',
  async (signal, code) => {
    const folder = join(home, '.config/berth');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'berth.config.yaml'), 'plugins: [./waits.mjs]\n');
    await writeFile(
      join(folder, 'waits.mjs'),
      "console.error('waiting'); setInterval(() => {}, 1000); await new Promise(() => {});\n",
    );
    const child = spawn(process.execPath, [BERTH, 'mirror', 'list', '--json'], {
      cwd: join(home, 'work'),
      env: environment(),
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.kill(signal);
    const ended = await new Promise<number | null>((resolve) => child.once('close', resolve));
    await rm(folder, { recursive: true });
    expect(ended).toBe(code);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { kind: 'interrupted', message: `interrupted by ${signal}` },
    });
  },
  20_000,
);
