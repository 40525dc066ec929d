import { expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Printed } from '../bench.ts';
import { quickstart } from './support.ts';

test('buildcache update-index forgets what is gone, and says how much is there', async () => {
  const { berth, cwd } = await quickstart();
  await rm(join(cwd, 'mirror/v3/manifests/spec/greet'), { recursive: true });
  expect(await berth('buildcache', 'update-index', './mirror')).toMatchObject({
    text: '2 packages in the index\n',
    document: { mirror: './mirror', packages: 2, changed: true },
  });
  expect((await berth('buildcache', 'rebuild-index', 'quickstart')).text).toBe('2 packages in the index, as before\n');
  expect((await berth('buildcache', 'list', '-a')).text.match(/^\w.*@.*$/gm)).toEqual([
    'libgreet@1.0',
    'gcc-runtime@12.2.0',
  ]);
});

test('buildcache update-index makes a view of an environment, and adds to it only when asked to', async () => {
  const { berth, cwd } = await quickstart();
  const update = (...words: readonly string[]): Promise<Printed> => berth('buildcache', 'update-index', ...words);
  expect(await update('-n', 'team/a', './mirror', join(cwd, 'environment'))).toMatchObject({
    document: { view: 'team/a', packages: 3, changed: true },
  });
  await expect(update('-n', 'team/a', './mirror')).rejects.toMatchObject({ code: 'ERR_VIEW_EXISTS' });
  expect(await update('-a', '-n', 'team/a', './mirror')).toMatchObject({ document: { packages: 3, changed: false } });
  await expect(update('-a', './mirror')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_VIEW_MISSING' });
  await expect(update('-n', '../../x', './mirror')).rejects.toMatchObject({ code: 'ERR_VIEW_NAME' });
  await expect(update('-n', 'v', './mirror', './nosuch')).rejects.toMatchObject({ code: 'ERR_ENVIRONMENT_NOT_FOUND' });
});
