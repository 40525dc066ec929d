import { expect, test } from '@jest/globals';
import { normalizeArguments } from '../../src/arguments/normalize.ts';
import { type OptionSpecs } from '../../src/command.ts';

const options: OptionSpecs = {
  long: { short: 'l', summary: '' },
  'very-long': { short: 'L', summary: '' },
  variants: { short: 'v', summary: '' },
  deps: { short: 'd', summary: '' },
  paths: { short: 'p', summary: '' },
  jobs: { short: 'j', value: 'n', integer: { min: 1, max: 512 }, summary: '' },
  scope: { value: 'name', summary: '' },
  'update-index': { aliases: ['rebuild-index'], summary: '' },
  json: { summary: '' },
  'cache-only': { summary: '' },
};

const cases: readonly {
  readonly argv: readonly string[];
  readonly options: readonly string[];
  readonly words: readonly string[];
}[] = [
  { argv: ['--scope', 'user'], options: ['--scope=user'], words: [] },
  { argv: ['--scope=user'], options: ['--scope=user'], words: [] },
  { argv: ['--sco', 'user'], options: ['--scope=user'], words: [] },
  { argv: ['--rebuild', 'm'], options: ['--update-index'], words: ['m'] },
  { argv: ['-lvdp'], options: ['--long', '--variants', '--deps', '--paths'], words: [] },
  { argv: ['-j2'], options: ['--jobs=2'], words: [] },
  { argv: ['-lj', '2', 'x'], options: ['--long', '--jobs=2'], words: ['x'] },
  { argv: ['-j=2'], options: ['--jobs=2'], words: [] },
  { argv: ['zlib', '--json'], options: ['--json'], words: ['zlib'] },
  { argv: ['zlib', '-l', '--jobs=4', '@1.3'], options: ['--long', '--jobs=4'], words: ['zlib', '@1.3'] },
  { argv: ['zlib', '-j', '4'], options: ['--jobs=4'], words: ['zlib'] },
  { argv: ['zlib', '-shared', '+pic'], options: [], words: ['zlib', '-shared', '+pic'] },
  { argv: ['zlib', '-x'], options: [], words: ['zlib', '-x'] },
  { argv: ['--long', '--', 'zlib', '--json', '-l'], options: ['--long'], words: ['zlib', '--json', '-l'] },
  { argv: ['zlib', 'cflags=-O2 -g'], options: [], words: ['zlib', 'cflags=-O2 -g'] },
  { argv: ['-'], options: [], words: ['-'] },
];

test.each(cases)('$argv', ({ argv, ...want }) => {
  expect(normalizeArguments(argv, { options, specs: true })).toEqual(want);
});

const refused: readonly { readonly argv: readonly string[]; readonly says: RegExp; readonly hint: RegExp }[] = [
  { argv: ['--jsn'], says: /unknown option --jsn/, hint: /--json/ },
  { argv: ['--v'], says: /ambiguous: --variants, --very-long/, hint: /Write the option out/ },
  { argv: ['-z'], says: /unknown option -z/, hint: /--help/ },
  { argv: ['--scope'], says: /--scope: its value <name> is missing/, hint: /--scope=VALUE/ },
  { argv: ['--scope', '--json'], says: /value <name> is missing/, hint: /VALUE/ },
  { argv: ['--scope='], says: /value <name> is empty/, hint: /^$/ },
  { argv: ['--json=yes'], says: /takes no value/, hint: /^$/ },
  { argv: ['zlib', '--shared'], says: /--shared: no option/, hint: /~~shared/ },
  { argv: ['zlib', '--cache-onl'], says: /no option/, hint: /--cache-only/ },
  { argv: ['zlib', '-lv'], says: /either options or a variant/, hint: /~lv/ },
  { argv: ['zlib', '-j4'], says: /either options or a variant/, hint: /before the specs/ },
  { argv: ['a\ufffdb'], says: /UTF-8/, hint: /^$/ },
];

test.each(refused)('C01: $argv is a usage error that says what to do', ({ argv, says, hint }) => {
  let error: unknown;
  try {
    normalizeArguments(argv, { options, specs: true });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ kind: 'usage', code: 'ERR_USAGE' });
  expect((error as Error).message).toMatch(says);
  expect((error as { hint?: string }).hint ?? '').toMatch(hint);
});

test('without specs, options are options wherever they stand', () => {
  expect(normalizeArguments(['name', '-lv', '--sco', 'x', 'url'], { options, specs: false })).toEqual({
    options: ['--long', '--variants', '--scope=x'],
    words: ['name', 'url'],
  });
});

test('global options end at the command', () => {
  expect(
    normalizeArguments(['-l', 'find', '-l', '--nonsense'], { options, specs: false, stopAtFirstWord: true }),
  ).toEqual({
    options: ['--long'],
    words: ['find', '-l', '--nonsense'],
  });
});
