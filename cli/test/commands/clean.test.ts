import { expect, test } from '@jest/globals';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quickstart } from './buildcache/support.ts';

test('clean removes the blobs and indexes that were kept, and nothing of anybody else', async () => {
  const { berth, home, cwd } = await quickstart();
  const cache = join(home, '.spack/cache');
  await berth('buildcache', 'sync', '-u', './mirror', `oci-layout://${cwd}/layout`);
  await berth('buildcache', 'sync', '-u', `oci-layout://${cwd}/layout`, './copy');
  expect(await readdir(join(cache, 'blobs/sha256'))).not.toEqual([]);
  expect(await readdir(join(cache, 'indices'))).not.toEqual([]);
  const others = ['providers/index.json', 'indices/.x.lock', 'blobs/sha256/.spool.1.00000000aaaaaaaaaaaa.tmp'];
  await mkdir(join(cache, 'providers'), { recursive: true });
  for (const name of others) await writeFile(join(cache, name), 'x');
  const cleaned = await berth('clean', '-m');
  expect(cleaned.text).toMatch(/^[1-9]\d* files \(0\.\d MB\) removed from /);
  expect(cleaned.document).toMatchObject({ folder: cache });
  const left = (await readdir(cache, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(left.map(({ name, parentPath }) => join(parentPath, name).slice(cache.length + 1)).sort()).toEqual(
    others.toSorted(),
  );
  expect((await berth('clean', '-a')).document).toMatchObject({ files: 0, bytes: 0 });
  expect((await berth('buildcache', 'list', '-a')).text).toMatch(/greet@1\.0/);
}, 20_000);

test('clean wants to be told what', async () => {
  const { berth } = await quickstart();
  await expect(berth('clean')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NOTHING_TO_CLEAN' });
});
