import { isBerthError, type JsonObject } from '@berth/base';
import { type CallOptions, type StoredIndex } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash, linkNodes, verifyDagHash } from '@berth/spec';

/**
 * The specs of all packages that an index lists as available, linked in one go. A record that does not hash to its key is left out; an
 * index whose records do not fit together gives none: then the packages themselves are read (hostile-inputs X03).
 */
export async function indexedSpecs(
  index: StoredIndex,
  { signal }: CallOptions,
): Promise<ReadonlyMap<DagHash, ConcreteSpec>> {
  const nodes = new Map<string, JsonObject>();
  for (const { hash } of index.records()) {
    signal.throwIfAborted();
    const record = await index.record(hash);
    if (record !== undefined) nodes.set(hash, record.node);
  }
  const specs = new Map<DagHash, ConcreteSpec>();
  for (const spec of linked(nodes, index.nodeFormat).values()) {
    if (index.has(spec.hash) && verifyDagHash(spec) !== 'different') specs.set(spec.hash, spec);
  }
  return specs;
}

function linked(nodes: ReadonlyMap<string, JsonObject>, formatVersion: number): ReadonlyMap<string, ConcreteSpec> {
  const incomplete = new Set<string>();
  try {
    const specs = linkNodes(nodes, {
      what: 'index',
      kind: 'index',
      formatVersion,
      onMissing: ({ parentHash }) => incomplete.add(parentHash),
    });
    return new Map(Array.from(specs).filter(([hash]) => !incomplete.has(hash)));
  } catch (error) {
    if (!isBerthError(error)) throw error;
    return new Map();
  }
}
