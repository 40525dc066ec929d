import { expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bench } from './bench.ts';

test('config add, get, blame and remove agree on one setting', async () => {
  const { berth, home } = await bench();
  const file = join(home, '.spack/config.yaml');
  expect((await berth('config', 'add', 'config:build_jobs:7')).text).toBe('');
  expect(await readFile(file, 'utf8')).toBe('config:\n  build_jobs: 7\n');
  expect((await berth('config', 'add', 'config:build_jobs:7')).text).toBe('no changes\n');
  expect((await berth('config', 'get', 'config')).text).toMatch(/^config:\n {2}build_jobs: 7\n/);
  expect((await berth('config', 'get', 'config')).document).toMatchObject({ config: { build_jobs: 7 } });
  const blame = await berth('config', 'blame', 'config');
  expect(blame.text).toMatch(new RegExp(`^---\\s+config:\\n${file}:2\\s+build_jobs: 7\\n`));
  expect((blame.document as { lines: unknown[] }).lines.slice(0, 2)).toEqual([
    { text: 'config:' },
    { text: '  build_jobs: 7', file, line: 2 },
  ]);
  const removed = await berth('-v', 'config', 'rm', 'config:build_jobs');
  expect(removed.text).toBe(`changed ${file} (scope user)\n`);
  expect((await berth('config', 'get', 'config')).document).not.toMatchObject({ config: { build_jobs: 7 } });
});

test('config get without a section prints everything under spack:', async () => {
  const { berth } = await bench();
  expect((await berth('config', 'get')).text).toMatch(/^spack:\n {2}/);
});

test('-c and -C rank above files', async () => {
  const { berth, root } = await bench();
  await mkdir(join(root, 'more'));
  await writeFile(join(root, 'more/config.yaml'), 'config:\n  build_jobs: 4\n  db_lock_timeout: 9\n');
  const { document } = await berth('-C', join(root, 'more'), '-c', 'config:build_jobs:2', 'config', 'get', 'config');
  expect(document).toMatchObject({ config: { build_jobs: 2, db_lock_timeout: 9 } });
});

test('an environment is a scope, by folder, by the working folder, and not with -E', async () => {
  const { berth, cwd } = await bench();
  await writeFile(join(cwd, 'spack.yaml'), 'spack:\n  specs: []\n  config:\n    build_jobs: 3\n');
  for (const choice of [['-D', cwd], ['-e', cwd], []]) {
    expect((await berth(...choice, 'config', 'get', 'config')).document).toMatchObject({ config: { build_jobs: 3 } });
  }
  expect((await berth('-E', 'config', 'get', 'config')).document).not.toMatchObject({ config: { build_jobs: 3 } });
  await expect(berth('-e', 'nosuch', 'config', 'list')).resolves.toMatchObject({ exitCode: 0 });
  await expect(berth('-e', 'nosuch', 'config', 'get')).rejects.toMatchObject({ code: 'ERR_ENVIRONMENT_NOT_FOUND' });
});

test('config scopes lists the strongest first, and paths, kinds and silence on request', async () => {
  const { berth, home } = await bench();
  const { text, document } = await berth('config', 'scopes');
  expect(text.split('\n')[0]).toBe('command_line');
  expect(text).toContain('\nuser\n');
  expect(document).toMatchObject({
    scopes: expect.arrayContaining([expect.objectContaining({ name: 'user' })]) as unknown,
  });
  expect((await berth('config', 'scopes', '--paths')).text).toContain(join(home, '.spack'));
  expect((await berth('config', 'scopes', '-v', 'mirrors')).text).toMatch(/user +include,path +absent/);
  expect((await berth('config', 'scopes', 'mirrors')).text).not.toContain('user');
  expect((await berth('config', 'scopes', '-t', 'internal')).text).not.toContain('user');
});

test('config list names the sections; an unknown one is a usage error that suggests another', async () => {
  const { berth } = await bench();
  const { text } = await berth('config', 'list');
  expect(text).toContain('mirrors');
  expect(text.endsWith('\n') && text.split('\n')).toHaveLength(2);
  await expect(berth('config', 'get', 'mirors')).rejects.toMatchObject({
    kind: 'usage',
    hint: 'Did you mean mirrors?',
  });
});

test('C01: config add wants a setting or a file, not both', async () => {
  const { berth, cwd } = await bench();
  await expect(berth('config', 'add')).rejects.toMatchObject({ kind: 'usage' });
  await expect(berth('config', 'add', '-f', 'x', 'config:build_jobs:1')).rejects.toMatchObject({ kind: 'usage' });
  await writeFile(join(cwd, 'more.yaml'), 'config:\n  build_jobs: 5\n');
  expect((await berth('config', 'add', '-f', 'more.yaml')).document).toMatchObject({
    edits: [{ scope: 'user', changed: true }],
  });
});
