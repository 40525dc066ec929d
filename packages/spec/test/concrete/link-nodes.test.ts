import { parseStrictJson, toJson, type JsonObject } from '@berth/base';
import { expect, test } from '@jest/globals';
import { linkNodes, readSpecDocument, verifyDagHash, type MissingDependency } from '../../src/index.ts';
import { documentBytes, nodesOf } from './documents.ts';
import { documentOf, hashOf, plainNode } from './node-builder.ts';

const what = 'index of mirror m';
const GMAKE = 'sjbeimifjkrqnddy4xbx4zwc47t5ku3p';

function zlibRecords(): Map<string, JsonObject> {
  const nodes = nodesOf(parseStrictJson(documentBytes('v5/zlib-ng.json'), { what }));
  return new Map(nodes.map((node) => [node.get('hash') as string, node]));
}

test('records link to shared specs, whatever their order', () => {
  const records = zlibRecords();
  const specs = linkNodes(new Map([...records].reverse()), { what });
  expect([...specs.keys()]).toEqual([...records.keys()].reverse());
  const [root] = [...specs.values()].reverse();
  expect(root?.dependencies.map(({ spec }) => specs.get(spec.hash))).toEqual(
    root?.dependencies.map(({ spec }) => spec),
  );
});

test('a dependency that is found nowhere drops its edge and is reported', () => {
  const records = zlibRecords();
  records.delete(GMAKE);
  const missing: MissingDependency[] = [];
  const specs = linkNodes(records, { what, onMissing: (found) => missing.push(found) });
  const root = [...specs.values()].find(({ name }) => name === 'zlib-ng');
  expect(missing).toEqual([{ parent: 'zlib-ng', parentHash: root?.hash, name: 'gmake', hash: GMAKE }]);
  expect(root?.dependencies.map(({ spec }) => spec.name)).not.toContain('gmake');
});

test('a dependency may come from somewhere else', () => {
  const records = zlibRecords();
  const gmake = linkNodes(records, { what }).get(GMAKE);
  records.delete(GMAKE);
  const specs = linkNodes(records, { what, lookUp: (hash) => (hash === GMAKE ? gmake : undefined) });
  const root = [...specs.values()].find(({ name }) => name === 'zlib-ng');
  expect(root?.dependencies.find(({ spec }) => spec.name === 'gmake')?.spec).toBe(gmake);
});

test('a spec shows typed facts of its node', () => {
  const { root } = readSpecDocument(documentBytes('v5/external-hard-json.json'), { what });
  expect(root.external).toMatchObject({ path: '/usr', modules: ['gcc/12', 'x y'] });
  expect(root.variants.get('languages')).toEqual({
    type: 'multi',
    values: ['c', 'c++', 'fortran'],
    concrete: true,
    propagate: false,
  });
  expect(root.variants.get('bootstrap')?.type).toBe('boolean');
  expect(root.variants.get('build_type')).toMatchObject({ type: 'single', values: ['RelWithDebInfo'] });
  expect(root.flags.size).toBe(0);
  expect(root.target.name).toBe('x86_64');
  expect(root.packageHash).toMatch(/^[a-z2-7]{52}====$/);
});

test('patches keep their order of application, flags their order and group', () => {
  const { root } = readSpecDocument(documentBytes('v5/zlib-ng-zen3-flags.json'), { what });
  expect(root.flags.get('cflags')).toEqual(['-O3', '-g'].map((flag) => ({ flag, propagate: false, group: '-O3 -g' })));
  const patched = readSpecDocument(documentBytes('v5/boost-python.json'), { what }).root;
  expect(patched.patches).toHaveLength(patched.variants.get('patches')?.values.length ?? -1);
  expect(patched.patches).toEqual((patched.node.get('patches') as readonly string[]).slice());
});

const OLD_ARCH = { platform: 'linux', platform_os: 'centos7', target: 'haswell' };
const [A, B] = [hashOf(1), hashOf(2)];

test('format 1 names its nodes by key and its dependencies by name', () => {
  const common = { version: '1.0', arch: OLD_ARCH, compiler: { name: 'gcc', version: '8.3.0' }, namespace: 'builtin' };
  const document = toJson({
    spec: [
      {
        a: {
          ...common,
          parameters: { cxxstd: 17, shared: 'True' },
          dependencies: { b: { hash: B, type: ['build', 'link'] } },
          hash: A,
        },
      },
      { b: { ...common, parameters: {}, hash: B } },
    ],
  }) as JsonObject;
  const { root, formatVersion, nodes } = readSpecDocument(document, { what });
  expect([formatVersion, nodes.length, root.hash]).toEqual([1, 2, A]);
  expect(root.dependencies[0]).toMatchObject({ types: ['build', 'link'], virtuals: [], direct: true });
  expect(root.annotations).toEqual({ originalSpecfileVersion: 1, compiler: 'gcc@=8.3.0' });
  expect(root.variants.get('cxxstd')?.values).toEqual(['17']);
  expect(root.variants.get('shared')).toMatchObject({ type: 'boolean', values: ['true'] });
  expect(verifyDagHash(root)).toBe('not-recomputable');
});

test('format 2 refers by the hash that its dependencies carry', () => {
  const old = (name: string, hash: string, build: string, dependencies?: unknown): unknown => {
    return { name, version: '1.0', arch: OLD_ARCH, parameters: {}, dependencies, hash, build_hash: build };
  };
  const [buildA, buildB] = [hashOf(3), hashOf(4)];
  const edges = [{ name: 'b', build_hash: buildB, type: ['link'] }];
  const { root } = readSpecDocument(documentOf([old('a', A, buildA, edges), old('b', B, buildB)], 2), { what });
  expect(root.hash).toBe(A);
  expect(root.dependencies.map(({ spec }) => spec.hash)).toEqual([B]);
  expect([...root.node.keys()]).toEqual([
    'name',
    'version',
    'arch',
    'parameters',
    'dependencies',
    'annotations',
    'hash',
  ]);
});

test('format 3 has types beside the hash', () => {
  const nodes = [
    { ...plainNode('a', A), annotations: undefined, dependencies: [{ name: 'b', hash: B, type: ['run'] }] },
    { ...plainNode('b', B), annotations: undefined, dependencies: undefined },
  ];
  const { root, formatVersion } = readSpecDocument(documentOf(nodes, 3), { what });
  expect(formatVersion).toBe(3);
  expect(root.dependencies[0]).toMatchObject({ types: ['run'], direct: true });
});

test('old lock files are keyed by the hash their edges name, new ones by DAG hash', () => {
  const [keyA, keyB] = [hashOf(3), hashOf(4)];
  const node = (hash: string | undefined, dependencies?: unknown): JsonObject =>
    toJson({
      name: hash === A ? 'a' : 'b',
      version: '1',
      arch: OLD_ARCH,
      parameters: {},
      dependencies,
      hash,
    }) as JsonObject;
  const records = new Map([
    [keyA, node(A, [{ name: 'b', build_hash: keyB, type: ['link'] }])],
    [keyB, node(B)],
  ]);
  const specs = linkNodes(records, { what, kind: 'lock', formatVersion: 2 });
  expect(specs.get(keyA)?.hash).toBe(A);
  expect(specs.get(keyA)?.dependencies[0]?.spec).toBe(specs.get(keyB));
});

test('the oldest lock files nest each node under its name and may not tell its hash', () => {
  const node = (name: string, dependencies?: unknown): JsonObject =>
    toJson({ [name]: { version: '1', arch: OLD_ARCH, parameters: {}, dependencies } }) as JsonObject;
  const records = new Map([
    [A, node('a', { b: { hash: B, type: ['build'] } })],
    [B, node('b')],
  ]);
  const specs = linkNodes(records, { what, kind: 'lock', formatVersion: 1 });
  expect(specs.get(A)).toMatchObject({ name: 'a', hash: A });
  expect(specs.get(A)?.dependencies[0]?.spec).toBe(specs.get(B));
});

test('a record without a hash of its own is known by its key', () => {
  const [node] = nodesOf(documentOf([plainNode('a', A, [], { hash: undefined })]));
  if (node === undefined) throw new Error('no node');
  expect(linkNodes(new Map([[B, node]]), { what }).get(B)?.hash).toBe(B);
});
