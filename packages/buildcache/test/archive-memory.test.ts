import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sha256Of } from '@berth/base';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArchiveMemory, type InstalledState } from '../src/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-memory-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const state: InstalledState = { hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm', manifest: sha256Of('manifest') };
const archive = { digest: sha256Of('archive'), diffId: sha256Of('content') };

async function onlyFile(): Promise<string> {
  const [name = '', ...others] = await readdir(join(folder, 'archives'));
  expect(others).toEqual([]);
  return join(folder, 'archives', name);
}

test('an archive is known for the very state of the prefix that was noted', async () => {
  const memory = createArchiveMemory(folder);
  expect(await memory.recall(state)).toBeUndefined();
  await memory.remember(state, archive);
  expect(await memory.recall(state)).toEqual(archive);
  await memory.remember(state, { digest: archive.digest });
  expect(await memory.recall(state)).toEqual({ digest: archive.digest });
  expect(await memory.recall({ ...state, manifest: sha256Of('another') })).toBeUndefined();
  expect(await memory.recall({ ...state, hash: 'a'.repeat(32) })).toBeUndefined();
});

test('F10: a note with a flipped bit, or one that was moved, says nothing', async () => {
  const memory = createArchiveMemory(folder);
  await memory.remember(state, archive);
  const path = await onlyFile();
  const bytes = await readFile(path);
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await writeFile(path, damaged);
    expect(await memory.recall(state)).toBeUndefined();
  }
  await writeFile(path, bytes);
  const other = { ...state, manifest: sha256Of('another') };
  await rename(path, path.replace(state.manifest, other.manifest));
  expect(await memory.recall(other)).toBeUndefined();
});
