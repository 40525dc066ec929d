import { isBerthError, type BerthError, type ErrorCode, type ErrorKind, type JsonObject } from '@berth/base';
import { expect, test } from '@jest/globals';
import { linkNodes, readSpecDocument, traverse, verifyDagHash } from '../../src/index.ts';
import { documentBytes, nodesOf, parseObject } from './documents.ts';
import { documentOf, hashOf, plainNode } from './node-builder.ts';

const what = 'spec of which from mirror m';
const A = hashOf(1);
const B = hashOf(2);

function failure(read: () => unknown): BerthError {
  try {
    read();
  } catch (error) {
    if (isBerthError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function refused(document: JsonObject | string): { kind: ErrorKind; code: ErrorCode; pointer: unknown } {
  const { kind, code, details } = failure(() => readSpecDocument(document, { what }));
  return { kind, code, pointer: details['pointer'] };
}

test('J01: duplicate keys are refused', () => {
  const text = documentBytes('v5/zlib-ng.json').toString().replace('"version":', '"version":"0","version":');
  expect(refused(text)).toMatchObject({ kind: 'format', code: 'ERR_JSON' });
});

test('J02: names of built-in properties are plain data', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
  const variants = names.map((name) => `"${name}":"polluted"`).join(',');
  const text = documentBytes('v5/zlib-ng.json').toString().replace('"parameters":{', `"parameters":{${variants},`);
  const { root } = readSpecDocument(text, { what });
  expect(names.map((name) => root.variants.get(name)?.values)).toEqual(names.map(() => ['polluted']));
  expect(Object.getPrototypeOf({})).not.toHaveProperty('polluted');
});

test('J05: deep nesting is a limit, not a crash', () => {
  expect(refused(`{"spec":${'['.repeat(1_000_000)}`)).toMatchObject({ kind: 'limit' });
});

const WRONG = [
  { name: 'no name', changes: { name: undefined }, pointer: '/spec/nodes/0/name' },
  { name: 'a null version', changes: { version: null }, pointer: '/spec/nodes/0/version' },
  { name: 'a version that is a number', changes: { version: 1 }, pointer: '/spec/nodes/0/version' },
  { name: 'no arch', changes: { arch: undefined }, pointer: '/spec/nodes/0/arch' },
  { name: 'an arch that is a text', changes: { arch: 'x' }, pointer: '/spec/nodes/0/arch' },
  { name: 'a target that is a list', changes: { arch: { target: [] } }, pointer: '/spec/nodes/0/arch/target' },
  { name: 'no hash', changes: { hash: undefined }, pointer: '/spec/nodes/0/hash' },
  { name: 'a hash in upper case', changes: { hash: A.toUpperCase() }, pointer: '/spec/nodes/0/hash' },
  { name: 'parameters that are a list', changes: { parameters: [] }, pointer: '/spec/nodes/0/parameters' },
  { name: 'a null variant', changes: { parameters: { x: null } }, pointer: '/spec/nodes/0/parameters/x' },
  {
    name: 'a flag that is a number',
    changes: { parameters: { cflags: [1] } },
    pointer: '/spec/nodes/0/parameters/cflags/0',
  },
  { name: 'dependencies that are an object', changes: { dependencies: {} }, pointer: '/spec/nodes/0/dependencies' },
  {
    name: 'a dependency without types',
    changes: { dependencies: [{ name: 'b', hash: B, parameters: {} }] },
    pointer: '/spec/nodes/0/dependencies/0/parameters/deptypes',
  },
  {
    name: 'an unknown dependency type',
    changes: { dependencies: [{ name: 'b', hash: B, parameters: { deptypes: ['all'] } }] },
    pointer: '/spec/nodes/0/dependencies/0/parameters/deptypes',
  },
  { name: 'patches that are a text', changes: { patches: 'x' }, pointer: '/spec/nodes/0/patches' },
  {
    name: 'an external path that is a list',
    changes: { external: { path: [] } },
    pointer: '/spec/nodes/0/external/path',
  },
  { name: 'a build spec that is a text', changes: { build_spec: A }, pointer: '/spec/nodes/0/build_spec' },
  { name: 'an abstract node', changes: { concrete: false }, pointer: '/spec/nodes/0/concrete' },
  {
    name: 'a compiler without annotations',
    changes: { annotations: undefined, compiler: { name: 'gcc', version: '1' } },
    pointer: '/spec/nodes/0/compiler',
  },
] as const;

test.each(WRONG)('J09: $name is refused with its place', ({ changes, pointer }) => {
  const document = documentOf([plainNode('a', A, [], changes)]);
  expect(refused(document)).toEqual({ kind: 'format', code: 'ERR_DOCUMENT', pointer });
});

const NOT_DOCUMENTS = [
  '{}',
  '[]',
  'null',
  '"text"',
  '{"spec":{}}',
  '{"spec":[]}',
  '{"spec":{"_meta":{"version":5},"nodes":[]}}',
  '{"spec":{"_meta":{"version":"5"},"nodes":[]}}',
];

test.each(NOT_DOCUMENTS)('J09: %s is no document', (text) => {
  expect(refused(text)).toMatchObject({ kind: 'format', code: 'ERR_DOCUMENT' });
});

test.each([0, 6, 7, 1000])('J11: format %i asks for another program instead of being misread', (version) => {
  const error = failure(() => readSpecDocument(documentOf([plainNode('a', A)], version), { what }));
  expect(error).toMatchObject({ kind: 'format', code: 'ERR_SPEC_FORMAT', details: { version, newest: 5 } });
  expect(error.hint).toMatch(/newer berth/);
});

const BAD_NAMES = ['../../x', 'a/b', '', 'n'.repeat(256), 'a\nb', '.hidden', '-a', 'a b', '..', 'ä'];

test.each(BAD_NAMES)('J17: the package name %j is refused', (name) => {
  expect(refused(documentOf([plainNode(name, A)]))).toMatchObject({ kind: 'format', pointer: '/spec/nodes/0/name' });
  const parent = plainNode('a', A, [{ name, hash: B }]);
  expect(refused(documentOf([parent, plainNode('b', B)]))).toMatchObject({
    pointer: '/spec/nodes/0/dependencies/0/name',
  });
});

const BAD_VERSIONS = [
  '1/2',
  '..',
  '.',
  '',
  '1\n',
  '../1',
  'git.../x=1',
  'git.a/../b=1',
  'git./etc=1',
  'a=b=c',
  '1 2',
  'v'.repeat(256),
];

test.each(BAD_VERSIONS)('J17: the version %j is refused', (version) => {
  const document = documentOf([plainNode('a', A, [], { version })]);
  expect(refused(document)).toMatchObject({ kind: 'format', pointer: '/spec/nodes/0/version' });
});

test.each(['1.3.1', 'git.releases/v1=1.0', `${'a'.repeat(40)}=1.2`, 'develop', '2024-01-01', '1.0_p1', 'n'])(
  'J17: the version %j is accepted',
  (version) => {
    const { root } = readSpecDocument(documentOf([plainNode('a', A, [], { version })]), { what });
    expect(root.version.text).toBe(version);
  },
);

test.each(['..', 'a..b', '', 'a/b', '.a'])('J17: the namespace %j is refused', (namespace) => {
  const document = documentOf([plainNode('a', A, [], { namespace })]);
  expect(refused(document)).toMatchObject({ kind: 'format', pointer: '/spec/nodes/0/namespace' });
});

test.each(['platform', 'platform_os', 'target'])('J17: a path as %s is refused', (key) => {
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64', [key]: '../..' };
  const document = documentOf([plainNode('a', A, [], { arch })]);
  expect(refused(document)).toMatchObject({ kind: 'format', pointer: `/spec/nodes/0/arch/${key}` });
});

const edge = (
  name: string,
  hash: string,
  types?: readonly string[],
): { name: string; hash: string; types: readonly string[] } => {
  return { name, hash, types: types ?? ['link'] };
};

const BROKEN_GRAPHS = [
  { name: 'a missing dependency', nodes: [plainNode('a', A, [edge('b', B)])], why: /dependency b\/\w+ is missing/ },
  { name: 'a self edge', nodes: [plainNode('a', A, [edge('a', A)])], why: /depends on itself: a -> a$/ },
  {
    name: 'a cycle',
    nodes: [plainNode('a', A, [edge('b', B)]), plainNode('b', B, [edge('a', A)])],
    why: /depends on itself: a -> b -> a$/,
  },
  {
    name: 'a node that is its own build spec',
    nodes: [plainNode('a', A, [], { build_spec: { name: 'a', hash: A } })],
    why: /depends on itself/,
  },
  {
    name: 'a missing build spec',
    nodes: [plainNode('a', A, [], { build_spec: { name: 'a', hash: B } })],
    why: /is missing/,
  },
  {
    name: 'an edge with the name of another package',
    nodes: [plainNode('a', A, [edge('c', B)]), plainNode('b', B)],
    why: /dependency c\/\w+ is a node of b/,
  },
  { name: 'one hash twice', nodes: [plainNode('a', A), plainNode('b', A)], why: /stands twice/ },
  {
    name: 'two link edges to one package',
    nodes: [
      plainNode('a', A, [edge('b', B), edge('b', hashOf(3), ['run'])]),
      plainNode('b', B),
      plainNode('b', hashOf(3)),
    ],
    why: /two dependencies on b/,
  },
] as const;

test.each(BROKEN_GRAPHS)('J18: $name is refused', ({ nodes, why }) => {
  const error = failure(() => readSpecDocument(documentOf(nodes), { what }));
  expect(error).toMatchObject({ kind: 'format', code: 'ERR_SPEC_GRAPH' });
  expect(error.message).toMatch(why);
});

test('J18: a build dependency may stand beside a linked one of the same package', () => {
  const nodes = [
    plainNode('a', A, [edge('b', B), edge('b', hashOf(3), ['build'])]),
    plainNode('b', B),
    plainNode('b', hashOf(3)),
  ];
  expect(readSpecDocument(documentOf(nodes), { what }).root.dependencies).toHaveLength(2);
});

test('J19: a chain of 100,000 nodes is read and walked without recursion', () => {
  const count = 100_000;
  const nodes = Array.from({ length: count }, (_, i) => {
    return plainNode('a', hashOf(i), i + 1 < count ? [edge('a', hashOf(i + 1))] : []);
  });
  const { root } = readSpecDocument(documentOf(nodes), { what });
  expect(traverse([root], { order: 'topological' })).toHaveLength(count);
});

test('J19: 60 layers, each linked twice to the next, are walked once', () => {
  const layers = 60;
  const nodes = Array.from({ length: 2 * layers }, (_, i) => {
    const below = 2 * Math.floor(i / 2) + 2;
    const edges = below < 2 * layers ? [edge('even', hashOf(below)), edge('odd', hashOf(below + 1))] : [];
    return plainNode(i % 2 === 0 ? 'even' : 'odd', hashOf(i), edges);
  });
  const { root } = readSpecDocument(documentOf(nodes), { what });
  for (const order of ['pre', 'post', 'breadth', 'topological'] as const) {
    expect(traverse([root], { order })).toHaveLength(2 * layers - 1);
  }
});

test('J20: a changed node is told from the one that was hashed', () => {
  const text = documentBytes('v5/zlib-ng.json').toString();
  const { root, nodes } = readSpecDocument(text.replace('"opt":true', '"opt":false'), { what });
  expect(nodes.map((spec) => verifyDagHash(spec)).filter((verdict) => verdict !== 'equal')).toEqual(['different']);
  expect(verifyDagHash(root)).toBe('different');
  expect(verifyDagHash(root, { fromDatabase: true })).toBe('not-recomputable');
});

test('J20: a changed node of format 4 is told from the one that was hashed', () => {
  const text = documentBytes('v4/zlib.json').toString();
  expect(verifyDagHash(readSpecDocument(text, { what }).root)).toBe('equal');
  expect(verifyDagHash(readSpecDocument(text.replace('"pic":true', '"pic":false'), { what }).root)).toBe('different');
});

test('L02: a lock file names the hash that is missing, in its own class', () => {
  const nodes = nodesOf(parseObject(documentBytes('v5/zlib-ng.json').toString()));
  const map = new Map(nodes.map((node) => [node.get('hash') as string, node] as const));
  const missing = 'sjbeimifjkrqnddy4xbx4zwc47t5ku3p';
  map.delete(missing);
  const pointerOf = (key: string): string => `/concrete_specs/${key}`;
  const error = failure(() => linkNodes(map, { what: 'spack.lock', kind: 'lock', pointerOf }));
  expect(error).toMatchObject({ kind: 'lock', code: 'ERR_SPEC_GRAPH' });
  expect(error.message).toContain(missing);
});

test('L02: a key that is not the hash of its node is refused', () => {
  const [node] = nodesOf(documentOf([plainNode('a', A)]));
  if (node === undefined) throw new Error('no node');
  const error = failure(() => linkNodes(new Map([[B, node]]), { what: 'spack.lock', kind: 'lock' }));
  expect(error).toMatchObject({ kind: 'lock', code: 'ERR_SPEC_GRAPH' });
});
