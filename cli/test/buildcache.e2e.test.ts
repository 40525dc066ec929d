import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
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
  work = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
  await cp(QUICKSTART, work, { recursive: true });
  expect(await berth('install')).toMatchObject({ code: 0 });
}, 60_000);
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

/** Runs berth as a process, in a copy of the quickstart with an install tree and a home of its own. */
function berth(...argv: readonly string[]): Promise<Ended> {
  const globals = ['-D', 'environment', '-c', `config:install_tree:root:${join(work, 'store')}`];
  const env = { PATH: process.env['PATH'], HOME: join(work, 'home') };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BERTH, ...globals, ...argv],
      { cwd: work, env },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}

test('a push counts on stderr, and leaves a build cache that list, check and install read', async () => {
  const pushed = await berth('buildcache', 'push', '-u', '-j', '1', '--update-index', './out');
  expect(pushed).toMatchObject({ code: 0, stdout: '3 pushed\n' });
  expect(pushed.stderr.split('\n')).toEqual([
    expect.stringMatching(/^\[1\/3\] pushed \S+@\S+\/\w{7}$/),
    expect.stringMatching(/^\[2\/3\] pushed /),
    expect.stringMatching(/^\[3\/3\] pushed /),
    '',
  ]);
  await berth('mirror', 'add', '--unsigned', 'out', join(work, 'out'));
  const listed = await berth('buildcache', 'list', '-a', '--json', 'greet');
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(listed.stdout)).toMatchObject({ packages: [{ name: 'greet', mirrors: ['out', 'quickstart'] }] });
  const checked = await berth('buildcache', 'check', '--verify', '--without-build-dependencies', '-m', 'out');
  expect(checked).toEqual({ code: 0, stdout: 'mirror out: 3 of 3 packages are there\n', stderr: '' });
  expect(await berth('uninstall', '-y', '-a')).toMatchObject({ code: 0 });
  const installed = await berth('buildcache', 'install', '-o', '/7y7a35n');
  expect(installed.code).toBe(0);
  expect(installed.stdout.match(/^\[\+\] .*$/gm)).toHaveLength(4);
}, 60_000);

test('check fails with 1 for what would have to be built, and writes it to a file', async () => {
  const ended = await berth('buildcache', 'check', '-m', 'quickstart', '-o', 'rebuild.json');
  expect(ended).toMatchObject({ code: 1, stderr: '' });
  const file: unknown = JSON.parse(await readFile(join(work, 'rebuild.json'), 'utf8'));
  expect(Object.values(file as object)).toMatchObject([{ mirrorName: 'quickstart', rebuildSpecs: [{}] }]);
}, 30_000);

test('save-specfile prints what it wrote', async () => {
  const ended = await berth(
    'buildcache',
    'save-specfile',
    '--root-spec',
    'greet',
    '-s',
    'libgreet',
    '--specfile-dir',
    '.',
  );
  expect(ended).toEqual({ code: 0, stdout: `${join(work, 'libgreet.json')}\n`, stderr: '' });
}, 30_000);

test.each([
  { argv: ['push', 'nosuch'], code: 2, says: /no mirror called nosuch[^]*\.\/nosuch/ },
  { argv: ['push', './strict'], code: 3, says: /wants signed packages[^]*--unsigned/ },
  { argv: ['push', '-j', '0', './out'], code: 2, says: /from 1 to 256/ },
  { argv: ['push', '-u', './out', 'nosuch'], code: 1, says: /no installed package matches/ },
  { argv: ['update-index', 'nosuch'], code: 2, says: /\.\/nosuch/ },
  { argv: ['update-index', '-k', './out'], code: 2, says: /unknown option -k/ },
  { argv: ['install', 'nosuch'], code: 2, says: /no mirror lists a binary/ },
  { argv: ['check', '-m', 'nosuch'], code: 2, says: /\.\/nosuch/ },
])(
  'berth buildcache $argv ends with $code; --json prints one document',
  async ({ argv, code, says }) => {
    const [command = '', ...words] = argv;
    const ended = await berth('buildcache', command, '--json', ...words);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(says)]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, error: { message: expect.any(String) as unknown } });
  },
  30_000,
);

test('X06: rebuilds and pushes from several processes at once leave an index with everything', async () => {
  await berth('install');
  const names = ['gcc-runtime', 'libgreet', 'greet'];
  const push = (name: string): Promise<Ended> =>
    berth('buildcache', 'push', '-u', '--only', 'package', '--update-index', './busy', name);
  const rebuild = (): Promise<Ended> => berth('buildcache', 'update-index', './busy');
  const ended = await Promise.all([...names.map(push), rebuild(), rebuild()]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  await berth('mirror', 'add', '--unsigned', 'busy', join(work, 'busy'));
  const { stdout } = await berth('buildcache', 'list', '-a', '--json');
  const { packages } = JSON.parse(stdout) as { packages: { name: string; mirrors: string[] }[] };
  const onBusy = packages.filter(({ mirrors }) => mirrors.includes('busy')).map(({ name }) => name);
  expect(onBusy.sort()).toEqual([...names].sort());
}, 60_000);
