import { expect, test } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bench } from '../bench.ts';
import { MIRRORS, quickstart, vectors } from './support.ts';

interface CheckVectors {
  readonly externals: readonly string[];
  readonly want: readonly { readonly short_spec: string; readonly hash: string }[];
}

/** The path of the archive of greet in a v3 mirror. */
async function archiveOfGreet(mirror: string): Promise<string> {
  const folder = join(mirror, 'v3/manifests/spec/greet');
  const [file = ''] = await readdir(folder);
  const { data } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { data: { checksum: string }[] };
  const digest = data[0]?.checksum ?? '';
  return join(mirror, 'blobs/sha256', digest.slice(0, 2), digest);
}

test('buildcache check writes the file that Spack writes, without the externals', async () => {
  const { externals, want } = await vectors<CheckVectors>('buildcache-check');
  const { berth, cwd } = await quickstart();
  await rm(await archiveOfGreet(join(cwd, 'mirror')));
  const { exitCode, text, document } = await berth('buildcache', 'check', '-o', 'rebuild.json');
  expect(exitCode).toBe(1);
  expect(text).toBe(`mirror quickstart: 2 of 4 packages are there
  incomplete greet@1.0/7y7a35n
  missing    compiler-wrapper@1.0/kc6obss
`);
  const url = pathToFileURL(join(cwd, 'mirror')).href;
  const rebuildSpecs = want.filter(({ short_spec: spec }) => !externals.includes(spec.split('@', 1)[0] ?? ''));
  expect(JSON.parse(await readFile(join(cwd, 'rebuild.json'), 'utf8'))).toEqual({
    [url]: { mirrorName: 'quickstart', mirrorUrl: url, rebuildSpecs },
  });
  expect(document).toMatchObject({
    mirrors: [
      { name: 'quickstart', url, packages: [{ name: 'greet', status: 'incomplete', indexed: true }, {}, {}, {}] },
    ],
  });
});

test('buildcache check of one spec, of one mirror, or of what an installation needs succeeds when that is there', async () => {
  const { berth, cwd } = await quickstart();
  await berth('buildcache', 'check', '--without-build-dependencies', '-o', 'none.json').then(({ exitCode }) => {
    expect(exitCode).toBe(0);
  });
  expect(await readFile(join(cwd, 'none.json'), 'utf8')).toBe('{}');
  expect(await berth('buildcache', 'check', '--verify', '-m', './mirror', '/7y7a35n')).toMatchObject({
    exitCode: 0,
    text: 'mirror ./mirror: 1 of 1 packages are there\n',
  });
  expect(await berth('buildcache', 'check', '-m', './nothing', 'greet')).toMatchObject({ exitCode: 1 });
});

test('buildcache check --verify ends with the exit code of security when a blob was altered', async () => {
  const { berth, cwd } = await quickstart();
  const archive = await archiveOfGreet(join(cwd, 'mirror'));
  const bytes = await readFile(archive);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(archive, bytes);
  expect(await berth('buildcache', 'check', 'greet')).toMatchObject({ exitCode: 0 });
  const verified = await berth('buildcache', 'check', '--verify', 'greet');
  expect(verified.exitCode).toBe(3);
  expect(verified.text).toMatch(/damaged {4}greet@1.0\/7y7a35n: archive of greet@1.0\/7y7a35n on mirror quickstart/);
});

test('buildcache check without anything to check, or anywhere to look, is wrong usage', async () => {
  const { berth } = await bench();
  await expect(berth('buildcache', 'check')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NO_MIRRORS' });
  await berth('mirror', 'add', 'm', join(MIRRORS, 'v3-unsigned'));
  await expect(berth('buildcache', 'check')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NOTHING_TO_CHECK' });
  await expect(berth('buildcache', 'check', '-m', 'nosuch', 'greet')).rejects.toMatchObject({
    ...{ kind: 'usage', code: 'ERR_MIRROR_UNKNOWN' },
    hint: expect.stringContaining('./nosuch') as unknown,
  });
});
