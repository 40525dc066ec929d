import { formatJson, jsonNumber, type JsonObject, type JsonForm, type JsonValue } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '../spec.ts';
import { sortedEdges } from './traverse.ts';
import { SPEC_FORMAT } from './upgrade-nodes.ts';

/** The document of a spec in format 5, every node once, as `formatJson` writes it (store-and-specs-on-disk A.1). */
export function formatSpecDocument(root: ConcreteSpec): JsonObject {
  const spec: JsonObject = new Map<string, JsonValue>([
    ['_meta', new Map([['version', jsonNumber(SPEC_FORMAT)]])],
    ['nodes', documentOrder([root]).map(({ node }) => node)],
  ]);
  return new Map([['spec', spec]]);
}

/** The text of `formatSpecDocument`, without a final newline: compact in an install tree, `newline` in caches. */
export function formatSpecText(root: ConcreteSpec, form: JsonForm = 'compact'): string {
  return formatJson(formatSpecDocument(root), form);
}

/**
 * The order of nodes in documents and lock files: depth first over all edges, parents before children, and right behind
 * a spliced node everything of the spec it was built as, each hash once.
 */
export function documentOrder(roots: Iterable<ConcreteSpec>): readonly ConcreteSpec[] {
  const nodes = new Map<DagHash, ConcreteSpec>();
  const stack = Array.from(roots).reverse();
  for (let spec = stack.pop(); spec !== undefined; spec = stack.pop()) {
    if (nodes.has(spec.hash)) continue;
    nodes.set(spec.hash, spec);
    for (const { spec: child } of sortedEdges(spec).toReversed()) stack.push(child);
    if (spec.buildSpec !== undefined) stack.push(spec.buildSpec);
  }
  return [...nodes.values()];
}
