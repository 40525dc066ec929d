import { readFileSync } from 'node:fs';
import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  compareSpecs,
  constrain,
  contains,
  findDependency,
  intersects,
  parseSpec,
  readSpecDocument,
  satisfies,
  specsEqual,
  type ConcreteSpec,
} from '../../src/index.ts';
import { readVectors } from '../vectors.ts';
import { vectorVirtuals } from '../virtuals.ts';

const documents = new Map(['libpng', 'hdf5'].map((name) => [name, readConcrete(name)]));

function readConcrete(name: string): ConcreteSpec {
  const bytes = readFileSync(new URL(`../vectors/language/concrete/${name}.spec.json`, import.meta.url));
  return readSpecDocument(bytes, { what: name }).root;
}

function concreteSpec(name: string): ConcreteSpec {
  const spec = documents.get(name);
  if (spec === undefined) throw new Error(`no document for ${name}`);
  return spec;
}

interface ConcreteRow {
  readonly concrete: string;
  readonly query: string;
  readonly satisfies: boolean;
  readonly intersects: boolean;
  readonly contains: boolean;
  readonly querySatisfiesConcrete: boolean;
  readonly constrainConcrete: boolean | { readonly error: string };
}

test('every query against a concrete spec is answered as in the vectors', () => {
  const rows = readVectors('relations-concrete') as ConcreteRow[];
  const virtuals = vectorVirtuals();
  for (const row of rows) {
    const spec = concreteSpec(row.concrete);
    const query = parseSpec(row.query);
    const found = {
      ...row,
      satisfies: satisfies(spec, query, virtuals),
      intersects: intersects(spec, query, virtuals),
      contains: contains(spec, query, virtuals),
      querySatisfiesConcrete: satisfies(query, spec, virtuals),
      constrainConcrete: constrained(spec, row.query),
    };
    expect(found).toEqual({
      ...row,
      constrainConcrete: typeof row.constrainConcrete === 'object' ? 'error' : row.constrainConcrete,
    });
  }
  expect(rows).toHaveLength(173);
});

function constrained(spec: ConcreteSpec, query: string): unknown {
  try {
    return constrain(spec, parseSpec(query), vectorVirtuals()).changed;
  } catch (error) {
    if (isBerthError(error, 'ERR_SPEC_UNSATISFIABLE')) return 'error';
    throw error;
  }
}

interface LookupRow {
  readonly concrete: string;
  readonly key: string;
  readonly name?: string;
  readonly hash?: string;
}

test('every lookup in a concrete spec finds the node of the vectors', () => {
  const rows = readVectors('getitem') as LookupRow[];
  for (const { concrete, key, name, hash } of rows) {
    const found = findDependency(concreteSpec(concrete), key) as ConcreteSpec | undefined;
    expect([concrete, key, found?.name, found?.hash]).toEqual([concrete, key, name, hash]);
  }
  expect(rows).toHaveLength(46);
});

test('concrete specs are equal exactly if their hashes are', () => {
  const [libpng, hdf5] = [concreteSpec('libpng'), concreteSpec('hdf5')];
  expect(specsEqual(libpng, readConcrete('libpng'))).toBe(true);
  expect(compareSpecs(libpng, hdf5)).toBe(-compareSpecs(hdf5, libpng));
  expect(compareSpecs(libpng, hdf5)).not.toBe(0);
});

test('an abstract spec that a concrete one matches becomes the concrete one', () => {
  const libpng = concreteSpec('libpng');
  expect(constrain(parseSpec('libpng@1.6:'), libpng)).toEqual({ spec: libpng, changed: true });
  expect(() => constrain(parseSpec('libpng@1.5'), libpng)).toThrow(/no version meets both/);
});
