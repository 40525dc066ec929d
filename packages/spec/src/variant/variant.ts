/** The value `*`: the variant is there, with any value. */
export const ANY_VALUE = '*';

/**
 * A variant of a node (spec-syntax §5). `values` are sorted and unique. Boolean variants are concrete and hold
 * `'true'` or `'false'`. An abstract one ("at least these") has no values when it was given as `*`.
 */
export interface VariantValue {
  readonly type: 'boolean' | 'single' | 'multi';
  readonly values: readonly string[];
  /** Exactly these values: `:=`, booleans, everything in a solved spec. */
  readonly concrete: boolean;
  /** Also for dependencies that have the variant: `==`, `++`, `~~`. */
  readonly propagate: boolean;
}

export interface VariantOptions {
  readonly concrete?: boolean;
  readonly propagate?: boolean;
}

export function booleanVariant(value: boolean, options: { readonly propagate?: boolean } = {}): VariantValue {
  return { type: 'boolean', values: [String(value)], concrete: true, propagate: options.propagate ?? false };
}

export function singleVariant(value: string, options: { readonly propagate?: boolean } = {}): VariantValue {
  return { type: 'single', values: [value], concrete: true, propagate: options.propagate ?? false };
}

/** Sorts the values by code point and drops duplicates. */
export function multiVariant(values: readonly string[], options: VariantOptions = {}): VariantValue {
  const sorted = [...new Set(values)].sort(compareCodePoints);
  return { type: 'multi', values: sorted, concrete: options.concrete ?? false, propagate: options.propagate ?? false };
}

/** True for a boolean variant that is on. */
export function isOn(variant: VariantValue): boolean {
  return variant.type === 'boolean' && variant.values[0] === 'true';
}

/** Order of texts by code point (UTF-8 keeps it), as all values and names are sorted. */
export function compareCodePoints(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
