import { type Architecture, type CompilerFlag, type FlagKind, type Spec } from '../spec.ts';
import { ANY_VALUE, compareCodePoints, isOn, type VariantValue } from '../variant/variant.ts';
import { formatVersionList, isAnyVersion } from '../version/version-list.ts';
import { quoteValue } from './quote.ts';

/** A node without its dependencies; the namespace of a named node is not printed (spec-syntax §11). */
export function formatNode(spec: Spec, name: string | undefined = spec.name): string {
  const namespace = name === undefined && spec.namespace !== undefined ? ` namespace=${spec.namespace}` : '';
  const hash = spec.abstractHash === undefined ? '' : `/${spec.abstractHash}`;
  const { flags, variants, architecture } = spec;
  const attributes =
    formatFlags(flags) + formatVariants(variants) + namespace + formatArchitecture(architecture) + hash;
  return `${name ?? ''}${formatVersions(spec)}${attributes}`.trim();
}

/** `@1.2:`, or nothing when every version will do. */
export function formatVersions({ versions }: Pick<Spec, 'versions'>): string {
  return isAnyVersion(versions) ? '' : `@${formatVersionList(versions)}`;
}

/** Booleans first and glued, then the others, each behind a blank. */
export function formatVariants(variants: ReadonlyMap<string, VariantValue>): string {
  const sorted = [...variants].toSorted(([a], [b]) => compareCodePoints(a, b));
  const [booleans, others] = [true, false].map((wanted) =>
    sorted.filter(([, { type }]) => (type === 'boolean') === wanted),
  );
  const texts = [
    ...(booleans ?? []).map(([name, variant]) => formatVariant(name, variant)),
    ...(others ?? []).map(([name, variant]) => ` ${formatVariant(name, variant)}`),
  ];
  return texts.join('');
}

/** One variant: `+x`, `~~x`, `x=a,b`, `x:=a`. Patches of a concrete list are cut to seven characters. */
export function formatVariant(name: string, variant: VariantValue): string {
  const { type, concrete, propagate } = variant;
  if (type === 'boolean') return (isOn(variant) ? '+' : '~').repeat(propagate ? 2 : 1) + name;
  const delimiter = (type === 'multi' && concrete ? ':' : '') + (propagate ? '==' : '=');
  return `${name}${delimiter}${quoteValue(formatVariantValues(name, variant))}`;
}

/** The values alone, joined with commas; `*` when there are none. */
export function formatVariantValues(name: string, { values, concrete }: VariantValue): string {
  if (values.length === 0) return ANY_VALUE;
  return values.map((value) => (name === 'patches' && concrete ? value.slice(0, 7) : value)).join(',');
}

/** ` cflags='-O2 -g' ` with a blank before each kind and one behind the last; nothing without flags. */
export function formatFlags(flags: ReadonlyMap<FlagKind, readonly CompilerFlag[]>): string {
  const kinds = [...flags].toSorted(([a], [b]) => compareCodePoints(a, b));
  const text = kinds.map(([kind, list]) => flagText(kind, list, false) + flagText(kind, list, true)).join('');
  return text === '' ? '' : `${text} `;
}

/** ` platform=… os=… target=…`, each part that is set. */
export function formatArchitecture({ platform, os, target }: Architecture): string {
  const parts = { platform, os, target };
  return Object.entries(parts)
    .map(([key, value]) => (value === undefined ? '' : ` ${key}=${value}`))
    .join('');
}

function flagText(kind: FlagKind, flags: readonly CompilerFlag[], propagate: boolean): string {
  const texts = flags.filter((flag) => flag.propagate === propagate).map(({ flag }) => flag);
  if (texts.length === 0) return '';
  return ` ${kind}${propagate ? '==' : '='}${quoteValue(texts.join(' '))}`;
}
