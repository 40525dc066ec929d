import { type DepType, type Spec, type SpecEdge, DEP_TYPE_BITS } from './spec.ts';
import { compareCodePoints } from './variant/variant.ts';
import { ANY_VERSION, isAnyVersion } from './version/version-list.ts';

/** The spec that every spec satisfies: no name, no constraint. */
export const EMPTY_SPEC: Spec = {
  name: undefined,
  namespace: undefined,
  versions: ANY_VERSION,
  variants: new Map(),
  flags: new Map(),
  architecture: {},
  abstractHash: undefined,
  dependencies: [],
  concrete: false,
};

/** True for a spec that constrains nothing, such as `*` and an empty `when`. */
export function isEmptySpec(spec: Spec): boolean {
  const { platform, os, target } = spec.architecture;
  return (
    (spec.name ?? spec.namespace ?? spec.abstractHash ?? platform ?? os ?? target) === undefined &&
    isAnyVersion(spec.versions) &&
    spec.variants.size + spec.flags.size + spec.dependencies.length === 0
  );
}

/** Dependency types as the number that edges are sorted by (spec-syntax §8). */
export function depTypeMask(types: readonly DepType[]): number {
  return types.reduce((mask, type) => mask | DEP_TYPE_BITS[type], 0);
}

/** True if two edges to packages of one name may stand side by side: no common type, and not both for link or run. */
export function compatibleDepTypes(a: readonly DepType[], b: readonly DepType[]): boolean {
  const linkRun = DEP_TYPE_BITS.link | DEP_TYPE_BITS.run;
  const [left, right] = [depTypeMask(a), depTypeMask(b)];
  return (left & right) === 0 && ((left & linkRun) === 0 || (right & linkRun) === 0);
}

/** Edges in the order in which the names of their children first come up; those of one name by their types. */
export function groupEdges(edges: readonly SpecEdge[]): readonly SpecEdge[] {
  const groups = new Map<string | undefined, SpecEdge[]>();
  for (const edge of edges) {
    const group = groups.get(edge.spec.name);
    if (group === undefined) groups.set(edge.spec.name, [edge]);
    else group.push(edge);
  }
  return [...groups.values()].flatMap((group) => group.toSorted(compareTypes));
}

/** Edges by the name of the child, then by types; otherwise in the order given. */
export function sortEdges(edges: readonly SpecEdge[]): readonly SpecEdge[] {
  return edges.toSorted((a, b) => compareCodePoints(a.spec.name ?? '', b.spec.name ?? '') || compareTypes(a, b));
}

function compareTypes(a: SpecEdge, b: SpecEdge): number {
  return depTypeMask(a.types) - depTypeMask(b.types);
}
