import { expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { type Printed } from '../bench.ts';
import { quickstart } from './support.ts';

test('buildcache push says what it pushed, what was there and what it could not', async () => {
  const { berth } = await quickstart();
  await berth('install');
  const push = (...words: readonly string[]): Promise<Printed> => berth('buildcache', 'push', ...words);
  const first = await push('-u', '--update-index', './out');
  expect(first).toMatchObject({ text: '3 pushed\n', exitCode: 0, document: { index: { packages: 3, changed: true } } });
  expect(first.events).toContainEqual({ type: 'plan', kind: 'upload', packages: 3 });
  expect(first.events.filter((event) => event.type === 'task-end' && event.kind === 'upload')).toHaveLength(3);
  expect(await push('-u', './out')).toMatchObject({
    text: 'all 3 packages are already in the build cache; --force pushes them again\n',
    exitCode: 0,
  });
  expect((await push('-u', '-f', '-j', '1', '--only', 'package', './out', 'greet')).text).toBe('1 pushed\n');
  expect(await push('-u', './out', 'glibc')).toMatchObject({ exitCode: 0, document: { packages: [] } });
  const withBuild = await push('-u', '--with-build-dependencies', './out');
  expect(withBuild).toMatchObject({ text: '0 pushed, 3 already there, 1 failed\n', exitCode: 1 });
  expect(withBuild.events).toContainEqual(
    expect.objectContaining({ type: 'task-end', outcome: 'failed', label: 'compiler-wrapper@1.0/kc6obss' }),
  );
}, 20_000);

test('buildcache push refuses before it packs anything', async () => {
  const { berth, cwd } = await quickstart();
  const push = (...words: readonly string[]): Promise<Printed> => berth('buildcache', 'push', ...words);
  await expect(push('-u', './out', 'greet')).rejects.toMatchObject({ kind: 'notfound', code: 'ERR_NOT_INSTALLED' });
  expect(await push('-u', './out')).toMatchObject({ text: '0 pushed, 3 failed\n', exitCode: 1 });
  await berth('install');
  await expect(push('./out')).rejects.toMatchObject({
    kind: 'signature',
    hint: expect.stringMatching(/--unsigned/) as unknown,
  });
  await expect(push('-u', 'out')).rejects.toMatchObject({
    kind: 'usage',
    hint: expect.stringMatching(/\.\/out/) as unknown,
  });
  await expect(push('-u', '--with-build-dependencies', '--fail-fast', './out')).rejects.toMatchObject({
    message: 'push: not installed: compiler-wrapper@1.0/kc6obss',
  });
  expect(await readdir(cwd)).not.toContain('out');
}, 20_000);
