import { depTypeMask } from '../abstract-spec.ts';
import { sortedEdges } from '../concrete/traverse.ts';
import { DEP_TYPES, type ConcreteEdge, type ConcreteSpec, type DagHash, type DepType } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';
import { compareVersions } from '../version/version.ts';
import { type FormatContext } from './attributes.ts';
import { compileFormat } from './format-string.ts';
import { DISPLAY_FORMAT } from './named-formats.ts';

export interface TreeOptions {
  /** Format string of a node; `DISPLAY_FORMAT` if not given. */
  readonly format?: string;
  readonly context?: FormatContext;
  /**
   * `nodes` (default) shows each node once, `edges` each edge once, `paths` everything below every node: that may be
   * exponentially much, so take its lines one by one.
   */
  readonly cover?: 'nodes' | 'edges' | 'paths';
  /** Follow only edges with one of these types. */
  readonly types?: readonly DepType[];
  /** Length of the hash in front of each line; none if not given. */
  readonly hashLength?: number;
  readonly showTypes?: boolean;
  /** What stands first on a line, blanks included: `[+]  `. */
  readonly status?: (spec: ConcreteSpec) => string;
}

export interface TreeLine {
  readonly spec: ConcreteSpec;
  /** 0 for roots. */
  readonly depth: number;
  /** Of the edge; with `nodes`, of all edges to the node. In the order of `DEP_TYPES`. */
  readonly types: readonly DepType[];
  readonly text: string;
}

const INDENT = 4;
/** Deeper lines are not indented further: a chain of nodes must not print quadratically much. */
const MAX_DEPTH_SHOWN = 128;

/** The tree as text, each line ended (cli §4.2). */
export function formatTree(roots: Iterable<ConcreteSpec>, options: TreeOptions = {}): string {
  return Array.from(treeLines(roots, options), ({ text }) => `${text}\n`).join('');
}

/**
 * The lines of a dependency tree, roots in order of name and version. A breadth-first walk decides under which parent
 * the dependencies of a node are shown.
 */
export function* treeLines(roots: Iterable<ConcreteSpec>, options: TreeOptions = {}): Generator<TreeLine> {
  const { cover = 'nodes' } = options;
  const walk = breadthFirst(distinct(roots), edgeFilter(options));
  const print = linePrinter(options);
  const stack: Place[] = walk.roots.map((spec) => ({ spec, depth: 0, edge: undefined })).reverse();
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    const home = place.edge === walk.homes.get(place.spec.hash);
    if (cover === 'nodes' && !home) continue;
    yield print(place, (cover === 'nodes' ? walk.types.get(place.spec.hash) : place.edge?.types) ?? []);
    if (home || cover === 'paths') stack.push(...placesBelow(place, walk).reverse());
  }
}

interface Place {
  readonly spec: ConcreteSpec;
  readonly depth: number;
  readonly edge: ConcreteEdge | undefined;
}

function placesBelow({ spec, depth }: Place, { follow, nodes }: Walk): Place[] {
  return follow(spec).map((edge) => ({ spec: nodes.get(edge.spec.hash) ?? edge.spec, depth: depth + 1, edge }));
}

type Follow = (spec: ConcreteSpec) => readonly ConcreteEdge[];

interface Walk {
  readonly follow: Follow;
  readonly roots: readonly ConcreteSpec[];
  /** One object for each hash: copies from other documents have edges of their own. */
  readonly nodes: ReadonlyMap<DagHash, ConcreteSpec>;
  /** The edge over which each node was met first; `undefined` for roots. */
  readonly homes: ReadonlyMap<DagHash, ConcreteEdge | undefined>;
  readonly types: ReadonlyMap<DagHash, readonly DepType[]>;
}

function edgeFilter({ types = DEP_TYPES }: TreeOptions): Follow {
  const all = DEP_TYPES.every((type) => types.includes(type));
  return (spec) => sortedEdges(spec).filter((edge) => all || edge.types.some((type) => types.includes(type)));
}

function distinct(roots: Iterable<ConcreteSpec>): readonly ConcreteSpec[] {
  const byHash = new Map(Array.from(roots, (root) => [root.hash, root] as const));
  return [...byHash.values()].sort(
    (a, b) =>
      compareCodePoints(a.name, b.name) || compareVersions(a.version, b.version) || compareCodePoints(a.hash, b.hash),
  );
}

function breadthFirst(roots: readonly ConcreteSpec[], follow: Follow): Walk {
  const met = new Map(roots.map((root) => [root.hash, root] as const));
  const homes = new Map<DagHash, ConcreteEdge | undefined>(roots.map((root) => [root.hash, undefined]));
  const bits = new Map<DagHash, number>();
  // A map yields what is added to it while it is walked.
  for (const spec of met.values()) {
    for (const edge of follow(spec)) {
      const { hash } = edge.spec;
      bits.set(hash, (bits.get(hash) ?? 0) | depTypeMask(edge.types));
      if (met.has(hash)) continue;
      met.set(hash, edge.spec);
      homes.set(hash, edge);
    }
  }
  const types = new Map(Array.from(bits, ([hash, sum]) => [hash, typesOf(sum)] as const));
  return { follow, roots, nodes: met, homes, types };
}

function typesOf(bits: number): readonly DepType[] {
  return DEP_TYPES.filter((type) => (bits & depTypeMask([type])) !== 0);
}

function linePrinter(options: TreeOptions): (place: Place, types: readonly DepType[]) => TreeLine {
  const { format = DISPLAY_FORMAT, context = {}, hashLength, showTypes = false, status } = options;
  const formatter = compileFormat(format);
  return ({ spec, depth }, types) => {
    const hash = hashLength === undefined ? '' : `${spec.hash.slice(0, hashLength)}  `;
    const flags = showTypes ? `[${typeLetters(types)}]  ` : '';
    const indent = ' '.repeat(INDENT * Math.min(depth, MAX_DEPTH_SHOWN)) + (depth > 0 ? '^' : '');
    return { spec, depth, types, text: `${status?.(spec) ?? ''}${hash}${flags}${indent}${formatter(spec, context)}` };
  };
}

function typeLetters(types: readonly DepType[]): string {
  return DEP_TYPES.map((type) => (types.includes(type) ? type.charAt(0) : ' ')).join('');
}
