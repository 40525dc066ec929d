import { expect, test } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trees } from './trees.ts';

const LIBGREET = 'jcni4qeht7exvcpnt737c2cvqazoz7jz';

test('what nothing installed matches is a failure that names the constraint and where it looked', async () => {
  const { on } = await trees();
  await expect(on('quick', ['find', 'zlib@1.3', '+shared'])).rejects.toMatchObject({
    kind: 'notfound',
    code: 'ERR_NOT_INSTALLED',
    message: 'find zlib@1.3+shared: no installed package matches',
  });
  await expect(on('quick', ['find', 'zlib'], 'plain')).rejects.toMatchObject({
    message: 'find zlib: no package of the environment matches',
  });
});

test('of several constraints each selects, and no spec is listed twice', async () => {
  const { on } = await trees();
  const { text } = await on('quick', ['find', '--format', '{name}', 'libgreet', 'greet', '^libgreet', 'nosuch']);
  expect(text).toBe('greet\nlibgreet\n');
});

test('an empty install tree lists nothing, successfully', async () => {
  const { berth, root } = await trees();
  const at = ['-c', `config:install_tree:root:${root}/nothing`];
  expect(await berth(...at, 'find')).toMatchObject({ text: '', exitCode: 0 });
  expect((await berth(...at, 'find', '--json')).stdout).toBe('[]');
});

test('--loaded selects by the hashes that the shell has loaded', async () => {
  const { on } = await trees({ SPACK_LOADED_HASHES: `${LIBGREET}:unknown` });
  expect((await on('quick', ['find', '--loaded', '--format', '{name}'])).text).toBe('libgreet\n');
});

test('a root of the environment that is not in the lock file has dashes in place of its hash', async () => {
  const { on } = await trees();
  const { text } = await on('quick', ['find', '-r', '-L'], 'pending');
  expect(text).toContain(` -  ${'-'.repeat(32)} demo.libgreet tone=warm\n`);
  expect(text).toContain('[+] 7y7a35nxci34gy7e3r7bdjnes5o2o7bm greet\n');
});

test.each([
  { argv: ['-c'], says: /no environment is active/ },
  { argv: ['-r'], says: /no environment is active/ },
  { argv: ['--start-date', 'soon'], says: /"soon": not a date/ },
  { argv: ['--install-tree', 'nosuch'], says: /no such install tree/ },
])('find $argv is a usage error where it makes no sense', async ({ argv, says }) => {
  const { on } = await trees();
  await expect(on('quick', ['find', ...argv])).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringMatching(says) as unknown,
  });
});

test.each(['-t', '-u', '--show-configured-externals'])('find %s, which needs recipes, is no option', async (option) => {
  const { on } = await trees();
  await expect(on('quick', ['find', option])).rejects.toThrow(/unknown option|ambiguous/);
});

test.each([
  ['-x', '-X'],
  ['-M', '-m'],
  ['--only-deprecated', '--deprecated'],
  ['--json', '-H'],
  ['-H', '--format', 'x'],
])('find %s %s %s contradicts itself', async (...argv) => {
  const { on } = await trees();
  await expect(on('quick', ['find', ...argv])).rejects.toThrow(/contradict/);
});

test('a plugin that cannot be loaded does not get in the way of what needs no plugin', async () => {
  const { on, cwd } = await trees();
  await writeFile(join(cwd, 'berth.config.yaml'), 'plugins: [no-such-plugin]\n');
  expect((await on('quick', ['find', '-x', '--format', '{name}'])).text).toBe('greet\n');
  expect((await on('quick', ['location', 'glibc'])).text).toBe('/usr\n');
  await expect(on('quick', ['install', '/7y7a'])).rejects.toMatchObject({ name: 'BerthError' });
});

test('X12: control characters of what is on record are escaped; those of a format are kept', async () => {
  const { on, trees: root } = await trees();
  const index = join(root, 'quick/.spack-db/index.json');
  const text = await readFile(index, 'utf8');
  await writeFile(index, text.replaceAll('"tone":"warm"', '"tone":"w\\u001b[2Jm"'));
  expect((await on('quick', ['find', '-v', 'libgreet'])).text).toContain("tone='w\\x1b[2Jm'");
  expect((await on('quick', ['spec', '/jcni'])).text).toContain("tone='w\\x1b[2Jm'");
  const format = ['--format', '{name}\t{variants.tone.value}', 'libgreet'];
  expect((await on('quick', ['find', ...format])).text).toBe('libgreet\tw\\x1b[2Jm\n');
});

test('nothing is written', async () => {
  const { on, home, trees: root } = await trees();
  await on('quick', ['find', '-lvd']);
  expect(await readdir(home)).toEqual([]);
  expect(await readdir(`${root}/quick`, { recursive: true })).toEqual(['.spack-db', '.spack-db/index.json']);
});
