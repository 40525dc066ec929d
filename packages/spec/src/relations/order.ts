import { depTypeMask, EMPTY_SPEC } from '../abstract-spec.ts';
import { isConcrete, type Spec, type SpecEdge } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';
import { compareVersionLists } from '../version/version-list.ts';

/**
 * Total order, -1, 0 or 1. Concrete specs are equal exactly if their hashes are; abstract ones if their nodes and
 * edges are, propagation of edges aside (spec-syntax §12.6). The order of edges does not matter.
 */
export function compareSpecs(a: Spec, b: Spec): number {
  if (a === b) return 0;
  const order = compareNodes(a, b);
  if (order !== 0 || (isConcrete(a) && isConcrete(b))) return order;
  return compareLists(sortedEdges(a), sortedEdges(b), compareEdges);
}

export function specsEqual(a: Spec, b: Spec): boolean {
  return compareSpecs(a, b) === 0;
}

/** True if two edges count under the same condition. */
export function sameCondition(a: Spec | undefined, b: Spec | undefined): boolean {
  return specsEqual(a ?? EMPTY_SPEC, b ?? EMPTY_SPEC);
}

function compareNodes(a: Spec, b: Spec): number {
  return (
    compareTexts(a.name, b.name) ||
    compareTexts(a.namespace, b.namespace) ||
    compareVersionLists(a.versions, b.versions) ||
    compareLists(variantKeys(a), variantKeys(b), compareCodePoints) ||
    compareLists(flagKeys(a), flagKeys(b), compareCodePoints) ||
    compareTexts(a.architecture.platform, b.architecture.platform) ||
    compareTexts(a.architecture.os, b.architecture.os) ||
    compareTexts(a.architecture.target, b.architecture.target) ||
    Number(a.concrete) - Number(b.concrete) ||
    compareTexts(hashOf(a), hashOf(b))
  );
}

function compareEdges(a: SpecEdge, b: SpecEdge): number {
  return (
    compareTexts(a.spec.name, b.spec.name) ||
    Math.sign(depTypeMask(a.types) - depTypeMask(b.types)) ||
    compareLists(a.virtuals, b.virtuals, compareCodePoints) ||
    Number(a.direct) - Number(b.direct) ||
    compareSpecs(a.when ?? EMPTY_SPEC, b.when ?? EMPTY_SPEC) ||
    compareSpecs(a.spec, b.spec)
  );
}

function sortedEdges({ dependencies }: Spec): readonly SpecEdge[] {
  return dependencies.length < 2 ? dependencies : dependencies.toSorted(compareEdges);
}

function variantKeys({ variants }: Spec): readonly string[] {
  return [...variants]
    .map(([name, { type, values, concrete, propagate }]) =>
      JSON.stringify([name, type, concrete, propagate, ...values]),
    )
    .sort(compareCodePoints);
}

function flagKeys({ flags }: Spec): readonly string[] {
  return [...flags]
    .map(([kind, list]) => JSON.stringify([kind, ...list.map(({ flag, propagate }) => [flag, propagate])]))
    .sort(compareCodePoints);
}

function hashOf(spec: Spec): string | undefined {
  return isConcrete(spec) ? spec.hash : spec.abstractHash;
}

function compareTexts(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareCodePoints(a, b);
}

function compareLists<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): number {
  for (const [i, item] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compare(item, other);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}
