import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatYaml,
  fromData,
  mergeNodes,
  nodeAt,
  parseYaml,
  parseYamlValue,
  sameNode,
  toData,
} from '../../src/index.ts';
import { failure } from '../support.ts';

const dataOf = (text: string): unknown => {
  const root = parseYamlValue(text, { file: 'x.yaml' });
  return root === undefined ? undefined : toData(root);
};

const SCALARS = [
  ['yes', 'yes'],
  ['no', 'no'],
  ['on', 'on'],
  ['off', 'off'],
  ['0o17', 15],
  ['0x1f', 31],
  ['017', 17],
  ['1_000', 1000],
  ['0b11', 3],
  ['-5', -5],
  ['1.10', 1.1],
  ['.5', 0.5],
  ['1e5', 100000],
  ['-.inf', Number.NEGATIVE_INFINITY],
  ['.nan', Number.NaN],
  ['12:30', '12:30'],
  ['~', null],
  ['', null],
  ['True', true],
  ['"1"', '1'],
  ["'x:'", 'x'],
  ['a@b:c', 'a@b:c'],
  ['!!str 1.10', '1.10'],
  ['2024-01-01', new Date('2024-01-01')],
] as const;

test.each(SCALARS)('the scalar %s is read as in YAML 1.2', (text, want) => {
  expect(dataOf(`a: ${text}`)).toEqual({ a: want });
});

test('a number keeps the text it was written as', () => {
  const node = nodeAt(parseYamlValue('a: 1.10', { file: 'x' }), ['a']);
  expect(node).toMatchObject({ kind: 'scalar', type: 'number', value: 1.1, text: '1.10' });
});

test('a key that ends in two colons overrides, and one with @ does not', () => {
  const root = parseYamlValue('a::\n  x: 1\n"b@c:": 2\nd@e::: 3\n', { file: 'x' });
  const entries = root?.kind === 'map' ? [...root.entries.values()].map(({ key, mark }) => [key, mark]) : [];
  expect(entries).toEqual([
    ['a', 'override'],
    ['b@c:', 'merge'],
    ['d@e::', 'merge'],
  ]);
});

test('positions count lines and columns from one', () => {
  const root = parseYamlValue('# c\na:\n  b: x\n', { file: 'x.yaml' });
  expect(nodeAt(root, ['a', 'b'])?.at).toEqual({ file: 'x.yaml', line: 3, column: 6 });
});

test('Y01: nested aliases are refused when they expand to too many nodes', async () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) =>
      `l${level}: &l${level} [${Array(9)
        .fill(level === 0 ? 'x' : `*l${level - 1}`)
        .join(', ')}]`,
  );
  const error = await failure(() => parseYaml(levels.join('\n'), { file: 'x.yaml' }));
  expect(error).toMatchObject({ kind: 'limit', message: expect.stringContaining('nodes after expansion of aliases') });
});

test('Y02: a merge key that lists one alias fifty thousand times is cheap', () => {
  const text = `a: &a {x: 1, y: 2}\nb:\n  <<: [${Array(50_000).fill('*a').join(', ')}]\n  y: 3\n`;
  const started = performance.now();
  expect(dataOf(text)).toEqual({ a: { x: 1, y: 2 }, b: { y: 3, x: 1 } });
  expect(performance.now() - started).toBeLessThan(5000);
});

test('Y03: an anchor that contains itself is a config error', async () => {
  const error = await failure(() => parseYaml('a: &a\n  b: *a\n', { file: 'x.yaml' }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining('x.yaml:') });
});

test.each([
  '!!python/object:os.system x',
  '!!js/function x',
  '!mine x',
  '!!binary eA==',
  '!!set {a}',
  '!!timestamp 2024-01-01',
])('Y04: the tag of "%s" is refused', async (value) => {
  const error = await failure(() => parseYaml(`a: ${value}\n`, { file: 'x.yaml' }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringMatching(/x\.yaml:1:\d+: the tag/) });
});

test('Y05: a key given twice is an error that names both lines', async () => {
  const error = await failure(() => parseYaml('mirrors:\n  a: x\nconfig: {}\nmirrors:\n  b: y\n', { file: 'x.yaml' }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining('x.yaml:4:1') });
  expect(error.message).toContain('line 1');
});

test('Y05: a key and the same key with an override mark are one key', async () => {
  const error = await failure(() => parseYaml('a: 1\na:: 2\n', { file: 'x.yaml' }));
  expect(error).toMatchObject({ kind: 'config' });
});

const VARIATIONS = [
  { name: 'CRLF', text: 'a: 1\r\nb: 2\r\n', want: { a: 1, b: 2 } },
  { name: 'a byte-order mark', text: '\ufeffa: 1\n', want: { a: 1 } },
  { name: 'an empty file', text: '', want: undefined },
  { name: 'only comments', text: '# a\n\n# b\n', want: undefined },
  { name: 'a document mark', text: '---\na: 1\n...\n', want: { a: 1 } },
] as const;

test.each(VARIATIONS)('Y07: $name is read', ({ text, want }) => {
  expect(dataOf(text)).toEqual(want);
});

test.each(['a:\n\tb: 1\n', '---\na: 1\n---\nb: 2\n', 'a: [1\n', 'a: b: c\n', '? [x]\n: 1\n'])(
  'Y07: %j is a config error with a place',
  async (text) => {
    const error = await failure(() => parseYaml(text, { file: 'x.yaml' }));
    expect(error).toMatchObject({ kind: 'config', message: expect.stringMatching(/x\.yaml:\d+:\d+/) });
  },
);

test('Y08: special property names are plain keys', () => {
  const data = dataOf(
    '__proto__: {polluted: 1}\nconstructor: 2\na: &a {b: 1}\nc:\n  <<: *a\n  __proto__: 3\n',
  ) as object;
  expect(Object.keys(data)).toEqual(['__proto__', 'constructor', 'a', 'c']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('nesting beyond the limit is refused, however it is written', async () => {
  for (const text of ['['.repeat(200), '['.repeat(100_000), '- '.repeat(200)]) {
    expect(['limit', 'config']).toContain((await failure(() => parseYaml(`a: ${text}`, { file: 'x' }))).kind);
  }
  const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
  expect(await failure(() => parseYaml(deep, { file: 'x' }))).toMatchObject({ kind: 'limit' });
});

test('Y19: a million keys are refused before a tree is built', async () => {
  const text = Array.from({ length: 1_000_000 }, (_, index) => `k${index}: 1\n`).join('');
  expect(await failure(() => parseYaml(text, { file: 'x' }))).toMatchObject({ kind: 'limit' });
});

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string({ unit: 'grapheme' }).filter((text) => !text.endsWith(':')),
    fc.constantFrom(
      'yes',
      '1.10',
      '- x',
      '#',
      'a: b',
      '{',
      "it's",
      '<<',
      '=',
      '0x1',
      '~',
      ' a ',
      'a\nb',
      '2024-01-01',
      '\u0085',
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => !key.endsWith(':')),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

test('what is formatted reads back as the same', () => {
  fc.assert(
    fc.property(plain, (value) => {
      const node = fromData(value);
      const root = parseYamlValue(formatYaml(node), { file: 'x' });
      return root !== undefined && sameNode(root, node);
    }),
  );
});

const MERGES = [
  ['a: [1,2]', 'a: [3,2]', 'a: [3,2,1]'],
  ['a: [1,1,2]', 'a: [2,3,3]', 'a: [2,3,3,1,1]'],
  ['a: {x: 1, y: 2}', 'a: {z: 3, y: 4}', 'a: {z: 3, y: 4, x: 1}'],
  ['a: {x: 1}', 'a:: {z: 3}', 'a: {z: 3}'],
  ['a: [1]', 'a:: [2]', 'a: [2]'],
  ['a: [1]', 'a: x', 'a: x'],
  ['a: {x: 1}', 'a: null', 'a: null'],
  ['a: null', 'a: {x: 1}', 'a: {x: 1}'],
  ['a: {b: [1]}', 'a: {}', 'a: {b: [1]}'],
  ['a: [1]', 'a: []', 'a: [1]'],
  ['a: [{k: 1}]', 'a: [{k: 1},{k: 2}]', 'a: [{k: 1},{k: 2}]'],
  ['{b: 1, a: 1}', '{a: 2, c: 3}', '{a: 2, c: 3, b: 1}'],
  ['a: {x: {p: 1}}', 'a: {x:: {q: 2}}', 'a: {x: {q: 2}}'],
] as const;

test.each(MERGES)('%s overlaid with %s is %s', (lower, higher, want) => {
  const [left, right] = [lower, higher].map((text) => parseYamlValue(text, { file: 'x' }));
  const merged = right === undefined ? undefined : mergeNodes(left, right);
  expect(JSON.stringify(merged === undefined ? undefined : toData(merged))).toBe(JSON.stringify(dataOf(want)));
});

test('the key of the higher scope is the one that is remembered', () => {
  const merged = mergeNodes(
    parseYamlValue('a: {x: 1, y: 2}', { file: 'low' }),
    fromData({ a: { x: 3 } }, { file: 'high' }),
  );
  expect(nodeAt(merged, ['a', 'x'])?.at.file).toBe('high');
  expect(nodeAt(merged, ['a', 'y'])?.at.file).toBe('low');
});
