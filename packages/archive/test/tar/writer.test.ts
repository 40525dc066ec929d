import { expect, test } from '@jest/globals';
import { formatPaxRecords, parsePaxRecords } from '../../src/tar/pax.ts';
import { formatEnd, formatMember } from '../../src/tar/writer.ts';
import { header, padded, record } from '../support/raw-tar.ts';

const plain = { kind: 'file', mode: 0o644, sizeBytes: 0, linkName: '' } as const;
const PAX = { name: '././@PaxHeader', type: 'x', mode: 0 };

function withPax(body: Buffer, fields: Parameters<typeof header>[0]): Buffer {
  return Buffer.concat([header({ ...PAX, size: body.length }), padded(body), header(fields)]);
}

test('a name of 100 bytes fills its field, one of 101 gets a pax record', () => {
  const exact = 'n'.repeat(100);
  expect(formatMember({ ...plain, name: exact })).toEqual(header({ name: exact }));
  const longer = `${exact}m`;
  expect(formatMember({ ...plain, name: longer })).toEqual(withPax(record('path', longer), { name: exact }));
});

test('each character that is not ASCII is one question mark to old readers', () => {
  const name = 'gr\u00fc\u00dfe-\u{1f600}.txt';
  expect(formatMember({ ...plain, name })).toEqual(withPax(record('path', name), { name: 'gr??e-?.txt' }));
});

test('records stand in the order path, linkpath, size', () => {
  const long = `${'d'.repeat(99)}/x/`;
  const body = Buffer.concat([record('path', long), record('linkpath', '\u00e9')]);
  const member = formatMember({ name: long, kind: 'symlink', mode: 0o755, sizeBytes: 0, linkName: '\u00e9' });
  expect(member).toEqual(withPax(body, { name: long.slice(0, 100), type: '2', mode: 0o755, link: '?' }));
});

test('a file of 8 GiB or more has its size in a pax record', () => {
  const below = 8 * 2 ** 30 - 1;
  expect(formatMember({ ...plain, name: 'f', sizeBytes: below })).toEqual(header({ name: 'f', size: below }));
  expect(formatMember({ ...plain, name: 'f', sizeBytes: below + 1 })).toEqual(
    withPax(record('size', String(below + 1)), { name: 'f' }),
  );
});

test('an archive ends with two blocks of zeros, then zeros up to 10 240 bytes', () => {
  expect([0, 512, 9216, 9728, 10_240].map((size) => formatEnd(size).length)).toEqual([
    10_240, 9728, 1024, 10_752, 10_240,
  ]);
});

test('the length of a pax record counts its own digits', () => {
  const wrong: number[] = [];
  for (let length = 1; length < 1200; length += 1) {
    const value = 'v'.repeat(length);
    const body = formatPaxRecords([['path', value]]);
    const parsed = parsePaxRecords(body);
    const back = typeof parsed === 'string' ? parsed : parsed.get('path')?.toString();
    if (back !== value || !body.equals(record('path', value))) wrong.push(length);
  }
  expect(wrong).toEqual([]);
});
