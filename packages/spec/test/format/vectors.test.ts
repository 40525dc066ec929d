import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  DEFAULT_FORMAT,
  DISPLAY_FORMAT,
  formatPath,
  formatSpec,
  formatString,
  formatTree,
  parseSpec,
  readSpecDocument,
  SHORT_FORMAT,
  type ConcreteSpec,
  type Spec,
} from '../../src/index.ts';
import { readFixture } from '../concrete/documents.ts';

interface Row {
  readonly abstract?: string;
  readonly concrete?: string;
  readonly format?: string;
  readonly pathFormat?: string;
  readonly property?: string;
  readonly output?: string;
  readonly error?: string;
}

const ROWS = (JSON.parse(readFixture('language/format.json')) as Row[]).map((row) => ({
  ...row,
  title: `${row.concrete ?? JSON.stringify(row.abstract)} as ${row.format ?? row.pathFormat ?? row.property ?? ''}`,
}));
const CONCRETE = new Map(['libpng', 'hdf5'].map((name) => [name, readConcrete(name)] as const));

function readConcrete(name: string): ConcreteSpec {
  const what = `language/concrete/${name}.spec.json`;
  return readSpecDocument(readFixture(what), { what }).root;
}

const PROPERTIES: Readonly<Record<string, (spec: Spec) => string>> = {
  str: formatSpec,
  format: (spec) => formatString(spec, DEFAULT_FORMAT),
  display: (spec) => formatString(spec, DISPLAY_FORMAT),
  short_spec: (spec) => formatString(spec, SHORT_FORMAT),
  long_spec: (spec) => (spec.concrete ? formatTree([spec as ConcreteSpec]) : formatSpec(spec)),
  tree: (spec) => formatTree([spec as ConcreteSpec], { format: '{name}{@version}{/hash:7}', showTypes: true }),
  treeEdges: (spec) =>
    formatTree([spec as ConcreteSpec], { format: '{name}{@version}', showTypes: true, cover: 'edges' }),
};

function outputOf({ abstract, concrete, format, pathFormat, property }: Row): string {
  const spec = concrete === undefined ? parseSpec(abstract ?? '') : CONCRETE.get(concrete);
  if (spec === undefined) throw new Error(`no document of ${concrete ?? ''}`);
  if (format !== undefined) return formatString(spec, format);
  if (pathFormat !== undefined) return formatPath(spec, pathFormat);
  const print = PROPERTIES[property ?? ''];
  if (print === undefined) throw new Error(`no property ${property ?? ''}`);
  return print(spec);
}

function failureOf(row: Row): unknown {
  try {
    return `no error but ${outputOf(row)}`;
  } catch (error) {
    return error;
  }
}

test('the vectors are complete', () => {
  expect(ROWS).toHaveLength(342);
});

const PRINTED = ROWS.filter(({ output }) => output !== undefined);
const REFUSED = ROWS.filter(({ error }) => error !== undefined);

test.each(PRINTED)('$title', (row) => {
  expect(outputOf(row)).toBe(row.output);
});

test.each(REFUSED)('$title is refused', (row) => {
  const code = row.error === 'KeyError' ? 'ERR_NO_DEPENDENCY' : 'ERR_FORMAT_STRING';
  expect(isBerthError(failureOf(row), code)).toBe(true);
});

test('every vector is either printed or refused', () => {
  expect([PRINTED.length, REFUSED.length]).toEqual([293, 49]);
});
