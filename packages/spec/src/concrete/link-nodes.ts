import { BerthError, type ErrorKind, type JsonObject } from '@berth/base';
import { compatibleDepTypes } from '../abstract-spec.ts';
import { type ConcreteEdge, type ConcreteSpec } from '../spec.ts';
import { NodeSpec } from './concrete-spec.ts';
import { type EdgeFacts, type NodeFacts, readNode } from './read-node.ts';
import { checkFormatVersion, type RawNode, SPEC_FORMAT, unwrapNamedNode, upgradeNodes } from './upgrade-nodes.ts';

export interface LinkOptions {
  /** Names the document in messages: `spack.lock of environment e`. */
  readonly what: string;
  /** The class of every error, `format` unless said otherwise (a lock file's is `lock`, an index's `index`). */
  readonly kind?: ErrorKind;
  /** The spec format of the nodes, 5 if not given. */
  readonly formatVersion?: number;
  /** JSON pointer of the node under a key, for messages: `/concrete_specs/<key>`. */
  readonly pointerOf?: (key: string) => string;
  /** Where to look for a dependency that is not among the nodes: upstreams, in their order. */
  readonly lookUp?: (hash: string) => ConcreteSpec | undefined;
  /**
   * Called for each dependency that is found nowhere; its edge is dropped, as a database is read. Without it such a
   * dependency is an error.
   */
  readonly onMissing?: (missing: MissingDependency) => void;
}

export interface MissingDependency {
  readonly parent: string;
  readonly parentHash: string;
  readonly name: string;
  readonly hash: string;
}

/**
 * Concrete specs from nodes that name their dependencies by hash, under the keys they came with: the
 * `concrete_specs` of a lock file, the records of a database or index. Linear in nodes and edges, without recursion.
 * @throws BerthError of `kind`: ERR_DOCUMENT for a bad node; ERR_SPEC_GRAPH for a cycle, a missing dependency, two
 * nodes of one hash, a key that is another hash, or edges that exclude each other; ERR_SPEC_FORMAT for an unknown format
 */
export function linkNodes(nodes: ReadonlyMap<string, JsonObject>, options: LinkOptions): Map<string, ConcreteSpec> {
  const { what, kind = 'format', pointerOf = (key: string) => `/${key}` } = options;
  const formatVersion = checkFormatVersion(options.formatVersion ?? SPEC_FORMAT, { what, kind });
  const raws = Array.from(nodes, ([key, value]) => {
    const source = { what, kind, pointer: pointerOf(key) };
    return { key, node: formatVersion === 1 ? unwrapNamedNode(value, source) : value, source };
  });
  return linkRawNodes(raws, { ...options, formatVersion });
}

/** Since format 3 nodes refer to each other by DAG hash, and lock files have it as key. */
const KEYED_BY_DAG_HASH = 3;

/** Like `linkNodes`, from nodes with their places in the document. */
export function linkRawNodes(raws: readonly RawNode[], options: LinkOptions): Map<string, ConcreteSpec> {
  const facts = new Map<string, NodeFacts>();
  const hashOfKey = new Map<string, string>();
  const linker = new Linker(facts, options);
  const { formatVersion = SPEC_FORMAT } = options;
  for (const { key, node, source } of upgradeNodes(raws, formatVersion)) {
    const read = readNode(node, source);
    if (formatVersion >= KEYED_BY_DAG_HASH && key !== read.hash)
      throw linker.error(read, `it stands under the key ${key}`);
    if (facts.has(read.hash)) throw linker.error(read, 'its hash stands twice in the document');
    facts.set(read.hash, read);
    hashOfKey.set(key, read.hash);
  }
  const linked = new Map<string, ConcreteSpec>();
  for (const [key, hash] of hashOfKey) {
    linker.link(hash);
    const spec = linker.specs.get(hash);
    if (spec !== undefined) linked.set(key, spec);
  }
  return linked;
}

interface Frame {
  readonly facts: NodeFacts;
  readonly children: readonly string[];
  next: number;
}

/** Links children before parents; a node that is met again while its children are linked is on a cycle. */
class Linker {
  readonly specs = new Map<string, ConcreteSpec>();
  readonly #facts: ReadonlyMap<string, NodeFacts>;
  readonly #options: LinkOptions;
  readonly #open = new Set<string>();

  constructor(facts: ReadonlyMap<string, NodeFacts>, options: LinkOptions) {
    this.#facts = facts;
    this.#options = options;
  }

  link(root: string): void {
    const stack: Frame[] = [];
    this.#push(stack, root);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const child = frame.children[frame.next];
      if (child === undefined) {
        stack.pop();
        this.#close(frame.facts);
      } else {
        frame.next += 1;
        if (this.#open.has(child)) throw this.#cycle(stack, child);
        this.#push(stack, child);
      }
    }
  }

  error(facts: NodeFacts, why: string): BerthError {
    const { what, kind = 'format' } = this.#options;
    return new BerthError(kind, 'ERR_SPEC_GRAPH', `${what}: ${facts.name}/${facts.hash}: ${why}`, {
      details: { name: facts.name, hash: facts.hash, pointer: facts.pointer },
    });
  }

  #push(stack: Frame[], hash: string): void {
    const facts = this.#facts.get(hash);
    if (facts === undefined || this.specs.has(hash)) return;
    const children = facts.edges.map((edge) => edge.hash);
    if (facts.buildHash !== undefined) children.push(facts.buildHash);
    this.#open.add(hash);
    stack.push({ facts, children, next: 0 });
  }

  #close(facts: NodeFacts): void {
    this.#checkEdges(facts);
    const dependencies = facts.edges.flatMap((edge) => this.#edge(facts, edge) ?? []);
    const { buildHash } = facts;
    const buildSpec = buildHash === undefined ? undefined : this.#find(facts, { name: facts.name, hash: buildHash });
    this.#open.delete(facts.hash);
    this.specs.set(facts.hash, new NodeSpec(facts, { dependencies, buildSpec }));
  }

  #edge(parent: NodeFacts, { name, hash, types, virtuals, direct }: EdgeFacts): ConcreteEdge | undefined {
    const spec = this.#find(parent, { name, hash });
    if (spec === undefined) return undefined;
    return { spec, types, virtuals, direct, when: undefined, propagate: false };
  }

  #find(parent: NodeFacts, { name, hash }: { name: string; hash: string }): ConcreteSpec | undefined {
    const spec = this.specs.get(hash) ?? this.#options.lookUp?.(hash);
    if (spec === undefined) {
      if (this.#options.onMissing === undefined) throw this.error(parent, `dependency ${name}/${hash} is missing`);
      this.#options.onMissing({ parent: parent.name, parentHash: parent.hash, name, hash });
      return undefined;
    }
    if (spec.name !== name) throw this.error(parent, `dependency ${name}/${hash} is a node of ${spec.name}`);
    return spec;
  }

  /** store-and-specs-on-disk A.5, forbidden combinations. */
  #checkEdges(facts: NodeFacts): void {
    const seen = new Map<string, EdgeFacts[]>();
    for (const edge of facts.edges) {
      const others = seen.get(edge.name) ?? [];
      if (others.some((other) => !compatibleDepTypes(other.types, edge.types))) {
        throw this.error(facts, `two dependencies on ${edge.name} for the same purpose`);
      }
      seen.set(edge.name, [...others, edge]);
    }
  }

  #cycle(stack: readonly Frame[], hash: string): BerthError {
    const path = stack.slice(stack.findIndex((frame) => frame.facts.hash === hash)).map((frame) => frame.facts);
    const names = path.slice(0, 10).map((facts) => facts.name);
    const [first] = path as [NodeFacts, ...NodeFacts[]];
    return this.error(first, `it depends on itself: ${[...names, path.length > 10 ? '…' : first.name].join(' -> ')}`);
  }
}
