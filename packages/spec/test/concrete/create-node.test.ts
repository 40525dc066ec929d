import { formatJson, toJson, type JsonObject } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  createNode,
  dagHash,
  linkNodes,
  readSpecDocument,
  targetByName,
  verifyDagHash,
  type ConcreteSpec,
  type NodeParts,
} from '../../src/index.ts';
import { DOCUMENTS, documentBytes } from './documents.ts';

function partsOf(spec: ConcreteSpec): NodeParts {
  return {
    name: spec.name,
    version: spec.version.text,
    architecture: { ...spec.architecture, target: spec.target },
    namespace: spec.namespace ?? '',
    // In another order than the one that is written.
    variants: new Map([...spec.variants].reverse()),
    flags: spec.flags,
    external: spec.external,
    patches: spec.node.has('patches') ? spec.patches : [],
    packageHash: spec.packageHash,
    dependencies: spec.dependencies.map((edge) => ({ ...edge, name: edge.spec.name, hash: edge.spec.hash })).reverse(),
    buildSpec: spec.buildSpec === undefined ? undefined : { name: spec.buildSpec.name, hash: spec.buildSpec.hash },
  };
}

test('a node made of the typed parts of a spec is the node that Spack wrote', () => {
  let nodes = 0;
  for (const { file } of DOCUMENTS.filter((row) => row.file.startsWith('v5/'))) {
    for (const spec of readSpecDocument(documentBytes(file), { what: file }).nodes) {
      expect(formatJson(createNode(partsOf(spec)))).toBe(formatJson(spec.node));
      nodes += 1;
    }
  }
  expect(nodes).toBe(1514);
});

test('a spliced node ends in the tail of the hash of its build spec', () => {
  const file = 'spliced/splice-vecapp-veclib1.json';
  const { root } = readSpecDocument(documentBytes(file), { what: file });
  const node = createNode(partsOf(root));
  expect(formatJson(node)).toBe(formatJson(root.node));
  expect(root.hash.slice(-7)).toBe(root.buildSpec?.hash.slice(-7));
});

test('new nodes link to specs whose hashes verify', () => {
  const leaf = createNode({
    name: 'leaf',
    version: '1.0',
    architecture: { platform: 'linux', os: 'debian12', target: targetByName('zen3') },
    namespace: 'demo',
    variants: new Map(),
    external: { path: '/usr', modules: [], extraAttributes: toJson({ b: { z: 1, a: 1e-7 }, a: 1.5 }) as JsonObject },
  });
  const root = createNode({
    name: 'root',
    version: 'git.main=2.0',
    architecture: { platform: 'linux', os: 'debian12', target: targetByName('x86_64') },
    namespace: 'demo',
    variants: new Map(),
    dependencies: [{ name: 'leaf', hash: dagHash(leaf), types: ['run', 'link', 'build'], virtuals: ['b', 'a'] }],
  });
  const specs = linkNodes(new Map([leaf, root].map((node) => [dagHash(node), node])), { what: 'new nodes' });
  expect([...specs.values()].map((spec) => verifyDagHash(spec))).toEqual(['equal', 'equal']);
  expect(formatJson(leaf.get('external') ?? null)).toBe(
    '{"path":"/usr","module":null,"extra_attributes":{"a":1.5,"b":{"a":1e-07,"z":1}}}',
  );
  const edge = specs.get(dagHash(root))?.dependencies[0];
  expect(edge).toMatchObject({ types: ['build', 'link', 'run'], virtuals: ['a', 'b'], direct: false });
});
