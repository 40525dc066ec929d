import { type CompilerFlag, type FlagKind } from '../spec.ts';

type Flags = ReadonlyMap<FlagKind, readonly CompilerFlag[]>;

/** True if every flag of `b` is among the flags of that kind of `a`. */
export function flagsSatisfy(a: Flags, b: Flags): boolean {
  return [...b].every(([kind, flags]) => missingFlags(a.get(kind) ?? [], flags).length === 0);
}

/** The flags of `a`, then those of `b` that it lacks, in order; a flag of both is propagated only if both say so. */
export function combineFlags(a: Flags, b: Flags): Flags {
  const combined = new Map(a);
  for (const [kind, flags] of b) {
    const own = a.get(kind) ?? [];
    const plain = new Set(flags.filter(({ propagate }) => !propagate).map(({ flag }) => flag));
    const kept = own.map((flag) => (flag.propagate && plain.has(flag.flag) ? { ...flag, propagate: false } : flag));
    combined.set(kind, [...kept, ...missingFlags(own, flags)]);
  }
  return combined;
}

/** True if both have the same flags in the same order. */
export function sameFlags(a: Flags, b: Flags): boolean {
  return a.size === b.size && [...a].every(([kind, flags]) => sameList(flags, b.get(kind) ?? []));
}

function sameList(a: readonly CompilerFlag[], b: readonly CompilerFlag[]): boolean {
  return (
    a.length === b.length && a.every(({ flag, propagate }, i) => flag === b[i]?.flag && propagate === b[i].propagate)
  );
}

function missingFlags(own: readonly CompilerFlag[], wanted: readonly CompilerFlag[]): readonly CompilerFlag[] {
  return wanted.filter(({ flag }) => !own.some((known) => known.flag === flag));
}
