import { depTypeMask, EMPTY_SPEC } from '../abstract-spec.ts';
import { DEP_TYPE_BITS, isConcrete, type Spec, type SpecEdge } from '../spec.ts';
import { parseVersion } from '../version/version.ts';
import { exactVersion, isAnyVersion } from '../version/version-list.ts';
import { abstractEdges, edgeHasType, linkRunEdges, type PlacedEdge } from './edges.ts';
import { intersects, mayProvide } from './intersects.ts';
import { findDependency } from './lookup.ts';
import { differ, hashSatisfies, nodeSatisfies } from './node.ts';
import { isVirtualSpec, NO_VIRTUALS, type VirtualPackages } from './virtuals.ts';

/** True if every concrete spec that matches `a` matches `b` (spec-syntax §12.1). */
export function satisfies(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (isConcrete(b)) return isConcrete(a) && a.hash === b.hash;
  if (!rootSatisfies(a, b, virtuals)) return false;
  if (differ(a.name, b.name) || b.dependencies.length === 0) return true;
  return edgesSatisfy(a, b, virtuals);
}

/** As `satisfies`, without looking at dependencies. */
export function rootSatisfies(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (isConcrete(b)) return isConcrete(a) && a.hash === b.hash;
  if (!differ(a.name, b.name)) return nodeSatisfies(a, b);
  return hashSatisfies(a, b) && providesVirtual(a, b, virtuals);
}

/**
 * True if the package of `a` is a provider as it stands (the condition of something it provides is met) and can
 * provide what `b` asks for; nothing else of `b` counts.
 */
function providesVirtual(a: Spec, b: Spec, virtuals: VirtualPackages): boolean {
  if (a.name === undefined || !isVirtualSpec(b, virtuals) || isVirtualSpec(a, virtuals)) return false;
  const provider = virtuals.provisionsBy(a.name).some(({ when }) => rootSatisfies(a, when, virtuals));
  return provider && mayProvide(a, b, virtuals);
}

function edgesSatisfy(a: Spec, b: Spec, virtuals: VirtualPackages): boolean {
  let closure: readonly SpecEdge[] | undefined;
  return abstractEdges(b).every((wanted) => {
    const parent = parentIn(a, wanted);
    const { when } = wanted.edge;
    if (parent !== undefined && when !== undefined && !intersects(parent, when, virtuals)) return true;
    if (wanted.edge.direct) return directSatisfied(a, wanted, virtuals);
    closure ??= [...linkRunEdges(a), ...a.dependencies.filter((edge) => edgeHasType(edge, DEP_TYPE_BITS.build))];
    return transitiveSatisfied(closure, wanted.edge, virtuals);
  });
}

/** The node of `a` that stands for the parent of an edge. */
function parentIn(a: Spec, { parent }: PlacedEdge): Spec | undefined {
  return parent.name === undefined ? a : findDependency(a, parent.name);
}

function directSatisfied(a: Spec, wanted: PlacedEdge, virtuals: VirtualPackages): boolean {
  const { parent, edge } = wanted;
  const node = parent.name === edge.spec.name ? a : parentIn(a, wanted);
  if (node === undefined) return false;
  const compiler = annotatedCompiler(node);
  if (compiler !== undefined && satisfies(compiler, edge.spec, virtuals)) return true;
  return node.dependencies.some(
    (own) =>
      carriesChild(own, edge, virtuals) &&
      includesTypes(own, edge) &&
      conditionSatisfies(edge, own, virtuals) &&
      (satisfies(own.spec, edge.spec, virtuals) || recordsVirtual(own, edge.spec, virtuals)),
  );
}

function transitiveSatisfied(closure: readonly SpecEdge[], edge: SpecEdge, virtuals: VirtualPackages): boolean {
  const { name } = edge.spec;
  const candidates = closure.filter(
    (own) =>
      name === undefined ||
      ((own.spec.name === name || own.virtuals.includes(name)) && conditionSatisfies(edge, own, virtuals)),
  );
  const provided = wantedVirtuals(edge, virtuals).every((virtual) =>
    candidates.some((own) => carriesVirtual(own, virtual)),
  );
  return (
    provided &&
    candidates.some((own) => rootSatisfies(own.spec, edge.spec, virtuals) || recordsVirtual(own, edge.spec, virtuals))
  );
}

/**
 * True if an edge says that its child provides the virtual package `wanted`, and no declaration of it is known:
 * a solved spec answers without its repositories, as long as no version is asked for.
 */
export function recordsVirtual({ virtuals: recorded }: SpecEdge, wanted: Spec, virtuals: VirtualPackages): boolean {
  const { name } = wanted;
  if (name === undefined || !recorded.includes(name) || !isAnyVersion(wanted.versions)) return false;
  return virtuals.provisionsOf(name).length === 0;
}

/** By name (any name for a virtual package), and with one of the virtual packages that are asked for. */
function carriesChild(own: SpecEdge, edge: SpecEdge, virtuals: VirtualPackages): boolean {
  const { name } = edge.spec;
  const byName = name === undefined || isVirtualSpec(edge.spec, virtuals) || carriesVirtual(own, name);
  const wanted = wantedVirtuals(edge, virtuals);
  return byName && (wanted.length === 0 || wanted.some((virtual) => carriesVirtual(own, virtual)));
}

/** The child provides the virtual package, or stands for it. */
function carriesVirtual({ spec, virtuals }: SpecEdge, virtual: string): boolean {
  return virtuals.includes(virtual) || spec.name === virtual;
}

function wantedVirtuals({ spec, virtuals: listed }: SpecEdge, virtuals: VirtualPackages): readonly string[] {
  return spec.name !== undefined && isVirtualSpec(spec, virtuals) ? [...listed, spec.name] : listed;
}

function includesTypes(own: SpecEdge, edge: SpecEdge): boolean {
  const wanted = depTypeMask(edge.types);
  return (depTypeMask(own.types) & wanted) === wanted;
}

/** The edge of `a` counts wherever the edge of `b` does. */
function conditionSatisfies(edge: SpecEdge, own: SpecEdge, virtuals: VirtualPackages): boolean {
  return own.when === undefined || satisfies(edge.when ?? EMPTY_SPEC, own.when, virtuals);
}

/** The compiler of a node that has it as an annotation instead of as a dependency. */
function annotatedCompiler(node: Spec): Spec | undefined {
  if (!isConcrete(node) || node.annotations.compiler === undefined) return undefined;
  const [name, version] = node.annotations.compiler.split(/@=?/, 2);
  if (name === undefined || version === undefined) return undefined;
  return { ...EMPTY_SPEC, name, versions: exactVersion(parseVersion(version)) };
}
