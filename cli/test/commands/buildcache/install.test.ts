import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { bench, type Printed } from '../bench.ts';
import { MIRRORS, outcomesOf, quickstart } from './support.ts';

const INSTALLED = { glibc: 'registered', 'gcc-runtime': 'installed', libgreet: 'installed', greet: 'installed' };

test('buildcache install installs what the mirrors list and what that needs, once unless forced', async () => {
  const { berth } = await quickstart();
  const install = (...words: readonly string[]): Promise<Printed> => berth('buildcache', 'install', '-o', ...words);
  expect(outcomesOf(await install('greet'))).toEqual(INSTALLED);
  const kept = { glibc: 'kept', 'gcc-runtime': 'kept', libgreet: 'kept', greet: 'kept' };
  expect(outcomesOf(await install('/7y7a35n'))).toEqual(kept);
  expect(outcomesOf(await install('-f', 'greet'))).toEqual({ ...kept, greet: 'installed' });
  await expect(install('nosuch')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NO_MATCH' });
}, 20_000);

test('buildcache install takes several matches only with -m', async () => {
  const { berth, root } = await bench();
  await berth('mirror', 'add', '--unsigned', 'old', join(MIRRORS, 'v2-unsigned'));
  await berth('mirror', 'add', '--unsigned', 'new', join(MIRRORS, 'v3-unsigned'));
  const tree = ['-c', `config:install_tree:root:${join(root, 'store')}`];
  const install = (...words: readonly string[]): Promise<Printed> =>
    berth(...tree, 'buildcache', 'install', '-o', ...words);
  await expect(install('gcc-runtime')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_SEVERAL_MATCH' });
  const { document, exitCode } = await install('-m', 'gcc-runtime');
  expect(exitCode).toBe(0);
  const { packages } = document as { packages: readonly { readonly name: string; readonly mirror?: string }[] };
  expect(packages.filter(({ name }) => name === 'gcc-runtime').map(({ mirror }) => mirror)).toEqual(['new', 'old']);
}, 20_000);

test('buildcache install requires signatures where the mirror does, unless -u', async () => {
  const { berth, root } = await bench();
  await berth('mirror', 'add', 'strict', join(MIRRORS, 'v3-unsigned'));
  const tree = ['-c', `config:install_tree:root:${join(root, 'store')}`];
  const install = (...words: readonly string[]): Promise<Printed> =>
    berth(...tree, 'buildcache', 'install', '-o', ...words, 'gcc-runtime');
  const refused = await install();
  expect(refused.exitCode).toBe(3);
  expect(refused.document).toMatchObject({ packages: [{}, { name: 'gcc-runtime', error: { kind: 'signature' } }] });
  expect(outcomesOf(await install('-u'))).toEqual({ glibc: 'kept', 'gcc-runtime': 'installed' });
}, 20_000);
