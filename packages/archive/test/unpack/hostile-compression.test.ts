import { sha256Of } from '@berth/base';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Arena, createArena } from '../support/arena.ts';
import { file, P, packageOf, tarOf } from '../support/raw-tar.ts';

let arena: Arena;

beforeEach(async () => {
  arena = await createArena();
});

afterEach(async () => {
  await arena[Symbol.asyncDispose]();
});

const KIB = 1024;
const MIB = 1024 * KIB;

test('Z01: an archive that grows beyond the limit is stopped', async () => {
  const bomb = packageOf(file(`${P}/zeros`, Buffer.alloc(8 * MIB)));
  expect(bomb.length).toBeLessThan(16 * KIB);
  await expect(arena.refuse(bomb, { limits: { archiveBytes: MIB } })).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'archiveBytes', allowed: MIB },
  });
});

test('Z01: an archive that expands too much is stopped once past the free size', async () => {
  const bomb = packageOf(file(`${P}/zeros`, Buffer.alloc(8 * MIB)));
  const limits = { expansionFreeBytes: 2 * MIB, expansionRatio: 100 };
  await expect(arena.refuse(bomb, { limits })).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'expansionRatio', allowed: 100 },
  });
  await expect(arena.unpack(bomb, { limits: { ...limits, expansionFreeBytes: 16 * MIB } })).resolves.toBeDefined();
});

test('Z02: all members of a gzip file are read, wherever the archive is cut between them', async () => {
  const whole = tarOf(file(`${P}/f`, 'x'.repeat(2000)));
  const cuts = [0, 1, 511, 512, 513, 3000, whole.length - 1, whole.length];
  for (const cut of cuts) {
    await using fresh = await createArena();
    const members = [whole.subarray(0, cut), Buffer.alloc(0), whole.subarray(cut)].map((part) => gzipSync(part));
    await fresh.unpack(cut % 2 === 0 ? members : Buffer.concat(members));
    expect(readFileSync(join(fresh.target, 'f'), 'utf8')).toBe('x'.repeat(2000));
  }
});

test.each([
  ['in the chunk of the last member', (stored: Buffer): Buffer[] => [Buffer.concat([stored, Buffer.alloc(700)])]],
  ['in chunks of its own', (stored: Buffer): Buffer[] => [stored, Buffer.alloc(1), Buffer.alloc(100_000)]],
])('Z03: zero padding %s is accepted', async (_where, chunks) => {
  const stored = packageOf(file(`${P}/f`, 'x'));
  await expect(arena.unpack(chunks(stored))).resolves.toMatchObject({
    sizeBytes: Buffer.concat(chunks(stored)).length,
  });
});

test.each([
  ['a byte after the last member', ['x']],
  ['a byte in a chunk of its own', ['', 'x']],
  ['a byte after zero padding', ['\0\0\0x']],
  ['a byte after zero padding in a chunk of its own', ['', '\0\0\0', '\0x']],
  ['a member after zero padding', ['\0\0', gzipSync('')]],
  ['the start of a member', ['\x1f\x8b']],
  ['the first byte of a member', ['', '\x1f']],
])('Z03: %s is refused', async (_what, [inside = '', ...after]) => {
  const chunks = [Buffer.concat([packageOf(), Buffer.from(inside)]), ...after.map((chunk) => Buffer.from(chunk))];
  await expect(arena.refuse(chunks)).resolves.toMatchObject({ kind: 'archive', code: 'ERR_ARCHIVE_CORRUPT' });
});

test.each([
  ['checksum', 8],
  ['length', 4],
])('Z04: a wrong %s in the trailer is refused although the digest is the expected one', async (_field, fromEnd) => {
  const stored = packageOf(file(`${P}/f`, 'x'));
  const at = stored.length - fromEnd;
  stored[at] = (stored[at] ?? 0) ^ 1;
  const expected = { digest: sha256Of(stored), sizeBytes: stored.length };
  await expect(arena.refuse(stored, { expected })).resolves.toMatchObject({ kind: 'archive' });
});

test('Z05: a stream that lacks any of its last 64 bytes is refused', async () => {
  const stored = packageOf(file(`${P}/f`, 'x'.repeat(100)));
  for (let missing = 1; missing <= 64; missing += 1) {
    const error = await arena.refuse(stored.subarray(0, stored.length - missing));
    expect(error).toMatchObject({ kind: 'archive' });
  }
  for (const stump of [0, 1, 2, 5, 9, 10, 11]) {
    await expect(arena.refuse(stored.subarray(0, stump))).resolves.toMatchObject({ kind: 'archive' });
  }
});

test.each([
  ['uncompressed tar', tarOf()],
  ['zstd', Buffer.from('28b52ffd2000010000', 'hex')],
  ['xz', Buffer.from('fd377a585a00000004e6d6b446', 'hex')],
  ['bzip2', Buffer.from('BZh91AY&SY')],
  ['zip', Buffer.from('PK\x03\x04\x14\0')],
  ['something unknown', Buffer.from('<!DOCTYPE html><title>Sign in</title>')],
])('Z07: %s in place of gzip is refused by name', async (found, stored) => {
  await expect(arena.refuse(stored)).resolves.toMatchObject({
    kind: 'format',
    code: 'ERR_ARCHIVE_FORMAT',
    message: `test archive: expected gzip, found ${found}`,
  });
});

const FNAME = 0x08;

/** Each chunk long after the one before. */
async function* slowly(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    yield chunk;
    await setTimeout(20);
  }
}

test('Z03: what follows the last member is looked at and digested however late it arrives', async () => {
  const chunks = [Buffer.concat([packageOf(), Buffer.alloc(1)]), Buffer.alloc(5), Buffer.from('x')];
  const open = (count: number): Readable => Readable.from(slowly(chunks.slice(0, count)), { objectMode: false });
  await expect(arena.refuse([], { source: open(3) })).resolves.toMatchObject({ kind: 'archive' });
  const wrong = { digest: sha256Of('other bytes') };
  await expect(arena.refuse([], { source: open(2), expected: wrong })).resolves.toMatchObject({ kind: 'digest' });
  const right = { digest: sha256Of(Buffer.concat(chunks.slice(0, 2))) };
  await expect(arena.unpack([], { source: open(2), expected: right })).resolves.toBeDefined();
});

/** A gzip header that is followed by a file name of any length. */
function named(stored: Buffer): Buffer {
  const head = Buffer.from(stored.subarray(0, 10));
  head[3] = FNAME;
  return head;
}

test('Z08: a gzip header with a name of many mebibytes is refused before it ends', async () => {
  const stored = packageOf();
  let sent = 0;
  function* endless(): Generator<Buffer> {
    yield named(stored);
    for (; sent < 1000; sent += 1) yield Buffer.alloc(64 * KIB, 'n');
  }
  const source = Readable.from(endless(), { objectMode: false });
  await expect(arena.refuse([], { source })).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarHeaderBytes' },
  });
  expect(sent).toBeLessThan(50);
});

test('Z08: a gzip header with a short name is accepted', async () => {
  const stored = packageOf(file(`${P}/f`, 'x'));
  const name = Buffer.from(`${'n'.repeat(1000)}\0`);
  await expect(arena.unpack(Buffer.concat([named(stored), name, stored.subarray(10)]))).resolves.toBeDefined();
});

test('Z09: an archive inside the archive stays a file', async () => {
  const inner = packageOf(file(`${P}/inner`, 'x'));
  await arena.unpack(packageOf(file(`${P}/inner.tar.gz`, inner)));
  expect(readFileSync(join(arena.target, 'inner.tar.gz'))).toEqual(inner);
});

test('an archive of which nothing arrives any more ends when the signal says so', async () => {
  const source = new PassThrough();
  source.write(packageOf().subarray(0, 40));
  const abort = new AbortController();
  const outcome = arena.refuse([], { source, signal: abort.signal });
  await setTimeout(20);
  abort.abort();
  await expect(outcome).resolves.toMatchObject({ name: 'AbortError' });
  expect(source.destroyed).toBe(true);
});
