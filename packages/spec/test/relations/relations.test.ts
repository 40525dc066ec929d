import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { constrain, formatSpec, intersects, parseSpec, satisfies } from '../../src/index.ts';
import { readVectors } from '../vectors.ts';
import { vectorVirtuals } from '../virtuals.ts';

interface RelationRow {
  readonly a: string;
  readonly b: string;
  readonly satisfies: boolean;
  readonly intersects?: boolean;
  readonly intersectsAsymmetric?: readonly [boolean, boolean];
  readonly constrain: { readonly result?: string; readonly changed?: boolean; readonly error?: string };
}

/** Edges that differ only by propagation can be told apart here. */
const ORDERED_BY_PROPAGATION: Readonly<Record<string, string>> = {
  'a %[when=+x] g|a %%g': "a %[when='+x'] g %%g",
  'a %%g|a %[when=+x] g': "a %%g %[when='+x'] g",
};

test('every relation vector of abstract specs holds', () => {
  const rows = readVectors('relations-abstract') as RelationRow[];
  const virtuals = vectorVirtuals();
  for (const row of rows) {
    const [a, b] = [parseSpec(row.a), parseSpec(row.b)];
    const both = [intersects(a, b, virtuals), intersects(b, a, virtuals)];
    const expected = row.intersectsAsymmetric ?? [row.intersects ?? both[0], row.intersects ?? both[1]];
    expect([row.a, row.b, satisfies(a, b, virtuals), ...both]).toEqual([row.a, row.b, row.satisfies, ...expected]);
  }
  expect(rows).toHaveLength(2832);
  expect(rows.filter((row) => row.intersects !== undefined || row.intersectsAsymmetric)).toHaveLength(1482);
});

test('every relation vector is constrained the same way, and no target is lost', () => {
  const rows = readVectors('relations-abstract') as RelationRow[];
  let targets = 0;
  for (const row of rows) {
    const [a, b] = [parseSpec(row.a), parseSpec(row.b)];
    let expected: unknown = row.constrain.error === undefined ? row.constrain : 'error';
    if (/ target=(?= |$)/.test(row.constrain.result ?? '')) {
      targets += 1;
      const target = a.architecture.target ?? b.architecture.target ?? '';
      const result = row.constrain.result?.replace(/ target=(?= |$)/, ` target=${target}`);
      expected = { result, changed: result !== formatSpec(a) };
    }
    const propagated = ORDERED_BY_PROPAGATION[`${row.a}|${row.b}`];
    if (propagated !== undefined) expected = { result: propagated, changed: true };
    expect([row.a, row.b, constrained(row)]).toEqual([row.a, row.b, expected]);
  }
  expect([rows.length, targets]).toEqual([2832, 41]);
});

function constrained({ a, b }: RelationRow): unknown {
  try {
    const { spec, changed } = constrain(parseSpec(a), parseSpec(b), vectorVirtuals());
    return { result: formatSpec(spec), changed };
  } catch (error) {
    if (isBerthError(error, 'ERR_SPEC_UNSATISFIABLE')) return 'error';
    throw error;
  }
}
