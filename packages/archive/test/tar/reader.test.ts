import { DEFAULT_LIMITS, isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TarMember } from '../../src/tar/block.ts';
import { TarReader } from '../../src/tar/reader.ts';
import { formatEnd, formatMember } from '../../src/tar/writer.ts';
import { base256, directory, END, file, gnuLong, padded, pax, record, symlink } from '../support/raw-tar.ts';

interface Read {
  readonly member: TarMember;
  readonly data: string;
}

/** Everything in an archive that arrives in the given chunks. */
function read(...chunks: Buffer[]): Read[] {
  const found: { member: TarMember; data: string }[] = [];
  let open = false;
  const reader = new TarReader(
    {
      begin: (member) => {
        found.push({ member, data: '' });
        open = true;
      },
      data: (chunk, start, end) => {
        const last = found.at(-1);
        if (last !== undefined && open) last.data += chunk.toString('latin1', start, end);
      },
      finish: () => {
        open = false;
      },
    },
    { what: 'test archive', limits: DEFAULT_LIMITS },
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return found;
}

test('fields of plain, pax and GNU members are read', () => {
  const found = read(
    Buffer.concat([
      directory('a', { mtime: base256(1n, 12) }),
      file('a/f', 'data', { mode: 0o4755 }),
      symlink('a/l', '../f'),
      pax(Buffer.concat([record('path', 'a/\u00e9'), record('comment', 'two\nlines')])),
      file('ignored', 'x'),
      gnuLong('L', 'a/long'),
      gnuLong('K', 'target'),
      symlink('ignored', 'ignored'),
      file('old/', '', { type: '\0' }),
      END,
    ]),
  );
  expect(found).toEqual([
    { member: { name: 'a/', kind: 'directory', mode: 0o755, sizeBytes: 0, linkName: '' }, data: '' },
    { member: { name: 'a/f', kind: 'file', mode: 0o4755, sizeBytes: 4, linkName: '' }, data: 'data' },
    { member: { name: 'a/l', kind: 'symlink', mode: 0o644, sizeBytes: 0, linkName: '../f' }, data: '' },
    { member: { name: 'a/\u00e9', kind: 'file', mode: 0o644, sizeBytes: 1, linkName: '' }, data: 'x' },
    { member: { name: 'a/long', kind: 'symlink', mode: 0o644, sizeBytes: 0, linkName: 'target' }, data: '' },
    { member: { name: 'old/', kind: 'directory', mode: 0o644, sizeBytes: 0, linkName: '' }, data: '' },
  ]);
});

test('A26: an archive cut at any byte of a header or of data is refused, and at a block boundary is not', () => {
  const whole = Buffer.concat([file('f', 'x'.repeat(700)), directory('d')]);
  const accepted: number[] = [];
  for (let cut = 0; cut <= whole.length; cut += 1) {
    try {
      read(whole.subarray(0, cut));
      accepted.push(cut);
    } catch (error) {
      if (!isBerthError(error, 'ERR_ARCHIVE_CORRUPT')) throw error;
    }
  }
  expect(accepted).toEqual([0, 1536, 2048]);
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 150 })
  .filter((text) => /^[^\0]*[^\0/]$/.test(text));

const anyMember: fc.Arbitrary<Read> = fc.oneof(
  fc.record({ name, data: fc.string({ unit: 'binary-ascii', maxLength: 2000 }), mode: fc.nat(0o7777) }).map((of) => ({
    member: { name: of.name, kind: 'file' as const, mode: of.mode, sizeBytes: of.data.length, linkName: '' },
    data: of.data,
  })),
  fc.record({ name, linkName: name, kind: fc.constantFrom('symlink' as const, 'hardlink' as const) }).map((of) => ({
    member: { ...of, mode: 0o755, sizeBytes: 0 },
    data: '',
  })),
  name.map((of) => ({
    member: { name: `${of}/`, kind: 'directory' as const, mode: 0o755, sizeBytes: 0, linkName: '' },
    data: '',
  })),
);

test('what the writer writes, the reader reads, in any chunking', () => {
  fc.assert(
    fc.property(
      fc.array(anyMember, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 3000 })),
      (members, sizes) => {
        const body = Buffer.concat(members.flatMap(({ member, data }) => [formatMember(member), padded(data)]));
        const archive = Buffer.concat([body, formatEnd(body.length)]);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(archive.subarray(at, at + size));
          at += size;
        }
        expect(read(...chunks, archive.subarray(at))).toEqual(members);
        expect(archive.length % 10_240).toBe(0);
      },
    ),
  );
});
