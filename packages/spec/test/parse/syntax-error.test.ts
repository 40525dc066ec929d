import { isBerthError, type BerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { parseSpec, parseSpecs } from '../../src/index.ts';

function failureOf(input: string): BerthError {
  try {
    parseSpecs(input);
  } catch (error) {
    if (isBerthError(error, 'ERR_SPEC_SYNTAX')) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(input)} was accepted`);
}

test('the message shows the text and a caret below every wrong character', () => {
  expect(failureOf('zlib@1.2 = 1.3 ;x').message).toBe(
    ['spec syntax: unexpected characters', '  zlib@1.2 = 1.3 ;x', '           ^     ^'].join('\n'),
  );
});

test('what a token says wrong is shown at that token', () => {
  const error = failureOf('zlib@3:1 +x');
  expect(error.message).toBe(['spec syntax: version range 3:1: it is empty', '  zlib@3:1 +x', '      ^^^^'].join('\n'));
  expect(error.kind).toBe('usage');
  expect(error.details).toMatchObject({ excerpt: 'zlib@3:1 +x', caret: '    ^^^^', start: 4 });
  expect(isBerthError(error.cause, 'ERR_VERSION_RANGE')).toBe(true);
});

test('an error in the condition of an edge is shown once, at the condition', () => {
  expect(failureOf("a ^[when='+x;'] b").message).toBe(
    ['spec syntax: unexpected characters', "  a ^[when='+x;'] b", '      ^^^^^^^^^^'].join('\n'),
  );
});

test('only the surroundings of an error in a long text are shown', () => {
  const error = failureOf(`${'a '.repeat(500_000)};${' b'.repeat(500_000)}`);
  expect(error.message.length).toBeLessThan(400);
  expect(error.details).toMatchObject({ start: 1_000_000, caret: `${' '.repeat(60)}^` });
});

test('control and format characters are shown as dots', () => {
  expect(failureOf('a\u0000\u001b[31m\u202eb').details).toMatchObject({ excerpt: 'a··[31m·b' });
});

const WRONG = [
  'zlib %', 'zlib ^', 'zlib ^[virtuals=c]', ']', 'a ]', 'zlib %[virtuals=c', 'zlib ^[when=+x,~y] b', 'zlib ^[virtuals=] b',
  "zlib ^[virtuals='a b'] c", '@2:0', '%%', '^^', "a='b", 'a="b', '[', '\u0000', '\u0430\u0301', '\uff21', '--', '-', 'zlib os=backend',
  './zlib.json', '+cflags', 'a os=x os=y', 'a+x~x', 'a ^b@1 ^b@2', 'a ^[deptypes=all] b',
]; // prettier-ignore

test.each(WRONG)('refuses %j with a caret', (input) => {
  expect(failureOf(input).message).toMatch(/\n {2}[^\n]*\n {2} *\^+/);
});

test('text without specs is no spec, and one spec without constraints', () => {
  expect(parseSpecs(' \n ')).toEqual([]);
  expect(parseSpec('').name).toBeUndefined();
  expect(() => parseSpec('a b')).toThrow(/one spec is expected/);
});

test('the defaults of the host replace their names, and say which platform they are of', () => {
  const host = { platform: 'linux', os: 'debian12', target: 'zen2' };
  expect(parseSpec('a os=default_os target=fe', { host }).architecture).toEqual(host);
  expect(parseSpec('a os=backend', { host }).architecture).toEqual({
    platform: 'linux',
    os: 'debian12',
    target: undefined,
  });
  expect(() => parseSpec('a platform=darwin os=backend', { host })).toThrow(/on platform linux/);
});

test('constraints on one dependency given twice all count', () => {
  const [edge] = parseSpec('a ^x@1: %b ^x %c').dependencies;
  expect(edge?.spec.dependencies.map(({ spec }) => spec.name)).toEqual(['b', 'c']);
});

const MANY: readonly (readonly [string, (i: number) => string])[] = [
  ['specs', (i) => `p${i}`],
  ['variants', (i) => `+v${i}`],
  ['dependencies', (i) => `^d${i}`],
  ['direct dependencies', (i) => `%d${i}`],
  ['flags', (i) => `cflags=-D${i}`],
  ['repeated dependencies', () => '^d+x'],
];

test.each(MANY)('50,000 %s are read in seconds', (_what, piece) => {
  const input = `${MANY[0]?.[1](0) ?? ''} ${Array.from({ length: 50_000 }, (_, i) => piece(i)).join(' ')}`;
  const before = performance.now();
  expect(parseSpecs(input).length).toBeGreaterThan(0);
  expect(performance.now() - before).toBeLessThan(10_000);
});
