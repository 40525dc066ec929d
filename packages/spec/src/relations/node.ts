import { isConcrete, type Spec } from '../spec.ts';
import { versionsIntersect, versionsSatisfy } from '../version/version-list.ts';
import { architecturesIntersect, architectureSatisfies } from './architecture.ts';
import { allNodes } from './edges.ts';
import { flagsSatisfy } from './flags.ts';
import { variantSatisfies, variantsIntersect } from './variants.ts';

/** Everything of a node but its name and its edges: does `a` meet `b`? */
export function nodeSatisfies(a: Spec, b: Spec): boolean {
  return (
    hashSatisfies(a, b) &&
    !differ(a.namespace, b.namespace) &&
    versionsSatisfy(a.versions, b.versions) &&
    variantsSatisfy(a, b) &&
    architectureSatisfies(a.architecture, b.architecture) &&
    flagsSatisfy(a.flags, b.flags)
  );
}

/** Everything of a node but its name and its edges: can one node meet both? Flags never exclude each other. */
export function nodesIntersect(a: Spec, b: Spec): boolean {
  return (
    hashesIntersect(a, b) &&
    !differ(a.namespace, b.namespace) &&
    versionsIntersect(a.versions, b.versions) &&
    [...a.variants].every(([name, variant]) => {
      const other = b.variants.get(name);
      return other === undefined || variantsIntersect(variant, other);
    }) &&
    architecturesIntersect(a.architecture, b.architecture)
  );
}

/** True if the hash that `b` begins with is that of `a`. */
export function hashSatisfies(a: Spec, b: Spec): boolean {
  if (b.abstractHash === undefined) return true;
  const hash = isConcrete(a) ? a.hash : a.abstractHash;
  return hash?.startsWith(b.abstractHash) ?? false;
}

export function hashesIntersect(a: Spec, b: Spec): boolean {
  const [left, right] = [a.abstractHash, b.abstractHash];
  return left === undefined || right === undefined || left.startsWith(right) || right.startsWith(left);
}

/** True if both are given and are not the same. */
export function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

function variantsSatisfy(a: Spec, b: Spec): boolean {
  const wanted = [...b.variants].every(([name, variant]) => {
    if (variant.propagate) return allNodes(a).every((node) => agrees(node, name, variant));
    const own = a.variants.get(name);
    return own !== undefined && !own.propagate && variantSatisfies(name, own, variant);
  });
  return wanted && (a.concrete || propagatedAgree(a, b));
}

/** What `a` propagates must not be contradicted by a node of `b`. */
function propagatedAgree(a: Spec, b: Spec): boolean {
  return [...a.variants].every(
    ([name, variant]) => !variant.propagate || allNodes(b).every((node) => agrees(node, name, variant)),
  );
}

/** A node that has the variant meets it. */
function agrees(node: Spec, name: string, variant: Parameters<typeof variantSatisfies>[1]): boolean {
  const own = node.variants.get(name);
  return own === undefined || variantSatisfies(name, own, variant);
}
