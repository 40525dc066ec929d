import { expect, test } from '@jest/globals';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration } from '../../../src/arguments/duration.ts';
import { type Bench, type Printed } from '../bench.ts';
import { quickstart } from './support.ts';

async function bench(): Promise<
  Bench & { readonly prune: (...words: readonly string[]) => Promise<Printed>; readonly hashes: Record<string, string> }
> {
  const place = await quickstart();
  const manifests = join(place.cwd, 'mirror/v3/manifests/spec');
  const hashes: Record<string, string> = {};
  for (const name of await readdir(manifests)) {
    const [file = ''] = await readdir(join(manifests, name));
    hashes[name] = /-([a-z2-7]{32})\./.exec(file)?.[1] ?? '';
  }
  return { ...place, hashes, prune: (...words) => place.berth('buildcache', 'prune', ...words) };
}

test('buildcache prune removes what a list does not keep, and says before what it would remove', async () => {
  const { prune, berth, cwd, hashes } = await bench();
  await writeFile(
    join(cwd, 'keep.txt'),
    `# the release\n/${hashes['libgreet'] ?? ''}\n\n${hashes['gcc-runtime'] ?? ''}\n`,
  );
  const words = ['-k', 'keep.txt', '--older-than', '0', './mirror'];
  const dry = await prune('--dry-run', ...words);
  expect(dry.text).toMatch(/^not-kept {5}v3\/manifests\/spec\/greet\/greet-1\.0-\w+\.spec\.manifest\.json\n/);
  expect(dry.text).toMatch(/\n1 package and 2 blobs \(\d+\.\d MB\) would be removed\n$/);
  const done = await prune('-y', ...words);
  expect(done.text).toMatch(/^1 package and 2 blobs \(\d+\.\d MB\) removed\n$/);
  expect(done.document).toMatchObject({
    mirror: './mirror',
    dryRun: false,
    removed: (dry.document as { removed: unknown }).removed,
    index: { packages: 2, changed: true },
  });
  expect(await berth('buildcache', 'check', '-m', './mirror')).toMatchObject({ exitCode: 1 });
  expect((await prune('-y', '--older-than', '0', './mirror')).text).toMatch(/^1 blob .* removed\n$/);
  expect((await prune('-y', '--older-than', '0', './mirror')).text).toBe('0 blobs removed\n');
});

test('buildcache prune spares what is young, and asks before it removes anything', async () => {
  const { prune, cwd } = await bench();
  await rm(join(cwd, 'mirror/v3/manifests/spec/greet'), { recursive: true });
  expect((await prune('./mirror')).text).toBe('0 blobs removed; 2 too young or changed\n');
  await expect(prune('--older-than', '0', './mirror')).rejects.toMatchObject({ code: 'ERR_NEEDS_YES' });
});

test.each([
  ['a cut hash', 'jcni4qe\n'],
  ['a name', 'greet\n'],
  ['nothing', '# nothing\n\n'],
])('buildcache prune refuses a list with %s', async (_what, text) => {
  const { prune, cwd } = await bench();
  await writeFile(join(cwd, 'keep.txt'), text);
  await expect(prune('-y', '-k', 'keep.txt', './mirror')).rejects.toMatchObject({
    kind: 'usage',
    code: 'ERR_KEEPLIST',
  });
});

test('an image layout is pruned like a folder', async () => {
  const { prune, berth, cwd, hashes } = await bench();
  const layout = `oci-layout://${cwd}/layout`;
  await berth('buildcache', 'sync', '-u', './mirror', layout);
  await writeFile(join(cwd, 'keep.txt'), hashes['libgreet'] ?? '');
  expect((await prune('-y', '-k', 'keep.txt', '--older-than', '0', layout)).text).toBe('2 packages removed\n');
});

test('durations have a unit', () => {
  expect(['90s', '30m', '12h', '7d', '2w', '0'].map((text) => parseDuration(text, '--x'))).toEqual([
    90_000, 1_800_000, 43_200_000, 604_800_000, 1_209_600_000, 0,
  ]);
  for (const text of ['', '5', '1y', '-1d', '1.5h', 'd'])
    expect(() => parseDuration(text, '--x')).toThrow(/not a duration/);
});
