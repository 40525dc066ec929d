import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trees } from './trees.ts';

test('words find the best match among what is installed', async () => {
  const { on } = await trees();
  const { text } = await on('mixed', ['spec', '--format', '{name}{@version}', 'zlib@1.3']);
  expect(text).toBe('zlib@1.3.1\n');
});

test('a spec file is shown as it is written, and is not installed', async () => {
  const { on, cwd } = await trees();
  const written = (await on('quick', ['spec', '--json', '/7y7a'])).stdout;
  await writeFile(join(cwd, 'greet.json'), written);
  expect((await on('mixed', ['spec', '--json', './greet.json'])).stdout).toBe(written);
  const { text } = await on('mixed', ['spec', '-l', './greet.json']);
  expect(text.split('\n')[0]).toMatch(/^ - {3}7y7a35n {2}greet@1\.0 /);
});

test('without specs the roots of the environment are shown, as one forest', async () => {
  const { on } = await trees();
  const { text } = await on('quick', ['spec', '-l'], 'several');
  expect(text.split('\n').map((line) => line.slice(5, 12))).toEqual([
    ...['kc6obss', '7y7a35n', 'umaathb', 'ota4ukz', 'qggmgd4', '5ss4sv5', 'jcni4qe', '', ''],
  ]);
});

test('no match says that this version does not concretize; no spec at all says what to give', async () => {
  const { on } = await trees();
  await expect(on('quick', ['spec', 'zlib'])).rejects.toMatchObject({
    kind: 'usage',
    code: 'ERR_NO_MATCH',
    message: expect.stringContaining('does not concretize') as unknown,
  });
  await expect(on('quick', ['spec', '/zzzz'])).rejects.toMatchObject({ code: 'ERR_HASH_UNKNOWN' });
  await expect(on('quick', ['spec'])).rejects.toMatchObject({ kind: 'usage' });
  await expect(on('quick', ['spec', '-y', '-j', '/7y7a'])).rejects.toThrow(/contradict/);
});
