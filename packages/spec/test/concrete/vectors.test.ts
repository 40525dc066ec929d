import { formatJson, parseStrictJson, type JsonObject } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  dagHash,
  documentOrder,
  formatSpecDocument,
  formatSpecText,
  hashBits,
  parseDagHash,
  readSpecDocument,
  sortedEdges,
  verifyDagHash,
} from '../../src/index.ts';
import { canonicalNumbers } from '../../src/concrete/canonical-numbers.ts';
import { jsonHash } from '../../src/concrete/dag-hash.ts';
import { DOCUMENTS, documentBytes, nodesOf, readFixture } from './documents.ts';

const read = (file: string): ReturnType<typeof readSpecDocument> =>
  readSpecDocument(documentBytes(file), { what: file });

test('the vectors are complete: 79 documents, 1,911 nodes, 472 of them distinct', () => {
  const hashes = DOCUMENTS.flatMap((row) => nodesOf(parseStrictJson(documentBytes(row.file), { what: row.file })));
  expect(DOCUMENTS).toHaveLength(79);
  expect(hashes).toHaveLength(1911);
  expect(new Set(hashes.map((node) => node.get('hash'))).size).toBe(472);
});

test.each(DOCUMENTS)('$file is written back byte for byte', ({ file }) => {
  const bytes = documentBytes(file);
  expect(formatJson(parseStrictJson(bytes, { what: file }))).toBe(bytes.toString());
});

test.each(DOCUMENTS)('$file is read with the nodes, names and root it has', (row) => {
  const document = read(row.file);
  expect(document.formatVersion).toBe(row.spec_file_version);
  expect(document.root.hash).toBe(row.root);
  expect(document.nodes.map(({ hash, name }) => [hash, name])).toEqual(Object.entries(row.nodes));
});

test('every hash is recomputed but those that no one can recompute', () => {
  let equal = 0;
  for (const row of DOCUMENTS) {
    const verdicts = read(row.file).nodes.map((spec) => ({ hash: spec.hash, verdict: verifyDagHash(spec) }));
    const others = verdicts.filter(({ verdict }) => verdict !== 'equal');
    expect(others.filter(({ verdict }) => verdict === 'different')).toEqual([]);
    expect(others.map(({ hash }) => hash).sort()).toEqual([...(row.not_recomputable ?? [])].sort());
    equal += verdicts.length - others.length;
  }
  expect(equal).toBe(1896);
});

test('format 4 nodes hash as they stand', () => {
  const rows = DOCUMENTS.filter(({ spec_file_version: version }) => version === 4);
  const nodes = rows.flatMap(({ file }) => nodesOf(parseStrictJson(documentBytes(file), { what: file })));
  expect(nodes).toHaveLength(151);
  for (const node of nodes) expect(dagHash(node)).toBe(node.get('hash'));
});

const FORMAT_5 = DOCUMENTS.filter(({ spec_file_version: version }) => version === 5);

test.each(FORMAT_5)('$file survives being read and written', ({ file }) => {
  expect(formatSpecText(read(file).root)).toBe(documentBytes(file).toString());
});

test.each(DOCUMENTS.filter(({ file }) => file.startsWith('v4/')))(
  '$file is rewritten as Spack rewrites it',
  ({ file }) => {
    expect(formatSpecText(read(file).root)).toBe(documentBytes(file.replace('v4/', 'v4-rewritten/')).toString());
  },
);

test('nodes stand in a fresh pre-order and edges are sorted', () => {
  for (const { file } of DOCUMENTS) {
    const { root, nodes } = read(file);
    expect(documentOrder([root])).toEqual(nodes);
    for (const spec of nodes) expect(sortedEdges(spec)).toEqual(spec.dependencies);
  }
});

test('the newline form differs in white space only', () => {
  const { root } = read('v5/zlib-ng.json');
  const text = formatSpecText(root, 'newline');
  expect(text.startsWith('{\n"spec":{\n"_meta":{\n"version":5\n},\n"nodes":[\n{\n"name":"zlib-ng",\n')).toBe(true);
  expect(parseStrictJson(text, { what: 'newline form' })).toEqual(formatSpecDocument(root));
});

interface StringRow {
  readonly json_text: string;
  readonly canonical: string;
  readonly b32_sha1: string;
}

test('JSON text becomes canonical text and its hash', () => {
  const rows = JSON.parse(readFixture('specs/strings.json')) as StringRow[];
  expect(rows).toHaveLength(10);
  for (const row of rows) {
    // Lone surrogates are written, but never read (hostile-inputs J06).
    const value = row.json_text === '"\\ud83d"' ? '\ud83d' : parseStrictJson(row.json_text, { what: 'row' });
    const canonical = canonicalNumbers(value);
    expect(formatJson(canonical)).toBe(row.canonical);
    expect(jsonHash(canonical)).toBe(row.b32_sha1);
  }
});

test('the first 63 bits of a hash are its lock offset', () => {
  const { prefix_lock_and_prefix_failures: offsets } = JSON.parse(readFixture('specs/locks.json')) as {
    prefix_lock_and_prefix_failures: Record<string, string>;
  };
  expect(Object.keys(offsets).length).toBeGreaterThan(50);
  for (const [hash, offset] of Object.entries(offsets)) {
    expect(hashBits(parseDagHash(hash, 'row'), 63)).toBe(BigInt(offset));
  }
});

function mutations(node: JsonObject): readonly JsonObject[] {
  const text = formatJson(node);
  const change = (from: RegExp | string, to: string): JsonObject => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    return parseStrictJson(changed, { what: 'mutation' }) as JsonObject;
  };
  return [
    new Map([...node].reverse()),
    change('"cflags":["-O3","-g"]', '"cflags":["-g","-O3"]'),
    change('"virtuals":[]}', '"virtuals":[],"direct":true}'),
    change('"deptypes":["build"]', '"deptypes":["build","test"]'),
    change(/"package_hash":"./, '"package_hash":"A'),
  ];
}

test('every change of a node changes its hash', () => {
  const nodes = DOCUMENTS.flatMap(({ file }) => nodesOf(parseStrictJson(documentBytes(file), { what: file })));
  const node = nodes.find((candidate) => formatJson(candidate).includes('"cflags":["-O3","-g"]'));
  if (node === undefined) throw new Error('no node with two flags among the vectors');
  const hashes = [node, ...mutations(node)].map(dagHash);
  expect(new Set(hashes).size).toBe(hashes.length);
});
