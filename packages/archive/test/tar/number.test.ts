import { expect, test } from '@jest/globals';
import { formatNumberField, parseNumberField } from '../../src/tar/number.ts';
import { base256 } from '../support/raw-tar.ts';

const cases: readonly (readonly [field: string, want: number | undefined])[] = [
  ['0000644\0', 0o644],
  ['   644 \0', 0o644],
  ['644\0\0\0\0\0', 0o644],
  ['77777777', 0o77777777],
  ['\0\0\0\0\0\0\0\0', 0],
  ['        ', 0],
  ['0000648\0', undefined],
  ['-000644\0', undefined],
  ['+000644\0', undefined],
  ['0644\0 1\0', undefined],
  ['0x00644\0', undefined],
  ['\x00000644\0', undefined],
];

test.each(cases)('the octal field %j is %p', (field, want) => {
  expect(parseNumberField(Buffer.from(field), 0, 8)).toBe(want);
});

test('base-256 fields are read up to 2^53 and never below zero', () => {
  const parse = (value: bigint, length: number): number | undefined =>
    parseNumberField(base256(value, length), 0, length);
  expect(parse(4_294_967_295n, 8)).toBe(4_294_967_295);
  expect(parse(2n ** 53n - 1n, 12)).toBe(Number.MAX_SAFE_INTEGER);
  expect(parse(2n ** 53n, 12)).toBeUndefined();
  expect(parse(2n ** 88n - 1n, 12)).toBeUndefined();
  expect(parse(-1n, 12)).toBeUndefined();
});

test('numbers are written with leading zeros and a NUL', () => {
  expect(formatNumberField(0o755, 8)).toBe('0000755\0');
  expect(formatNumberField(8 ** 11 - 1, 12)).toBe('77777777777\0');
});
