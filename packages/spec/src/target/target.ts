import { type CompilerOptimization, type CpuRow } from './cpu-row.ts';
import { ARM_ROWS } from './data/arm.ts';
import { INTEL_ROWS } from './data/intel.ts';
import { OTHER_ROWS } from './data/other.ts';
import { X86_ROWS } from './data/x86.ts';

/** A CPU micro-architecture (spec-syntax §7). */
export interface Target {
  readonly name: string;
  /** `generic` for families and levels, and for names the table does not know. */
  readonly vendor: string;
  /** Sorted. */
  readonly features: readonly string[];
  /** Names in table order. */
  readonly parents: readonly string[];
  /** Of POWER processors, else 0. */
  readonly generation: number;
  /** Of Arm processors, else empty. */
  readonly cpuPart: string;
  readonly compilers: Readonly<Record<string, readonly CompilerOptimization[]>>;
}

const TABLE: ReadonlyMap<string, Target> = new Map(
  [...X86_ROWS, ...INTEL_ROWS, ...ARM_ROWS, ...OTHER_ROWS].map((row) => [row.name, fromRow(row)]),
);
const ANCESTORS = new Map<string, readonly string[]>();

/** Every name may be a target: an unknown one is generic, without parents and features. */
export function targetByName(name: string): Target {
  return TABLE.get(name) ?? { name, ...UNKNOWN };
}

/** All targets of the table. */
export function knownTargets(): readonly Target[] {
  return [...TABLE.values()];
}

/** Names of the less capable targets, nearest first: the parents in order, then theirs. */
export function targetAncestors(name: string): readonly string[] {
  const known = ANCESTORS.get(name);
  if (known !== undefined) return known;
  const { parents } = targetByName(name);
  const ancestors = [...new Set([...parents, ...parents.flatMap(targetAncestors)])];
  if (TABLE.has(name)) ANCESTORS.set(name, ancestors);
  return ancestors;
}

/** Name of the root ancestor: `x86_64`, `aarch64`, … */
export function targetFamily(name: string): string {
  return targetAncestors(name).find((ancestor) => targetByName(ancestor).parents.length === 0) ?? name;
}

/** True if code for `a` runs on `b`: equal, or `a` is an ancestor of `b`. A partial order. */
export function targetAtMost(a: string, b: string): boolean {
  return a === b || targetAncestors(b).includes(a);
}

/** True if a target has the feature or everything one of its alternative names stands for (`avx512`, `sse4.1`, `neon`). */
export function targetHasFeature(name: string, feature: string): boolean {
  const alias = FEATURE_ALIASES[feature];
  const { features } = targetByName(name);
  if (features.includes(feature)) return true;
  if (alias === undefined) return false;
  return alias.families?.includes(targetFamily(name)) ?? alias.anyOf?.some((item) => features.includes(item)) ?? false;
}

const UNKNOWN: Omit<Target, 'name'> = {
  vendor: 'generic',
  features: [],
  parents: [],
  generation: 0,
  cpuPart: '',
  compilers: {},
};

interface FeatureAlias {
  readonly anyOf?: readonly string[];
  readonly families?: readonly string[];
}

const FEATURE_ALIASES: Readonly<Record<string, FeatureAlias>> = {
  sse3: { anyOf: ['ssse3'] },
  avx512: { anyOf: ['avx512f', 'avx512vl', 'avx512bw', 'avx512dq', 'avx512cd'] },
  altivec: { families: ['ppc64le', 'ppc64'] },
  vsx: { families: ['ppc64le', 'ppc64'] },
  fma: { families: ['ppc64le', 'ppc64'] },
  'sse4.1': { anyOf: ['sse4_1'] },
  'sse4.2': { anyOf: ['sse4_2'] },
  neon: { families: ['aarch64'] },
};

function fromRow(row: CpuRow): Target {
  return { ...row, features: row.features === '' ? [] : row.features.split(' ') };
}
