import { expect, test } from '@jest/globals';
import { type TextStyle } from '../../src/command.ts';
import { formatColumns, formatListing } from '../../src/render/listing.ts';

const pipe: TextStyle = { columns: 80, tty: false, verbose: false, paint: (_format, text) => text };
const terminal: TextStyle = { ...pipe, columns: 100, tty: true };
const arch = 'linux-debian12-x86_64_v4';

test('a grouped listing is that of cli §7.2, 65 columns wide', () => {
  const entries = [
    { architecture: arch, compilers: undefined, text: 'compiler-wrapper@1.0' },
    { architecture: arch, compilers: '%c=gcc@12.2.0', text: 'tinyapp@2.0' },
    { architecture: arch, compilers: undefined, text: 'gcc-runtime@12.2.0' },
    { architecture: arch, compilers: '%c=gcc@12.2.0', text: 'tinylib@1.1' },
  ];
  expect(formatListing(entries, { style: pipe })).toBe(
    `-- ${arch} / %c=gcc@12.2.0 ---------------------
tinyapp@2.0
tinylib@1.1

-- ${arch} / no compilers ----------------------
compiler-wrapper@1.0
gcc-runtime@12.2.0
`,
  );
  expect(formatListing([], { style: pipe })).toBe('');
  expect(formatListing(entries, { style: pipe, groups: false }).split('\n')).toHaveLength(5);
});

test('two texts of 11 columns stand side by side on 100 columns, below each other on a pipe', () => {
  expect(formatColumns(['tinyapp@2.0', 'tinylib@1.1'], terminal)).toBe('tinyapp@2.0  tinylib@1.1\n');
  expect(formatColumns(['tinyapp@2.0', 'tinylib@1.1'], pipe)).toBe('tinyapp@2.0\ntinylib@1.1\n');
});

test('columns are filled downwards, as many as fit, each as wide as its longest text', () => {
  const texts = ['a', 'bbbbbb', 'c', 'dd', 'eeee'];
  expect(formatColumns(texts, { columns: 20, tty: true })).toBe('a       c   eeee\nbbbbbb  dd\n');
  expect(formatColumns(texts, { columns: 8, tty: true })).toBe('a\nbbbbbb\nc\ndd\neeee\n');
});

test('colour codes take no room', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
  expect(formatColumns([red('aaaa'), red('bbbb')], { columns: 11, tty: true })).toBe(
    `${red('aaaa')}  ${red('bbbb')}\n`,
  );
});

test('with prefixes each spec has a line, padded to the widest', () => {
  const entries = [
    { architecture: arch, compilers: undefined, text: 'a@1', prefix: '/store/a' },
    { architecture: arch, compilers: undefined, text: 'longer@1.2', prefix: '/store/longer' },
  ];
  expect(formatListing(entries, { style: terminal, groups: false })).toBe(
    'a@1         /store/a\nlonger@1.2  /store/longer\n',
  );
});

test('dependencies stand below, four columns deeper each, with a blank line after them', () => {
  const entries = [
    {
      architecture: arch,
      compilers: undefined,
      marks: 'abcdefg ',
      text: 'a@1',
      below: [{ depth: 1, marks: 'hijklmn ', text: 'b@2' }],
    },
  ];
  expect(formatListing(entries, { style: terminal, groups: false })).toBe('abcdefg a@1\nhijklmn     b@2\n\n');
});
