import { expect, test } from '@jest/globals';
import { type MapNode } from '../../src/yaml/node.ts';
import { parseYaml } from '../../src/yaml/parse.ts';
import { rewriteYaml } from '../../src/yaml/rewrite.ts';

function rewrite(text: string, wanted: string): string {
  return rewriteYaml(text, parseYaml(wanted, { file: 'wanted' }).root as MapNode, 'x.yaml');
}

const cases = [
  {
    name: 'a new first key goes before the others and every comment stays',
    text: '# head\nmirrors:\n  # one\n  a: file:///a  # why\n  b:\n    url: x\n# tail\n',
    wanted: 'mirrors:\n  c: new\n  a: file:///a\n  b: {url: x}\n',
    want: '# head\nmirrors:\n  # one\n  c: new\n  a: file:///a  # why\n  b:\n    url: x\n# tail\n',
  },
  {
    name: 'a changed value keeps the comment beside it',
    text: 'config:\n  a: 1 # one\n  "b": 2 # two\n',
    wanted: 'config: {a: 1, b: 3}',
    want: 'config:\n  a: 1 # one\n  "b": 3 # two\n',
  },
  {
    name: 'a removed key takes its lines along and nothing else',
    text: 'm:\n  a:\n    x: 1\n    # inside\n    y: [1,\n      2]\n  # of b\n  b: 2\n',
    wanted: 'm: {b: 2}',
    want: 'm:\n  # of b\n  b: 2\n',
  },
  { name: 'the last key leaves an empty mapping', text: 'm:\n  a: 1\n', wanted: 'm: {}', want: 'm: {}\n' },
  {
    name: 'list items come and go without moving the others',
    text: 'l:\n    - a   # 1\n    - b\n    - c: 1\n      d: 2\n    # end\n',
    wanted: 'l: [z, a, {c: 1, d: 2}]',
    want: 'l:\n    - z\n    - a   # 1\n    - c: 1\n      d: 2\n    # end\n',
  },
  {
    name: 'a string becomes a mapping',
    text: 'm:\n  a: file:///x # keep\n  b: 1\n',
    wanted: 'm:\n  a:\n    url: file:///x\n    push: y\n  b: 1\n',
    want: 'm:\n  a:\n    url: file:///x\n    push: y # keep\n  b: 1\n',
  },
  {
    name: 'a flow list is written anew in flow style',
    text: 'a: [1,2]\nb:  3\n',
    wanted: 'a: [0, 1, 2]\nb: 3',
    want: 'a: [0, 1, 2]\nb:  3\n',
  },
  { name: 'a file of comments keeps them', text: '# only\n', wanted: 'a: {b: 1}', want: '# only\na: {b: 1}\n' },
  { name: 'a file without a final newline gets one', text: 'a: 1', wanted: 'a: 1\nb: 2\n', want: 'a: 1\nb: 2\n' },
  {
    name: 'line ends stay as they are',
    text: 'a: 1\r\nb: 2\r\n',
    wanted: 'a: 1\nc: 3\nb: 2',
    want: 'a: 1\r\nc: 3\r\nb: 2\r\n',
  },
  { name: 'a key without value gets one', text: 'a:\nb: 1\n', wanted: 'a:\n- x\nb: 1', want: 'a:\n- x\nb: 1\n' },
  {
    name: 'a block scalar is replaced whole',
    text: 'a: |\n  x\n  y\nb: 1\n',
    wanted: 'a: z\nb: 1',
    want: 'a: z\nb: 1\n',
  },
  {
    name: 'an override mark is written back',
    text: 'a:\n  b: 1 # c\n',
    wanted: 'a::\n  b: 1\n',
    want: 'a::\n  b: 1 # c\n',
  },
  {
    name: 'an anchor in the way makes the document be written anew',
    text: 'a: &x\n  p: 1\nb: *x\n',
    wanted: 'a:\n  q: 1\nb:\n  p: 1\n',
    want: 'a:\n  q: 1\nb:\n  p: 1\n',
  },
  {
    name: 'a mapping that begins beside its dash is changed',
    text: 'l:\n- a: 1\n  b: 2 # two\n',
    wanted: 'l:\n- a: 1\n  b: 3\n',
    want: 'l:\n- a: 1\n  b: 3\n',
  },
] as const;

test.each(cases)('$name', ({ text, wanted, want }) => {
  expect(rewrite(text, wanted)).toBe(want);
});

test('the same content leaves the very same bytes', () => {
  const text = "a:   {x: 'y'}\n\n\n# z\n";
  expect(rewrite(text, 'a: {x: y}')).toBe(text);
});
