import { expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { publicationOf, syntheticSpecs } from '../../../packages/buildcache/test/support/publications.ts';
import { type Mirror } from '@berth/buildcache';
import { mirrorAt, openTemporaryFolder } from './support/contexts.ts';

const signal = new AbortController().signal;

async function listed(mirror: Mirror): Promise<readonly string[]> {
  return Array.from((await mirror.index({ signal }))?.hashes() ?? []).sort();
}

test('X06: 8 writers push 20 packages each into one folder at once, and the index lists all 160', async () => {
  await using folder = await openTemporaryFolder();
  const writers = Array.from({ length: 8 }, (_, writer) => syntheticSpecs(20, `w${writer}`));
  await Promise.all(
    writers.map(async (specs) => {
      const mirror = mirrorAt(folder.path);
      for (const spec of specs) {
        await mirror.publish?.(publicationOf(spec, spec.name), { signal });
        await mirror.updateIndex?.({ add: [spec] }, { signal });
      }
    }),
  );
  const hashes = writers.flat().map(({ hash }) => hash as string);
  expect(hashes).toHaveLength(160);
  expect(await listed(mirrorAt(folder.path))).toEqual(hashes.sort());
  expect((await readdir(folder.path)).sort()).toEqual(['.berth', 'blobs', 'v3']);
}, 120_000);
