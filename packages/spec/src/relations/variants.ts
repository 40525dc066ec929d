import { type VariantValue, multiVariant } from '../variant/variant.ts';

/** How narrow a type is; the narrower wins when two variants are combined. */
const WIDTH = { boolean: 0, single: 1, multi: 2 } as const;

/** True if the values of `a` meet `b`: the same ones if `b` is concrete, else at least those (spec-syntax §12.2). */
export function variantSatisfies(name: string, a: VariantValue, b: VariantValue): boolean {
  if (!b.concrete) return includesValues(name, a, b);
  return a.concrete && sameValues(a, b);
}

/** True if one variant can meet both; patches are compared whole. */
export function variantsIntersect(a: VariantValue, b: VariantValue): boolean {
  if (a.concrete && b.concrete) return sameValues(a, b);
  if (a.concrete) return includesAll(a, b);
  return !b.concrete || includesAll(b, a);
}

/** The variant that meets both, which must intersect. */
export function combineVariants(a: VariantValue, b: VariantValue): VariantValue {
  const type = WIDTH[a.type] <= WIDTH[b.type] ? a.type : b.type;
  const propagate = a.propagate && b.propagate;
  const exact = [a, b].find(({ concrete }) => concrete);
  if (exact !== undefined) return { ...exact, type, propagate };
  return { ...multiVariant([...a.values, ...b.values]), type, propagate };
}

export function sameVariant(a: VariantValue, b: VariantValue): boolean {
  return a.type === b.type && a.concrete === b.concrete && a.propagate === b.propagate && sameValues(a, b);
}

function sameValues(a: VariantValue, b: VariantValue): boolean {
  return a.values.length === b.values.length && a.values.every((value, i) => value === b.values[i]);
}

/** Patches may be cut short: a value stands for every hash that starts with it. */
function includesValues(name: string, a: VariantValue, b: VariantValue): boolean {
  if (name !== 'patches') return includesAll(a, b);
  return b.values.every((value) => a.values.some((patch) => patch.startsWith(value)));
}

function includesAll(a: VariantValue, b: VariantValue): boolean {
  return b.values.every((value) => a.values.includes(value));
}
