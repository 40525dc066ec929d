import { depTypeMask } from '../abstract-spec.ts';
import { DEP_TYPES, type ConcreteEdge, type ConcreteSpec, type DagHash, type DepType } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';

export interface TraverseOptions {
  /** Follow only edges that have one of these types; all four if not given. */
  readonly types?: readonly DepType[];
  /**
   * `pre` (default) and `breadth` yield parents first as they are met, `post` children first, `topological` every node
   * before all its dependencies, as early as they allow. With `dependents`, the other way round.
   */
  readonly order?: 'pre' | 'post' | 'breadth' | 'topological';
  /** Walk upwards: over what depends on a node. Made by `dependentsOf`. */
  readonly dependents?: DependentsMap;
}

export type DependentsMap = ReadonlyMap<DagHash, readonly DependentEdge[]>;

export interface DependentEdge {
  readonly parent: ConcreteSpec;
  readonly edge: ConcreteEdge;
}

type Neighbours = (spec: ConcreteSpec) => readonly ConcreteSpec[];

/**
 * Every node that the roots reach, themselves included, each DAG hash once. Children come in ascending order of name and
 * edge types. Linear in nodes and edges, without recursion.
 */
export function traverse(roots: Iterable<ConcreteSpec>, options: TraverseOptions = {}): readonly ConcreteSpec[] {
  const { order = 'pre' } = options;
  const neighbours = neighboursOf(options);
  if (order === 'breadth') return breadthFirst(roots, neighbours);
  if (order === 'topological') return topological(roots, neighbours);
  return depthFirst(roots, neighbours)[order];
}

/** A spec with everything it needs at run time: itself and what link and run edges reach. */
export function linkRunClosure(roots: Iterable<ConcreteSpec>): readonly ConcreteSpec[] {
  return traverse(roots, { types: ['link', 'run'] });
}

/** Who depends on whom among `specs`, for walks upwards. */
export function dependentsOf(specs: Iterable<ConcreteSpec>): DependentsMap {
  const map = new Map<DagHash, DependentEdge[]>();
  for (const parent of specs) {
    for (const edge of parent.dependencies) {
      const edges = map.get(edge.spec.hash);
      if (edges === undefined) map.set(edge.spec.hash, [{ parent, edge }]);
      else edges.push({ parent, edge });
    }
  }
  return map;
}

/** Edges in the order in which they are walked and written: by child name, then by type bits (spec-syntax §8). */
export function sortedEdges(spec: ConcreteSpec): readonly ConcreteEdge[] {
  return spec.dependencies.toSorted(
    (a, b) => compareCodePoints(a.spec.name, b.spec.name) || depTypeMask(a.types) - depTypeMask(b.types),
  );
}

function neighboursOf({ types = DEP_TYPES, dependents }: TraverseOptions): Neighbours {
  const all = DEP_TYPES.every((type) => types.includes(type));
  const followed = (edge: ConcreteEdge): boolean => all || edge.types.some((type) => types.includes(type));
  if (dependents === undefined) {
    return (spec) => sortedEdges(spec).flatMap((edge) => (followed(edge) ? [edge.spec] : []));
  }
  return (spec) =>
    (dependents.get(spec.hash) ?? [])
      .filter(({ edge }) => followed(edge))
      .map(({ parent }) => parent)
      .sort((a, b) => compareCodePoints(a.name, b.name) || compareCodePoints(a.hash, b.hash));
}

function breadthFirst(roots: Iterable<ConcreteSpec>, neighbours: Neighbours): readonly ConcreteSpec[] {
  const met = new Map<DagHash, ConcreteSpec>();
  for (const root of roots) met.set(root.hash, met.get(root.hash) ?? root);
  // A map yields what is added to it while it is walked.
  for (const spec of met.values()) {
    for (const next of neighbours(spec)) if (!met.has(next.hash)) met.set(next.hash, next);
  }
  return [...met.values()];
}

/** Breadth first, but a node waits until every edge to it has been seen (store-and-specs-on-disk E.1). */
function topological(roots: Iterable<ConcreteSpec>, neighbours: Neighbours): readonly ConcreteSpec[] {
  const waiting = new Map<DagHash, number>();
  const nodes = breadthFirst(roots, neighbours);
  for (const next of nodes.flatMap(neighbours)) waiting.set(next.hash, (waiting.get(next.hash) ?? 0) + 1);
  const ready = nodes.filter(({ hash }) => !waiting.has(hash));
  // A list yields what is added to it while it is walked.
  for (const spec of ready) {
    for (const next of neighbours(spec)) {
      const left = (waiting.get(next.hash) ?? 0) - 1;
      waiting.set(next.hash, left);
      if (left === 0) ready.push(next);
    }
  }
  return ready;
}

interface DepthFirst {
  readonly pre: readonly ConcreteSpec[];
  readonly post: readonly ConcreteSpec[];
}

function depthFirst(roots: Iterable<ConcreteSpec>, neighbours: Neighbours): DepthFirst {
  const met = new Set<DagHash>();
  const pre: ConcreteSpec[] = [];
  const post: ConcreteSpec[] = [];
  for (const root of roots) {
    const stack: { spec: ConcreteSpec; children: Iterator<ConcreteSpec> }[] = [];
    const enter = (spec: ConcreteSpec): void => {
      if (met.has(spec.hash)) return;
      met.add(spec.hash);
      pre.push(spec);
      stack.push({ spec, children: neighbours(spec)[Symbol.iterator]() });
    };
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.children.next();
      if (next.done === true) {
        post.push(top.spec);
        stack.pop();
      } else enter(next.value);
    }
  }
  return { pre, post };
}
