import { expect, test } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changeSharedFile, type SharedFile } from '../../src/layout/index-file.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../support/layouts.ts';

const signal = new AbortController().signal;

function fileIn(folder: TemporaryFolder): SharedFile {
  return { path: join(folder.path, 'file'), generations: join(folder.path, 'generations') };
}

function append(file: SharedFile, text: string): Promise<void> {
  return changeSharedFile(file, (current) => Buffer.concat([current ?? Buffer.alloc(0), Buffer.from(text)]), {
    signal,
  });
}

async function contentOf(file: SharedFile): Promise<string> {
  return (await readFile(file.path)).toString();
}

test('of many changes at once none is lost', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await Promise.all(Array.from({ length: 40 }, (_, at) => append(file, `${at},`)));
  const entries = (await contentOf(file)).split(',').slice(0, -1).map(Number);
  expect(entries.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at));
  expect((await readdir(file.generations)).length).toBeLessThanOrEqual(18);
});

test('K01 a change that was decided and not shown is shown by the next writer', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await append(file, 'a');
  const before = await readFile(file.path);
  await append(file, 'b');
  // As if the writer of "b" had died before it replaced the file.
  await writeFile(file.path, before);
  await append(file, 'c');
  expect(await contentOf(file)).toBe('abc');
});

test('K01 so is the very first change', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await append(file, 'a');
  await rm(file.path);
  await append(file, 'b');
  expect(await contentOf(file)).toBe('ab');
});

test('what another program wrote is where the next change begins', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await append(file, 'a');
  await writeFile(file.path, 'foreign,');
  await append(file, 'b');
  expect(await contentOf(file)).toBe('foreign,b');
});

test('a change that changes nothing writes nothing', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await changeSharedFile(file, () => undefined, { signal });
  expect(await readdir(file.generations)).toEqual([]);
});

test('a writer that is stopped leaves the file as it was', async () => {
  await using folder = await openTemporaryFolder();
  const file = fileIn(folder);
  await append(file, 'a');
  await expect(changeSharedFile(file, () => Buffer.from('x'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(await contentOf(file)).toBe('a');
});
