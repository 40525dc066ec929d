import { expect, test } from '@jest/globals';
import { type Grammar, parseArguments } from '../../src/arguments/parse.ts';

const grammar: Grammar = {
  path: 'berth try',
  summary: '',
  arguments: [
    { name: 'name', summary: '', required: true },
    { name: 'rest', summary: '', variadic: true },
  ],
  options: {
    jobs: { short: 'j', value: 'n', integer: { min: 1, max: 512 }, summary: '' },
    type: { value: 'kind', repeatable: true, choices: ['binary', 'source'], summary: '' },
    only: { value: 'what', choices: ['package', 'dependencies'], summary: '' },
    scope: { value: 'name', summary: '' },
    signed: { excludes: ['unsigned'], summary: '' },
    unsigned: { summary: '' },
    autopush: { excludes: ['no-autopush'], summary: '' },
    'no-autopush': { summary: '' },
    env: { value: 'name', excludes: ['no-env'], summary: '' },
    'no-env': { summary: '' },
  },
};

test('every option has a value of its type', () => {
  const { options, words } = parseArguments(grammar, ['m', '-j2', '--type', 'binary', '--type=source', '--signed']);
  expect(words).toEqual(['m']);
  expect(options).toEqual({
    jobs: 2,
    type: ['binary', 'source'],
    only: undefined,
    scope: undefined,
    signed: true,
    unsigned: false,
    autopush: false,
    'no-autopush': false,
    env: undefined,
    'no-env': false,
  });
});

test('a switch and its negation are told apart', () => {
  expect(parseArguments(grammar, ['m', '--no-autopush']).options).toMatchObject({
    autopush: false,
    'no-autopush': true,
  });
  expect(parseArguments(grammar, ['m', '--autopush']).options).toMatchObject({ autopush: true, 'no-autopush': false });
  expect(parseArguments(grammar, ['m', '--no-env']).options).toMatchObject({ env: undefined, 'no-env': true });
  expect(parseArguments(grammar, ['m', '--env', 'x']).options).toMatchObject({ env: 'x', 'no-env': false });
});

test('words after -- that look like options stay words', () => {
  expect(parseArguments(grammar, ['m', '--', '--jobs', '-j']).words).toEqual(['m', '--jobs', '-j']);
});

const refused: readonly { readonly argv: readonly string[]; readonly says: RegExp }[] = [
  { argv: [], says: /missing required argument 'name'/ },
  { argv: ['m', '-j0'], says: /whole number from 1 to 512/ },
  { argv: ['m', '-j', '1e3'], says: /whole number/ },
  { argv: ['m', '-j', '99999999999999999999'], says: /whole number/ },
  { argv: ['m', '--type', 'bogus'], says: /Allowed choices are binary, source/ },
  { argv: ['m', '--only=bogus'], says: /Allowed choices are package, dependencies/ },
  { argv: ['m', '--scope', 'a', '--scope', 'b'], says: /--scope: given twice/ },
  { argv: ['m', '--signed', '--unsigned'], says: /--signed and --unsigned: contradict/ },
  { argv: ['m', '--env', 'x', '--no-env'], says: /contradict/ },
];

test.each(refused)('C01: $argv is a usage error', ({ argv, says }) => {
  expect(() => parseArguments(grammar, argv)).toThrow(expect.objectContaining({ kind: 'usage' }));
  expect(() => parseArguments(grammar, argv)).toThrow(says);
});

test('words beyond the arguments are a usage error', () => {
  expect(() => parseArguments({ ...grammar, arguments: [] }, ['surplus'])).toThrow(/too many arguments/);
});
