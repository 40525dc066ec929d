import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { tokenize } from '../../src/parse/tokenize.ts';
import { readVectors } from '../vectors.ts';

interface TokenRow {
  readonly input: string;
  readonly tokens: readonly (readonly [string, string])[];
}

test('every parse vector gives the same tokens', () => {
  const rows = readVectors('parse') as TokenRow[];
  for (const { input, tokens } of rows) {
    expect({ input, tokens: tokenize(input).map(({ kind, text }) => [kind, text]) }).toEqual({ input, tokens });
  }
  expect(rows).toHaveLength(669);
});

const ALTERNATIVES: readonly (readonly [string, readonly string[]])[] = [
  ['@1.2:foo-bar=x', ['VERSION @1.2:foo-', 'KEY_VALUE_PAIR bar=x']],
  ['@1,2:foo=bar', ['VERSION @1,2:', 'KEY_VALUE_PAIR foo=bar']],
  ['@:foo =bar', ['VERSION @:', 'UNQUALIFIED_PACKAGE_NAME foo', 'UNEXPECTED =', 'UNQUALIFIED_PACKAGE_NAME bar']],
  ['@1.2,git.x', ['VERSION @1.2,git.x']],
  ['@git.x:1', ['GIT_VERSION @git.x', 'UNEXPECTED :', 'UNQUALIFIED_PACKAGE_NAME 1']],
  ['a="b\\"', ['KEY_VALUE_PAIR a="b\\"']],
  ["a='b\\' c'd", ["KEY_VALUE_PAIR a='b\\' c'", 'UNQUALIFIED_PACKAGE_NAME d']],
  ['a===b', ['PROPAGATED_KEY_VALUE_PAIR a===b']],
  ['a:==', ['KEY_VALUE_PAIR a:==']],
  [
    'a.json/x.json.y',
    ['FULLY_QUALIFIED_PACKAGE_NAME a.json', 'FILENAME /x.json', 'UNEXPECTED .', 'UNQUALIFIED_PACKAGE_NAME y'],
  ],
  ['%a=b.c.=d', ['DEPENDENCY %a=b.c', 'UNEXPECTED .', 'UNEXPECTED =', 'UNQUALIFIED_PACKAGE_NAME d']],
  ['] a=b', ['END_EDGE_PROPERTIES ] a=b']],
  ['%%%a', ['DEPENDENCY %%', 'DEPENDENCY %', 'UNQUALIFIED_PACKAGE_NAME a']],
  ['a\u{1F600}b', ['UNQUALIFIED_PACKAGE_NAME a', 'UNEXPECTED \u{1F600}', 'UNQUALIFIED_PACKAGE_NAME b']],
];

test.each(ALTERNATIVES)('%j is split at the first alternative that matches', (input, tokens) => {
  expect(tokenize(input).map(({ kind, text }) => `${kind} ${text}`)).toEqual(tokens);
});

test('tokens and the blanks between them are the whole text', () => {
  const piece = fc.constantFrom(
    'a',
    '1',
    '.',
    '-',
    '/',
    '@',
    ':',
    ',',
    '=',
    '^',
    '%',
    '+',
    '~',
    '[',
    ']',
    "'",
    '"',
    '\\',
    ' ',
    '*',
    'git.',
    '.json',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
      (input) => {
        let end = 0;
        for (const token of tokenize(input)) {
          expect(input.slice(end, token.start).trim()).toBe('');
          expect(input.slice(token.start, token.start + token.text.length)).toBe(token.text);
          end = token.start + token.text.length;
        }
        expect(input.slice(end).trim()).toBe('');
      },
    ),
  );
});

const MEBIBYTE = 1024 * 1024;
const REPEATED = ['-', '/a', 'a..', "a='b", "\\'", '@1-', '@1:a-b=', '^a,', '+ ', '['];

test.each(REPEATED)('one mebibyte of %j takes linear time', (piece) => {
  const input = piece.repeat(Math.ceil(MEBIBYTE / piece.length));
  const before = performance.now();
  const tokens = tokenize(input);
  expect(performance.now() - before).toBeLessThan(5000);
  expect(tokens.length).toBeLessThanOrEqual(input.length);
});
