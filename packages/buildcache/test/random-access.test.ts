import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DigestStream, sha256Of } from '@berth/base';
import { openFileAccess, type RandomAccess, spool } from '../src/random-access.ts';
import { signal } from './support/stores.ts';

const LARGE_BYTES = 65 * 1024 * 1024;
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-random-access-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function digestOf(access: RandomAccess): Promise<string> {
  const digest = new DigestStream();
  await pipeline(access.stream(0, access.sizeBytes), digest.resume());
  return digest.digest;
}

test.each([
  ['a small file', 1000],
  ['a file too large for memory', LARGE_BYTES],
])('%s is read from any place, also after it was removed', async (_name, size) => {
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  await using access = await openFileAccess(path);
  await rm(path);
  expect(access.sizeBytes).toBe(size);
  expect((await access.read(100, 200)).equals(bytes.subarray(100, 200))).toBe(true);
  expect((await access.read(size - 10, size)).equals(bytes.subarray(size - 10))).toBe(true);
  expect(await digestOf(access)).toBe(sha256Of(bytes));
});

test.each([
  ['in memory', 1000],
  ['in a file', LARGE_BYTES],
])('verified bytes are spooled %s and leave no file behind', async (_name, size) => {
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  const before = (await readdir(tmpdir())).filter((name) => name.endsWith('.index'));
  const expected = { what: 'index', digest: sha256Of(bytes), sizeBytes: size };
  await using access = await spool(createReadStream(path), { expected, signal });
  expect((await readdir(tmpdir())).filter((name) => name.endsWith('.index'))).toEqual(before);
  expect(await digestOf(access)).toBe(sha256Of(bytes));
});

test('bytes that are not the expected ones are refused', async () => {
  await writeFile(path, 'wrong');
  const expected = { what: 'index', digest: sha256Of('right'), sizeBytes: undefined };
  await expect(spool(createReadStream(path), { expected, signal })).rejects.toMatchObject({ kind: 'digest' });
});
