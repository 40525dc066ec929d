import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseSpec, readSpecDocument, satisfies } from '../../src/index.ts';

const V4 = '../vectors/specs/v4-rewritten/zlib.json';

test('a spec first written before format 5 answers for its compiler by its annotation', () => {
  const spec = readSpecDocument(readFileSync(new URL(V4, import.meta.url)), { what: 'zlib' }).root;
  const [name = '', version = ''] = (spec.annotations.compiler ?? '').split('@=');
  expect(satisfies(spec, parseSpec(`zlib %${name}@${version}`))).toBe(true);
  expect(satisfies(spec, parseSpec(`zlib %${name}@1.0`))).toBe(false);
  expect(satisfies(spec, parseSpec('zlib %nosuch'))).toBe(false);
});
