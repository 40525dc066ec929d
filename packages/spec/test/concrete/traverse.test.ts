import { expect, test } from '@jest/globals';
import { dependentsOf, linkRunClosure, readSpecDocument, traverse, type ConcreteSpec } from '../../src/index.ts';
import { documentBytes } from './documents.ts';

const names = (specs: readonly ConcreteSpec[]): readonly string[] => specs.map(({ name }) => name);
const { root: curl, nodes } = readSpecDocument(documentBytes('v5/curl.json'), { what: 'curl' });

test('parents come before children, in order of name', () => {
  expect(names(traverse([curl]))).toEqual(names(nodes));
  expect(names(traverse([curl], { order: 'breadth' })).slice(0, 4)).toEqual([
    'curl',
    'compiler-wrapper',
    'gcc',
    'gcc-runtime',
  ]);
});

test('post-order and topological order keep every edge one way', () => {
  const post = traverse([curl], { order: 'post' });
  const topological = traverse([curl], { order: 'topological' });
  const places = new Map(post.map((spec, place) => [spec, place] as const));
  for (const spec of nodes) {
    for (const { spec: child } of spec.dependencies) {
      expect(places.get(child)).toBeLessThan(places.get(spec) ?? -1);
      expect(topological.indexOf(child)).toBeGreaterThan(topological.indexOf(spec));
    }
  }
  expect(new Set(post)).toEqual(new Set(nodes));
});

test('in topological order a node comes as soon as everything above it has', () => {
  const { root: hdf5 } = readSpecDocument(documentBytes('v5/hdf5-serial.json'), { what: 'hdf5' });
  const order = 'topological';
  expect(names(traverse([hdf5], { order, types: ['link', 'run'] }))).toEqual([
    'hdf5',
    'pkgconf',
    'zlib-ng',
    'gcc-runtime',
    'glibc',
  ]);
  const all = 'hdf5 cmake curl ncurses nghttp2 openssl zlib-ng diffutils pkgconf libiconv gmake';
  expect(names(traverse([hdf5], { order })).join(' ')).toBe(`${all} compiler-wrapper gcc-runtime gcc glibc`);
});

test('the run-time closure leaves build tools out', () => {
  expect(names(linkRunClosure([curl]))).toEqual(['curl', 'gcc-runtime', 'glibc', 'nghttp2', 'openssl', 'zlib-ng']);
});

test('walking upwards finds what depends on a node', () => {
  const dependents = dependentsOf(nodes);
  const glibc = nodes.filter(({ name }) => name === 'libiconv');
  expect(names(traverse(glibc, { dependents }))).toEqual(['libiconv', 'diffutils', 'nghttp2', 'curl']);
  expect(names(traverse(glibc, { dependents, types: ['run'] }))).toEqual(['libiconv']);
});
