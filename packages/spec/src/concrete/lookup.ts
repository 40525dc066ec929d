import { type ConcreteEdge, type ConcreteSpec, type Spec, type SpecEdge } from '../spec.ts';

/**
 * The node behind a name in a spec: the spec itself, or the dependency that has the name or provides it as a virtual
 * package over its edge. First among the own build and test dependencies, then breadth first among what is linked or
 * run (spec-syntax §12.5). Edges without types count as linked.
 */
export function lookUpNode(spec: ConcreteSpec, name: string): ConcreteSpec | undefined;
export function lookUpNode(spec: Spec, name: string): Spec | undefined;
export function lookUpNode(spec: Spec, name: string): Spec | undefined {
  if (spec.name === name) return spec;
  const answers = (edge: SpecEdge): boolean => edge.spec.name === name || edge.virtuals.includes(name);
  const own = spec.dependencies.filter(({ types }) => types.includes('build') || types.includes('test'));
  return (own.find(answers) ?? find(linkRunEdges(spec), answers))?.spec;
}

/** The edges over which a node uses virtual packages such as `c` or `mpi`, by virtual. */
export function providersOf(spec: ConcreteSpec): ReadonlyMap<string, ConcreteEdge> {
  return new Map(spec.dependencies.flatMap((edge) => edge.virtuals.map((virtual) => [virtual, edge] as const)));
}

function* linkRunEdges(root: Spec): Generator<SpecEdge> {
  const met = new Set<Spec>([root]);
  // A set yields what is added to it while it is walked.
  for (const spec of met) {
    for (const edge of spec.dependencies) {
      if (edge.types.length > 0 && !edge.types.includes('link') && !edge.types.includes('run')) continue;
      yield edge;
      met.add(edge.spec);
    }
  }
}

function find<T>(items: Iterable<T>, wanted: (item: T) => boolean): T | undefined {
  for (const item of items) if (wanted(item)) return item;
  return undefined;
}
