import { expect, test } from '@jest/globals';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { trees } from './trees.ts';

test('a package of an upstream is found where it is', async () => {
  const { on } = await trees();
  const { document } = await on('chained', ['location', '-i', 'libgreet']);
  expect(document).toEqual({
    path: '/opt/golden/store/linux-x86_64/libgreet-1.0-jcni4qeht7exvcpnt737c2cvqazoz7jz',
  });
});

test('of several matches --first takes the first, otherwise they are an error', async () => {
  const { on } = await trees();
  await expect(on('mixed', ['location', 'zlib'])).rejects.toMatchObject({ code: 'ERR_SEVERAL_MATCH' });
  const { text } = await on('mixed', ['location', '--first', 'zlib']);
  expect(text).toMatch(/^\/opt\/mixed\/linux-x86_64\/zlib-1\.2\.13-.{32}\n$/);
});

test('-e prints the folder of the active environment, or of the one that is named', async () => {
  const { on, berth, cwd, environments } = await trees();
  expect((await on('quick', ['location', '-e'], 'plain')).text).toBe(`${join(environments, 'plain')}\n`);
  await cp(join(environments, 'empty'), join(cwd, 'managed/mine'), { recursive: true });
  const managed = ['-c', `config:environments_root:${join(cwd, 'managed')}`];
  expect((await berth(...managed, 'location', '-e', 'mine')).text).toBe(`${join(cwd, 'managed/mine')}\n`);
  expect((await berth('location', '-e', environments + '/empty')).text).toBe(`${join(environments, 'empty')}\n`);
  await expect(berth('location', '-e', 'nosuch')).rejects.toMatchObject({ code: 'ERR_ENVIRONMENT_NOT_FOUND' });
});

test('-r prints what $spack stands for', async () => {
  const { berth, home } = await trees();
  expect((await berth('location', '-r')).text).toBe(`${join(home, '.local/share/berth')}\n`);
});

test.each([
  { argv: ['location'], says: /no spec is given/ },
  { argv: ['location', '-e'], says: /no environment is active/ },
  { argv: ['location', '-e', 'a', 'b'], says: /several environments/ },
  { argv: ['location', '-r', 'greet'], says: /what is "greet" for/ },
  { argv: ['location', '-r', '-i', 'greet'], says: /contradict/ },
  { argv: ['location', 'greet', 'libgreet'], says: /several specs/ },
])('$argv is a usage error', async ({ argv, says }) => {
  const { on } = await trees();
  await expect(on('quick', argv)).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringMatching(says) as unknown,
  });
});
