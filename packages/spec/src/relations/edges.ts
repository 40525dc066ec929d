import { depTypeMask } from '../abstract-spec.ts';
import { DEP_TYPE_BITS, type Spec, type SpecEdge } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';

/** An edge with the node it starts from. */
export interface PlacedEdge {
  readonly parent: Spec;
  readonly edge: SpecEdge;
}

const LINK_RUN = DEP_TYPE_BITS.link | DEP_TYPE_BITS.run;

/** The virtual packages of both edges, sorted. */
export function mergeVirtuals(a: SpecEdge, b: SpecEdge): readonly string[] {
  return [...new Set([...a.virtuals, ...b.virtuals])].sort(compareCodePoints);
}

/** True if the edge has one of the types in `mask`; an edge without types may have any. */
export function edgeHasType({ types }: SpecEdge, mask: number): boolean {
  return types.length === 0 || (depTypeMask(types) & mask) !== 0;
}

/** All nodes, the root first; each once. */
export function allNodes(root: Spec): readonly Spec[] {
  return [...new Set([root, ...edgesBreadthFirst(root, () => true).map(({ edge }) => edge.spec)])];
}

/** All edges below `root`; those below a concrete node are left out, for its hash says everything about them. */
export function abstractEdges(root: Spec): readonly PlacedEdge[] {
  return edgesBreadthFirst(root, (_edge, parent) => !parent.concrete);
}

/** The edges of the link/run closure, nearest first. */
export function linkRunEdges(root: Spec): readonly SpecEdge[] {
  return edgesBreadthFirst(root, (edge) => edgeHasType(edge, LINK_RUN)).map(({ edge }) => edge);
}

function edgesBreadthFirst(root: Spec, follow: (edge: SpecEdge, parent: Spec) => boolean): readonly PlacedEdge[] {
  const nodes = new Set<Spec>([root]);
  const edges: PlacedEdge[] = [];
  for (const parent of nodes) {
    for (const edge of parent.dependencies) {
      if (!follow(edge, parent)) continue;
      edges.push({ parent, edge });
      nodes.add(edge.spec);
    }
  }
  return edges;
}
