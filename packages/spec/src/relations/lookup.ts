import { DEP_TYPE_BITS, type Spec, type SpecEdge } from '../spec.ts';
import { edgeHasType, linkRunEdges } from './edges.ts';
import { recordsVirtual, satisfies } from './satisfies.ts';
import { NO_VIRTUALS, type VirtualPackages } from './virtuals.ts';

const BUILD_TEST = DEP_TYPE_BITS.build | DEP_TYPE_BITS.test;

/**
 * The node that `key` names: the spec itself, else one of its build and test dependencies, else the nearest of the
 * link/run closure, by package name or by a virtual package that an edge provides (spec-syntax §12.5).
 */
export function findDependency(spec: Spec, key: string): Spec | undefined {
  if (spec.name === key) return spec;
  return findEdge(spec, key)?.spec;
}

/** The edge to the dependency that `key` names; the spec itself does not count. */
export function findEdge(spec: Spec, key: string): SpecEdge | undefined {
  const near = spec.dependencies.filter((edge) => edgeHasType(edge, BUILD_TEST));
  const found = [near, linkRunEdges(spec)].map((edges) =>
    edges.find((edge) => edge.spec.name === key || edge.virtuals.includes(key)),
  );
  return found[0] ?? found[1];
}

/** True if `query` is met by the spec, or by the dependency that it names. */
export function contains(spec: Spec, query: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (query.name === undefined || query.name === spec.name) return satisfies(spec, query, virtuals);
  const edge = findEdge(spec, query.name);
  if (edge === undefined) return false;
  return satisfies(edge.spec, query, virtuals) || recordsVirtual(edge, query, virtuals);
}
