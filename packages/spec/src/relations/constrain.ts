import { BerthError } from '@berth/base';
import { groupEdges, sortEdges } from '../abstract-spec.ts';
import { formatSpec } from '../print/spec.ts';
import { DEP_TYPES, isConcrete, type Spec, type SpecEdge } from '../spec.ts';
import { type VariantValue } from '../variant/variant.ts';
import { compareVersionLists, versionsIntersection } from '../version/version-list.ts';
import { constrainArchitecture, sameArchitecture } from './architecture.ts';
import { mergeVirtuals } from './edges.ts';
import { combineFlags, sameFlags } from './flags.ts';
import { dependenciesIntersect } from './intersects.ts';
import { differ, hashesIntersect } from './node.ts';
import { sameCondition } from './order.ts';
import { satisfies } from './satisfies.ts';
import { combineVariants, sameVariant, variantsIntersect } from './variants.ts';
import { NO_VIRTUALS, type VirtualPackages } from './virtuals.ts';

export interface Constrained {
  readonly spec: Spec;
  /** False if `a` said it all already. A longer hash alone is no change. */
  readonly changed: boolean;
}

/** The part of two specs that cannot be met together. */
export type ConstraintPart =
  'name' | 'namespace' | 'hash' | 'version' | 'variant' | 'architecture' | 'dependency' | 'spec';

/**
 * The spec that says what `a` and `b` say; neither is changed (spec-syntax §12.4).
 * @throws BerthError `usage` ERR_SPEC_UNSATISFIABLE, `details.part` names what cannot be met
 */
export function constrain(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): Constrained {
  if (isConcrete(a)) {
    if (!satisfies(a, b, virtuals)) throw unsatisfiable('spec', a, b);
    return { spec: a, changed: false };
  }
  if (isConcrete(b) && satisfies(b, a, virtuals)) return { spec: b, changed: true };
  const node = constrainNode(a, b);
  const edges = constrainEdges(a, b, virtuals);
  return { spec: { ...node.spec, dependencies: edges.edges }, changed: node.changed || edges.changed };
}

function constrainNode(a: Spec, b: Spec): Constrained {
  if (!hashesIntersect(a, b)) throw unsatisfiable('hash', a, b);
  if (differ(a.name, b.name)) throw unsatisfiable('name', a, b);
  if (differ(a.namespace, b.namespace)) throw unsatisfiable('namespace', a, b);
  const versions = versionsIntersection(a.versions, b.versions);
  if (versions.elements.length === 0) throw unsatisfiable('version', a, b);
  const architecture = constrainArchitecture(a.architecture, b.architecture);
  if (architecture === undefined) throw unsatisfiable('architecture', a, b);
  const variants = constrainVariants(a, b);
  const flags = combineFlags(a.flags, b.flags);
  const name = a.name ?? b.name;
  const namespace = a.namespace ?? b.namespace;
  const abstractHash = longer(a.abstractHash, b.abstractHash);
  const spec = { ...a, name, namespace, versions, variants, flags, architecture, abstractHash };
  return { spec, changed: !sameNode(spec, a) };
}

/** Equal but for the hash; variants by identity. */
function sameNode(a: Spec, b: Spec): boolean {
  return (
    a.name === b.name &&
    a.namespace === b.namespace &&
    compareVersionLists(a.versions, b.versions) === 0 &&
    sameArchitecture(a.architecture, b.architecture) &&
    [...a.variants].every(([key, variant]) => variant === b.variants.get(key)) &&
    sameFlags(a.flags, b.flags)
  );
}

/** Variants that did not change keep their identity. */
function constrainVariants(a: Spec, b: Spec): ReadonlyMap<string, VariantValue> {
  const variants = new Map(a.variants);
  for (const [name, variant] of b.variants) {
    const own = a.variants.get(name);
    if (own !== undefined && !variantsIntersect(own, variant)) throw unsatisfiable('variant', a, b);
    const combined = own === undefined ? variant : combineVariants(own, variant);
    variants.set(name, own !== undefined && sameVariant(own, combined) ? own : combined);
  }
  return variants;
}

function constrainEdges(
  a: Spec,
  b: Spec,
  virtuals: VirtualPackages,
): { readonly edges: readonly SpecEdge[]; readonly changed: boolean } {
  if (b.dependencies.length === 0) return { edges: a.dependencies, changed: false };
  if (b.dependencies.some(({ spec }) => spec.name === undefined)) throw unsatisfiable('dependency', a, b);
  if (!dependenciesIntersect(a, b, virtuals)) throw unsatisfiable('dependency', a, b);
  const edges = [...a.dependencies];
  let changed = false;
  for (const added of sortEdges(b.dependencies)) {
    const position = edges.findIndex(
      (edge) => edge.spec.name === added.spec.name && sameCondition(edge.when, added.when),
    );
    const known = edges[position];
    const merged = known === undefined ? { edge: added, changed: true } : mergeEdges(known, added, virtuals);
    edges[known === undefined ? edges.length : position] = merged.edge;
    changed ||= merged.changed;
  }
  return { edges: groupEdges(edges), changed };
}

function mergeEdges(
  known: SpecEdge,
  added: SpecEdge,
  virtuals: VirtualPackages,
): { readonly edge: SpecEdge; readonly changed: boolean } {
  const child = constrain(known.spec, added.spec, virtuals);
  const types = DEP_TYPES.filter((type) => known.types.includes(type) || added.types.includes(type));
  const names = mergeVirtuals(known, added);
  const direct = known.direct || added.direct;
  const changed =
    child.changed ||
    types.length !== known.types.length ||
    names.length !== known.virtuals.length ||
    direct !== known.direct;
  return { edge: { ...known, spec: child.spec, types, virtuals: names, direct }, changed };
}

function longer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.length >= b.length ? a : b;
}

function unsatisfiable(part: ConstraintPart, a: Spec, b: Spec): BerthError {
  const [left, right] = [formatSpec(a), formatSpec(b)];
  return new BerthError('usage', 'ERR_SPEC_UNSATISFIABLE', `specs "${left}" and "${right}": no ${part} meets both`, {
    details: { part, left, right },
  });
}
