import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { constrain, formatSpec, intersects, parseSpec, satisfies } from '../../src/index.ts';
import { vectorVirtuals } from '../virtuals.ts';
import { readVectors } from '../vectors.ts';

interface RelationRow {
  readonly a: string;
  readonly b: string;
  readonly satisfies: boolean;
  readonly intersects?: boolean;
  readonly intersectsAsymmetric?: readonly [boolean, boolean];
  readonly constrain: { readonly result?: string; readonly changed?: boolean; readonly error?: string };
}

test('every relation vector of abstract specs holds', () => {
  const rows = readVectors<RelationRow[]>('relations-abstract');
  const virtuals = vectorVirtuals();
  const failures: unknown[] = [];
  for (const row of rows) {
    const [a, b] = [parseSpec(row.a), parseSpec(row.b)];
    const found = {
      satisfies: satisfies(a, b, virtuals),
      ...(row.intersects === undefined ? {} : { intersects: [intersects(a, b, virtuals), intersects(b, a, virtuals)] }),
      ...(row.intersectsAsymmetric ? { asymmetric: [intersects(a, b, virtuals), intersects(b, a, virtuals)] } : {}),
      constrain: constrained(row),
    };
    const expected = {
      satisfies: row.satisfies,
      ...(row.intersects === undefined ? {} : { intersects: [row.intersects, row.intersects] }),
      ...(row.intersectsAsymmetric ? { asymmetric: row.intersectsAsymmetric } : {}),
      constrain: row.constrain.error === undefined ? row.constrain : 'error',
    };
    if (JSON.stringify(found) !== JSON.stringify(expected)) failures.push({ a: row.a, b: row.b, found, expected });
  }
  expect(failures).toEqual([]);
  expect(rows).toHaveLength(2832);
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
