import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Trees, trees } from './trees.ts';

async function explicit({ on }: Trees): Promise<string> {
  return (await on('quick', ['find', '-x', '--format', '{name}'])).text;
}

test('mark -e and -i change what counts as asked for, silently', async () => {
  const place = await trees();
  expect(await explicit(place)).toBe('greet\n');
  const marked = await place.on('quick', ['mark', '-e', 'libgreet']);
  expect(marked).toMatchObject({ text: '', document: { explicit: true, packages: [{ name: 'libgreet' }] } });
  expect(await explicit(place)).toBe('greet\nlibgreet\n');
  await place.on('quick', ['mark', '--implicit', '--all', 'greet', '^libgreet']);
  expect(await explicit(place)).toBe('libgreet\n');
});

test('a mark that is there already leaves the database as it is', async () => {
  const place = await trees();
  const index = join(place.trees, 'quick/.spack-db/index.json');
  const before = await readFile(index, 'utf8');
  await place.on('quick', ['mark', '-e', 'greet']);
  expect(await readFile(index, 'utf8')).toBe(before);
});

test('several matches need --all, and packages of an upstream are not marked', async () => {
  const { on } = await trees();
  await expect(on('mixed', ['mark', '-e', 'zlib'])).rejects.toMatchObject({ code: 'ERR_SEVERAL_MATCH' });
  const all = await on('mixed', ['mark', '-i', '-a', 'zlib']);
  expect(all.document).toMatchObject({ packages: { length: 4 } });
  await expect(on('chained', ['mark', '-e', 'libgreet'])).rejects.toMatchObject({ code: 'ERR_NOT_INSTALLED' });
});

test.each([
  { argv: ['greet'], says: /--explicit or --implicit/ },
  { argv: ['-e', '-i', 'greet'], says: /contradict/ },
  { argv: ['-e'], says: /no spec is given/ },
])('mark $argv is a usage error', async ({ argv, says }) => {
  const { on } = await trees();
  await expect(on('quick', ['mark', ...argv])).rejects.toThrow(says);
});
