import { readFileSync } from 'node:fs';
import { BerthError, isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { parseSpec, parseSpecs, readSpecDocument, type ConcreteSpec } from '../../src/index.ts';

const libpng = readSpecDocument(
  readFileSync(new URL('../vectors/language/concrete/libpng.spec.json', import.meta.url)),
  {
    what: 'libpng',
  },
).root;

function loadFile(path: string): ConcreteSpec {
  if (path === './libpng.spec.json') return libpng;
  throw new BerthError('notfound', 'ERR_IO', `spec file ${path}: there is none`);
}

test('a file name stands for the concrete spec that it holds', () => {
  expect(parseSpec('./libpng.spec.json', { loadFile })).toBe(libpng);
  const [, second] = parseSpecs('zlib ./libpng.spec.json', { loadFile });
  expect(second).toBe(libpng);
});

test('a concrete spec can be a dependency', () => {
  const [edge] = parseSpec('app ^./libpng.spec.json', { loadFile }).dependencies;
  expect(edge).toMatchObject({ spec: libpng, direct: false });
});

test.each(['./libpng.spec.json ^zlib', './libpng.spec.json %gcc'])(
  'nothing can be added to a concrete spec: %s',
  (text) => {
    expect(() => parseSpecs(text, { loadFile })).toThrow(/takes no further dependencies/);
  },
);

test('a file that cannot be read fails as its reader says', () => {
  let failure: unknown;
  try {
    parseSpec('/no/such.json', { loadFile });
  } catch (error) {
    failure = error;
  }
  expect(isBerthError(failure) && failure.kind).toBe('notfound');
});
