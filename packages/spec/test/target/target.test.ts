import { expect, test } from '@jest/globals';
import {
  constrainTarget,
  knownTargets,
  targetAtMost,
  targetByName,
  targetsIntersect,
  targetSatisfies,
} from '../../src/index.ts';
import { readVectors } from '../vectors.ts';

interface TargetVectors {
  readonly targets: readonly Readonly<Record<string, unknown>>[];
}

test('the table of targets is that of the vectors', () => {
  const { targets } = readVectors('targets') as TargetVectors;
  const found = knownTargets().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(found).toEqual(targets);
  expect(found).toHaveLength(70);
});

interface TargetRelations {
  readonly order: readonly (readonly [string, string, string])[];
  readonly relations: readonly (readonly [string, string, boolean, boolean, string | null])[];
}

test('every pair of the order vectors has the same partial order', () => {
  const { order } = readVectors('target-relations') as TargetRelations;
  for (const [a, b, relation] of order) {
    const sign = `${targetAtMost(a, b) ? '<' : ''}${targetAtMost(b, a) ? '>' : ''}`;
    expect([a, b, sign]).toEqual([a, b, { '<': '<', '>': '>', '=': '<>', '|': '' }[relation]]);
  }
  expect(order).toHaveLength(406);
});

test('every pair of target constraints is related as in the vectors', () => {
  const { relations } = readVectors('target-relations') as TargetRelations;
  for (const [a, b, ...expected] of relations) {
    const found = [targetSatisfies(a, b), targetsIntersect(a, b), constrainTarget(a, b) ?? null];
    expect([a, b, ...found]).toEqual([a, b, ...expected]);
  }
  expect(relations).toHaveLength(576);
});

test('a name outside the table is a generic target without relatives', () => {
  expect(targetByName('nosuch')).toMatchObject({ name: 'nosuch', vendor: 'generic', parents: [], features: [] });
  expect(targetAtMost('nosuch', 'nosuch')).toBe(true);
  expect(targetAtMost('x86_64', 'nosuch')).toBe(false);
});
