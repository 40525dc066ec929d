import { expect, test } from '@jest/globals';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Printed } from '../bench.ts';
import { quickstart, REPOSITORY } from './support.ts';

test('buildcache save-specfile writes the bytes that Spack writes, all of them or none', async () => {
  const { berth, cwd } = await quickstart();
  await mkdir(join(cwd, 'out'));
  const save = (...specs: readonly string[]): Promise<Printed> =>
    berth('buildcache', 'save-specfile', '--root-spec', 'greet', '--specfile-dir', 'out', '-s', ...specs);
  await expect(save('libgreet nosuch')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NO_MATCH' });
  expect(await readdir(join(cwd, 'out'))).toEqual([]);
  const { text } = await save('libgreet gcc-runtime');
  expect(text).toBe(`${join(cwd, 'out/libgreet.json')}\n${join(cwd, 'out/gcc-runtime.json')}\n`);
  const want = join(REPOSITORY, 'packages/buildcache/test/fixtures/specs/libgreet.json');
  expect(await readFile(join(cwd, 'out/libgreet.json'), 'utf8')).toBe(await readFile(want, 'utf8'));
  await expect(berth('buildcache', 'save-specfile', '-s', 'greet')).rejects.toMatchObject({ kind: 'usage' });
});
