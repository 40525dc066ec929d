import { expect, test } from '@jest/globals';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTrusted, pluginDigest, trustOf, trustPlugin } from '../../src/trust/plugin-trust.ts';
import { workbench } from '../workbench.ts';

test('a file is unknown, then trusted, then changed, then trusted again with its previous pin told', async () => {
  const { options, write } = await workbench();
  const file = await write('project/p.mjs', 'export default 1;\n');
  expect(await trustOf(file, options)).toBe('unknown');
  const first = await trustPlugin(file, options);
  expect(first).toMatchObject({ path: file, previous: undefined });
  expect(await isTrusted(file, options)).toBe(true);
  await write('project/p.mjs', 'export default 2;\n');
  expect(await trustOf(file, options)).toBe('changed');
  expect(await isTrusted(file, options)).toBe(false);
  expect(await trustPlugin(file, options)).toMatchObject({ previous: first.sha256 });
  expect(await trustOf(file, options)).toBe('trusted');
});

test('a pin holds for the real path: a copy elsewhere is unknown', async () => {
  const { options, write } = await workbench();
  await trustPlugin(await write('project/p.mjs', 'same\n'), options);
  expect(await trustOf(await write('project/copy.mjs', 'same\n'), options)).toBe('unknown');
});

test('the digest of a package covers names and content of its files, not its dependencies', async () => {
  const { root, write } = await workbench();
  const folder = join(root, 'project');
  await write('project/a.mjs', 'a');
  const one = await pluginDigest(folder);
  await write('project/node_modules/d/index.js', 'd');
  expect(await pluginDigest(folder)).toBe(one);
  await write('project/lib/b.mjs', 'b');
  const two = await pluginDigest(folder);
  expect(two).not.toBe(one);
  await write('project/lib/b.mjs', 'c');
  expect(await pluginDigest(folder)).not.toBe(two);
});

test('the pins are private to the user and sorted', async () => {
  const { options, root, write } = await workbench();
  await trustPlugin(await write('project/z.mjs', 'z'), options);
  await trustPlugin(await write('project/a.mjs', 'a'), options);
  const file = join(options.userFolder, 'trusted-plugins.json');
  expect((await stat(file)).mode & 0o077).toBe(0);
  const { trusted } = JSON.parse(await readFile(file, 'utf8')) as { trusted: Record<string, string> };
  expect(Object.keys(trusted)).toEqual([join(root, 'project/a.mjs'), join(root, 'project/z.mjs')]);
});

test.each([
  '{',
  '{"version":1,"trusted":{"/x":"short"}}',
  '{"version":2,"trusted":{}}',
  '{"version":1,"version":1,"trusted":{}}',
])('a damaged list of pins trusts nothing and says so: %s', async (text) => {
  const { options, write } = await workbench();
  const file = await write('project/p.mjs', 'x');
  await write('user/trusted-plugins.json', text);
  await expect(trustOf(file, options)).rejects.toMatchObject({ kind: 'config' });
});

test('trusting what is not there is an io error', async () => {
  const { options, root } = await workbench();
  await expect(trustPlugin(join(root, 'gone.mjs'), options)).rejects.toMatchObject({
    kind: 'io',
    details: { errno: 'ENOENT' },
  });
});
