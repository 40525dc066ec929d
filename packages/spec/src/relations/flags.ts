import { type CompilerFlag, type FlagKind } from '../spec.ts';

type Flags = ReadonlyMap<FlagKind, readonly CompilerFlag[]>;

/** True if every flag of `b` is among the flags of that kind of `a`. */
export function flagsSatisfy(a: Flags, b: Flags): boolean {
  return [...b].every(([kind, flags]) => missingFlags(a.get(kind) ?? [], flags).length === 0);
}

/** The flags of `a`, then those of `b` that it lacks, in order. */
export function combineFlags(a: Flags, b: Flags): Flags {
  const combined = new Map(a);
  for (const [kind, flags] of b) {
    const own = a.get(kind) ?? [];
    combined.set(kind, [...own, ...missingFlags(own, flags)]);
  }
  return combined;
}

function missingFlags(own: readonly CompilerFlag[], wanted: readonly CompilerFlag[]): readonly CompilerFlag[] {
  return wanted.filter(({ flag }) => !own.some((known) => known.flag === flag));
}
