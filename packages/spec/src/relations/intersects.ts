import { EMPTY_SPEC } from '../abstract-spec.ts';
import { isConcrete, type Spec } from '../spec.ts';
import { versionsIntersect } from '../version/version-list.ts';
import { allNodes } from './edges.ts';
import { findEdge } from './lookup.ts';
import { differ, nodesIntersect } from './node.ts';
import { rootSatisfies, satisfies } from './satisfies.ts';
import { isVirtualSpec, NO_VIRTUALS, type Provision, type VirtualPackages } from './virtuals.ts';

/** True if some concrete spec can match both (spec-syntax §12.3). Symmetric but for `target=*`. */
export function intersects(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (isConcrete(a)) return satisfies(a, b, virtuals);
  if (isConcrete(b)) return satisfies(b, a, virtuals);
  if (differ(a.name, b.name)) return namesIntersect(a, b, virtuals);
  return nodesIntersect(a, b) && dependenciesIntersect(a, b, virtuals);
}

/** As `intersects`, without looking at dependencies. */
export function rootsIntersect(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (isConcrete(a)) return rootSatisfies(a, b, virtuals);
  if (isConcrete(b)) return rootSatisfies(b, a, virtuals);
  return differ(a.name, b.name) ? namesIntersect(a, b, virtuals) : nodesIntersect(a, b);
}

/** Can the dependencies of two specs be met together? */
export function dependenciesIntersect(a: Spec, b: Spec, virtuals: VirtualPackages = NO_VIRTUALS): boolean {
  if (a.dependencies.length === 0 || b.dependencies.length === 0) return true;
  const names = new Set(b.dependencies.map(({ spec }) => spec.name));
  const common = new Set(a.dependencies.map(({ spec }) => spec.name).filter((name) => names.has(name)));
  const children = [...common].every((name) => name === undefined || childrenIntersect(a, b, { name, virtuals }));
  return children && providersAllow(a, b, virtuals) && providersAllow(b, a, virtuals);
}

function childrenIntersect(
  a: Spec,
  b: Spec,
  { name, virtuals }: { readonly name: string; readonly virtuals: VirtualPackages },
): boolean {
  const [left, right] = [findEdge(a, name)?.spec, findEdge(b, name)?.spec];
  return left === undefined || right === undefined || intersects(left, right, virtuals);
}

/** Different names: two virtual packages with a common provider, or a virtual package and one that provides it. */
function namesIntersect(a: Spec, b: Spec, virtuals: VirtualPackages): boolean {
  const [left, right] = [isVirtualSpec(a, virtuals), isVirtualSpec(b, virtuals)];
  if (left && right) return haveCommonProvider(a, b, virtuals);
  if (left) return mayProvide(b, a, virtuals);
  return right && mayProvide(a, b, virtuals);
}

function haveCommonProvider(a: Spec, b: Spec, virtuals: VirtualPackages): boolean {
  const others = providersOf(b, virtuals);
  return providersOf(a, virtuals).some((one) => others.some((other) => intersects(one, other, virtuals)));
}

/** The specs of packages that provide what a virtual spec asks for. */
function providersOf(virtual: Spec, virtuals: VirtualPackages): readonly Spec[] {
  return virtuals
    .provisionsOf(virtual.name ?? '')
    .filter(({ provides }) => versionsIntersect(provides.versions, virtual.versions))
    .map((provision) => ({ ...EMPTY_SPEC, ...provision.when, name: provision.package }));
}

/** True if a real package can provide what a virtual spec asks for. */
export function mayProvide(real: Spec, virtual: Spec, virtuals: VirtualPackages): boolean {
  return possibleProvisions(real, virtuals).some(
    ({ provides }) => provides.name === virtual.name && versionsIntersect(provides.versions, virtual.versions),
  );
}

function possibleProvisions(real: Spec, virtuals: VirtualPackages): readonly Provision[] {
  if (real.name === undefined) return [];
  return virtuals.provisionsBy(real.name).filter(({ when }) => rootsIntersect(real, when, virtuals));
}

/** No virtual package of `a` is excluded by the providers that `b` names for it. */
function providersAllow(a: Spec, b: Spec, virtuals: VirtualPackages): boolean {
  const wanted = allNodes(a).filter((node) => isVirtualSpec(node, virtuals));
  if (wanted.length === 0) return true;
  const provisions = allNodes(b).flatMap((node) => possibleProvisions(node, virtuals));
  return wanted.every((virtual) => {
    const own = provisions.filter(({ provides }) => provides.name === virtual.name);
    return own.length === 0 || own.some(({ provides }) => versionsIntersect(provides.versions, virtual.versions));
  });
}
