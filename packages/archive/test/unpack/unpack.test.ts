import { BerthError, sha256Of, type Sha256 } from '@berth/base';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createReadStream, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import * as tar from 'tar';
import { type Arena, createArena, snapshot } from '../support/arena.ts';
import {
  BUILD_INFO,
  directory,
  END,
  file,
  gnuLong,
  hardlink,
  header,
  P,
  packageOf,
  pax,
  record,
  symlink,
  tarOf,
} from '../support/raw-tar.ts';

interface GoldenArchive {
  readonly file: string;
  readonly digest: Sha256;
  readonly sizeBytes: number;
  readonly diffId: Sha256;
  readonly uncompressedBytes: number;
  readonly prefix: string;
  readonly members: number;
}

/** Every package archive of the golden build caches: v1, v2 and v3 mirrors, padded and spliced, and OCI layers. */
const archives = join(import.meta.dirname, '..', 'fixtures', 'archives');
const golden = JSON.parse(readFileSync(join(archives, 'index.json'), 'utf8')) as readonly GoldenArchive[];

let arena: Arena;

beforeEach(async () => {
  arena = await createArena();
});

afterEach(async () => {
  await arena[Symbol.asyncDispose]();
});

test('there are fourteen different golden archives', () => {
  expect(golden.map((archive) => archive.file)).toHaveLength(14);
});

test.each(golden)('$file of $prefix unpacks as another tar program unpacks it', async (archive) => {
  const { digest, sizeBytes, diffId, uncompressedBytes, prefix } = archive;
  const path = join(archives, archive.file);
  let seen = 0;
  const unpacked = await arena.unpack([], {
    source: createReadStream(path),
    expected: { digest, sizeBytes, diffId },
    onBytes: (bytes) => {
      seen += bytes;
    },
  });
  expect(unpacked).toMatchObject({ oldPrefix: prefix, sizeBytes, uncompressedBytes });
  expect(seen).toBe(sizeBytes);

  await using other = await createArena();
  await tar.extract({ file: path, cwd: other.target, preserveOwner: false, preservePaths: true });
  const tree = snapshot(arena.target);
  const { '': ownTop, ...content } = tree;
  const { '': otherTop, ...otherContent } = snapshot(join(other.target, prefix));
  expect(content).toEqual(otherContent);
  expect(unpacked.buildInfo).toEqual(await readFile(join(other.target, prefix, '.spack/binary_distribution')));

  expect([ownTop, otherTop]).toEqual(['40700 ', '40755 ']);
  expect([...unpacked.members.keys()].sort()).toEqual(Object.keys(tree).sort());
  expect(unpacked.members.size).toBe(archive.members);
  for (const { path: member, hardLinkOf } of unpacked.members.values()) {
    if (hardLinkOf === undefined) continue;
    expect(lstatSync(join(arena.target, member)).ino).toBe(lstatSync(join(arena.target, hardLinkOf)).ino);
  }
});

const everything = [
  directory(`${P}/bin`),
  file(`${P}/bin/tool`, '#!/bin/sh\n', { mode: 0o755 }),
  hardlink(`${P}/bin/also`, `${P}/bin/tool`),
  symlink(`${P}/bin/link`, 'tool'),
  pax(record('path', `${P}/bin/grüße.txt`)),
  file('x', 'Hallo'),
  gnuLong('L', `${P}/bin/${'long'.repeat(30)}`),
  file('y', 'z'.repeat(1500)),
  file(`${P}/bin/empty`),
];

test('members are described as they are on disk', async () => {
  const { members, buildInfo } = await arena.unpack(packageOf(...everything));
  expect(members.get('')).toEqual({ path: '', kind: 'directory', mode: 0o755, sizeBytes: 0 });
  expect(members.get('bin/tool')).toEqual({ path: 'bin/tool', kind: 'file', mode: 0o755, sizeBytes: 10 });
  expect(members.get('bin/also')).toEqual({
    path: 'bin/also',
    kind: 'file',
    mode: 0o755,
    sizeBytes: 10,
    hardLinkOf: 'bin/tool',
  });
  expect(members.get('bin/link')).toEqual({
    path: 'bin/link',
    kind: 'symlink',
    mode: 0o755,
    sizeBytes: 0,
    linkTarget: 'tool',
  });
  expect(members.get('bin/grüße.txt')).toEqual({ path: 'bin/grüße.txt', kind: 'file', mode: 0o644, sizeBytes: 5 });
  expect(members.get(`bin/${'long'.repeat(30)}`)?.sizeBytes).toBe(1500);
  expect(buildInfo.toString()).toBe(BUILD_INFO);
});

test('folders that have no entry of their own are made', async () => {
  const { members } = await arena.unpack(packageOf(file(`${P}/a/b/c`, 'x'), directory(`${P}/a`)));
  expect(members.get('a/b')).toEqual({ path: 'a/b', kind: 'directory', mode: 0o755, sizeBytes: 0 });
  expect(readFileSync(join(arena.target, 'a/b/c'), 'utf8')).toBe('x');
});

test('names split over the ustar prefix field, and old GNU headers, are read', async () => {
  const folder = `${P}/${'folder'.repeat(20)}`;
  await arena.unpack(
    packageOf(header({ name: 'f', prefix: folder }), file(`${P}/gnu`, 'x', { magic: 'ustar  \0', prefix: 'times' })),
  );
  expect(readdirSync(arena.target).sort()).toEqual(['.spack', 'folder'.repeat(20), 'gnu']);
});

test('any chunking of an archive unpacks alike', async () => {
  const stored = packageOf(...everything);
  await arena.unpack(stored);
  const whole = snapshot(arena.target);
  expect(Object.keys(whole)).toHaveLength(11);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(stored.length), { maxLength: 40 }), async (cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), stored.length];
      const chunks = ends.map((end, at) => stored.subarray(at === 0 ? 0 : ends[at - 1], end));
      await using fresh = await createArena();
      await fresh.unpack(chunks.filter((chunk) => chunk.length > 0));
      expect(snapshot(fresh.target)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test('an archive that arrives byte by byte unpacks alike', async () => {
  const stored = packageOf(...everything);
  const { members } = await arena.unpack(Array.from(stored, (byte) => Buffer.from([byte])));
  expect(members.size).toBe(11);
});

test('a wrong size is told, as soon as there is one byte too many', async () => {
  const stored = packageOf(...everything);
  for (const sizeBytes of [stored.length - 1, stored.length + 1]) {
    await expect(arena.refuse(stored, { expected: { sizeBytes } })).resolves.toMatchObject({ kind: 'size' });
  }
});

test('a wrong digest is told, whatever else is wrong with the archive', async () => {
  const digest = sha256Of('other bytes');
  const damaged = packageOf(...everything);
  damaged.fill(0xff, 60, 200);
  for (const stored of [
    packageOf(...everything),
    damaged,
    packageOf(file(`${P}/../x`)),
    tarOf(),
    Buffer.from('junk'),
  ]) {
    await expect(arena.refuse(stored, { expected: { digest } })).resolves.toMatchObject({ kind: 'digest' });
  }
});

test('a fault of the archive is told when the digest is right', async () => {
  const stored = packageOf(file(`${P}/../x`), file(`${P}/big`, Buffer.alloc(300_000, 'big')));
  const expected = { digest: sha256Of(stored), sizeBytes: stored.length };
  await expect(arena.refuse(stored, { expected })).resolves.toMatchObject({ code: 'ERR_ARCHIVE_MEMBER' });
});

test('a wrong digest of the uncompressed archive is told', async () => {
  const stored = packageOf(...everything);
  const expected = { digest: sha256Of(stored), diffId: sha256Of('other bytes') };
  await expect(arena.refuse(stored, { expected })).resolves.toMatchObject({ kind: 'digest' });
});

test('a failure of the source is passed on as it is', async () => {
  const failure = new BerthError('protocol', 'ERR_TEST', 'connection lost');
  async function* broken(): AsyncGenerator<Buffer> {
    yield packageOf(...everything).subarray(0, 100);
    await Promise.resolve();
    throw failure;
  }
  await expect(arena.refuse([], { source: Readable.from(broken()) })).resolves.toBe(failure);
});

test('a build information of more than the limit is refused', async () => {
  const stored = gzipSync(
    Buffer.concat([directory('p'), file('p/.spack/binary_distribution', Buffer.alloc(5000, 'x')), END]),
  );
  await expect(arena.refuse(stored, { limits: { yamlBytes: 4999 } })).resolves.toMatchObject({ kind: 'limit' });
  await expect(arena.unpack(stored, { limits: { yamlBytes: 5000 } })).resolves.toMatchObject({ oldPrefix: '/p' });
});
