import { expect, test } from '@jest/globals';
import { compareSpecs, constrain, contains, findDependency, parseSpec, specsEqual } from '../../src/index.ts';
import { vectorVirtuals } from '../virtuals.ts';

const DIFFERENT = [
  ['a', 'b'],
  ['a', 'ns.a'],
  ['a@1', 'a@=1'],
  ['a+x', 'a~x'],
  ['a x=b', 'a x:=b'],
  ['a cflags=-g', 'a cflags==-g'],
  ['a os=x', 'a os=y'],
  ['a/abc', 'a/abd'],
  ['a ^b', 'a %b'],
  ['a ^b', 'a ^[deptypes=link] b'],
  ['a ^b', 'a ^[virtuals=c] b'],
  ['a ^[when=+x] b', 'a ^[when=~x] b'],
  ['a ^b %c', 'a ^b %d'],
] as const;

test.each(DIFFERENT)('%s and %s are not equal, and one comes first', (x, y) => {
  const [a, b] = [parseSpec(x), parseSpec(y)];
  expect(Math.abs(compareSpecs(a, b))).toBe(1);
  expect(compareSpecs(a, b)).toBe(-compareSpecs(b, a));
});

test.each([
  ['a ^b ^c', 'a ^c ^b'],
  ['a %%b', 'a %b'],
  ['a x=c,b', 'a x=b,c'],
  ['a@1,1.2', 'a@1'],
  ['a ^[when=+x] b ^b', 'a ^b ^[when=+x] b'],
])('%s equals %s', (x, y) => {
  expect(specsEqual(parseSpec(x), parseSpec(y))).toBe(true);
});

test('a dependency is found by its name and by a virtual package that an edge provides', () => {
  const spec = parseSpec('hdf5 ^mpi=mpich %c=gcc');
  expect(findDependency(spec, 'hdf5')).toBe(spec);
  expect(findDependency(spec, 'mpi')?.name).toBe('mpich');
  expect(findDependency(spec, 'gcc')?.name).toBe('gcc');
  expect(findDependency(spec, 'cxx')).toBeUndefined();
});

test('a query is asked of the dependency that it names', () => {
  const spec = parseSpec('hdf5@1.14 ^mpich@4.1 +x');
  expect(contains(spec, parseSpec('mpich@4'))).toBe(true);
  expect(contains(spec, parseSpec('mpich@3'))).toBe(false);
  expect(contains(spec, parseSpec('@1.14'))).toBe(true);
  expect(contains(spec, parseSpec('zlib'))).toBe(false);
  expect(contains(parseSpec('hdf5 ^mpi=mpich'), parseSpec('mpi@:4'), vectorVirtuals())).toBe(true);
});

test.each([
  ['a', 'b', 'name'],
  ['x.a', 'y.a', 'namespace'],
  ['a@1', 'a@2', 'version'],
  ['a+x', 'a~x', 'variant'],
  ['a os=x', 'a os=y', 'architecture'],
  ['a/ab', 'a/ac', 'hash'],
  ['a ^b@1', 'a ^b@2', 'dependency'],
])('constraining %s with %s names the %s', (x, y, part) => {
  const failure = expect.objectContaining({
    code: 'ERR_SPEC_UNSATISFIABLE',
    details: expect.objectContaining({ part }),
  });
  expect(() => constrain(parseSpec(x), parseSpec(y))).toThrow(failure);
});
