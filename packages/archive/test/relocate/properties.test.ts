import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CStringScanner, relocateBinary, type BytePatch } from '../../src/relocate/c-string.ts';
import { prefixMapOf, type PrefixMap } from '../../src/relocate/prefix-map.ts';
import { relocateText, TextRewriter } from '../../src/relocate/text.ts';

/** The rule as it is written down (buildcache-formats §12.6): what the scanner must agree with. */
function textByRule(text: string, pairs: readonly (readonly [string, string])[]): string {
  const keys = pairs.map(([from]) => from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const rule = new RegExp(`(?<![\\w\\-/])([\\w\\-]*?)(${keys})([\\w\\-/]*)`, 'g');
  const to = new Map(pairs);
  return text.replace(rule, (_, before: string, key: string, after: string) => before + (to.get(key) ?? key) + after);
}

const pairs = [
  ['/o/a-1', '/new/a-1'],
  ['/o/a', '/q'],
  ['/up/x', '/up/yy'],
  ['/o', '/p'],
] as const;
const pieces = fc.constantFrom(
  '/o',
  '/a',
  '-1',
  '/up/x',
  'w',
  '-',
  '/',
  '.',
  ' ',
  ':',
  '\0',
  '\n',
  'é',
  '/o/a-1',
  '/up',
  '_',
  '=',
);
const texts = fc.array(pieces, { maxLength: 40 }).map((all) => all.join(''));

test('text is relocated as the rule says, in windows of any size', () => {
  const map = prefixMapOf(pairs);
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 12 }), (text, size) => {
      const bytes = Buffer.from(text, 'latin1');
      const want = textByRule(text, pairs);
      expect((relocateText(bytes, map) ?? bytes).toString('latin1')).toBe(want);
      expect(textInWindows(bytes, map, size)).toBe(want);
    }),
    { numRuns: 3000 },
  );
});

function textInWindows(bytes: Buffer, map: PrefixMap, size: number): string {
  const rewriter = new TextRewriter(map);
  let rest = Buffer.alloc(0);
  let output = '';
  for (let at = 0; at < bytes.length || at === 0; at += size) {
    const window = Buffer.concat([rest, bytes.subarray(at, at + size)]);
    const piece = rewriter.rewrite(window, at + size >= bytes.length);
    output += piece.output.toString('latin1');
    rest = window.subarray(piece.decided);
  }
  return output;
}

const options = { what: 'p', file: 'f' };
const shorter = prefixMapOf([
  ['/old/root/abcdefg', '/n/abcdefg'],
  ['/old/root/same', '/new/toor/same'],
  ['/long/old/one', '/s'],
]);
const stringPieces = fc.constantFrom(
  '/old/root/abcdefg',
  '/old/root',
  '/same',
  '/long/old/one',
  '\0',
  '\0\0',
  'x',
  '/lib',
  ':',
  '/old',
  '1234567',
);

test('strings of a binary are relocated in windows of any size as in one piece, and no length changes', () => {
  fc.assert(
    fc.property(fc.array(stringPieces, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (all, size) => {
      const bytes = Buffer.from(all.join(''));
      const whole = attempt(() => relocateBinary(bytes, shorter, options) ?? bytes);
      expect(attempt(() => binaryInWindows(bytes, size))).toEqual(whole);
      expect(typeof whole === 'string' || whole.length === bytes.length).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

function binaryInWindows(bytes: Buffer, size: number): Buffer {
  const scanner = new CStringScanner(shorter, options);
  const patches: BytePatch[] = [];
  let base = 0;
  for (let end = size; ; end += size) {
    const final = end >= bytes.length;
    base += scanner.scan(bytes.subarray(base, end), { base, final }, (patch) => patches.push(patch));
    if (final) break;
  }
  const copy = Buffer.from(bytes);
  for (const patch of patches) patch.bytes.copy(copy, patch.offset);
  return copy;
}

function attempt(run: () => Buffer): Buffer | string {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}
