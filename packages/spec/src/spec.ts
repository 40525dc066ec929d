import { type JsonObject } from '@berth/base';
import { type Target } from './target/target.ts';
import { type VariantValue } from './variant/variant.ts';
import { type VersionList } from './version/version-list.ts';
import { type ConcreteVersion } from './version/version.ts';

/** Kinds of dependency with the bit that Spack sorts edges by (spec-syntax §8). */
export const DEP_TYPE_BITS = { link: 1, run: 2, build: 4, test: 8 } as const;
export type DepType = keyof typeof DEP_TYPE_BITS;

/** The order in which dependency types are always written. */
export const DEP_TYPES: readonly DepType[] = ['build', 'link', 'run', 'test'];

/** The six kinds of compiler flags a node carries, sorted. */
export const FLAG_KINDS = ['cflags', 'cppflags', 'cxxflags', 'fflags', 'ldflags', 'ldlibs'] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

export interface CompilerFlag {
  readonly flag: string;
  /** Given with `==`: also for dependencies. */
  readonly propagate: boolean;
  /** The whole text this flag came with. */
  readonly group: string;
}

/** Parts that were not given are `undefined`. `target` of an abstract spec may be a range, a list or `*`. */
export interface Architecture {
  readonly platform?: string | undefined;
  readonly os?: string | undefined;
  readonly target?: string | undefined;
}

/** 32 lower-case base32 characters. The brand keeps prefixes and bare strings out. */
export type DagHash = string & { readonly __dagHash: unique symbol };

/**
 * A spec: what the user asks for (abstract) or a node of a solved graph (`ConcreteSpec`). Values of this type never
 * change; `constrain` returns a new one.
 */
export interface Spec {
  /** `undefined` for an anonymous spec such as `+shared`. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly versions: VersionList;
  readonly variants: ReadonlyMap<string, VariantValue>;
  readonly flags: ReadonlyMap<FlagKind, readonly CompilerFlag[]>;
  readonly architecture: Architecture;
  /** What was typed after `/`: a prefix of a DAG hash. */
  readonly abstractHash: string | undefined;
  readonly dependencies: readonly SpecEdge[];
  readonly concrete: boolean;
}

export interface SpecEdge {
  readonly spec: Spec;
  /** Empty when not given. */
  readonly types: readonly DepType[];
  /** Virtual packages that the child provides over this edge, sorted. */
  readonly virtuals: readonly string[];
  /** Given with `%`. */
  readonly direct: boolean;
  /** Condition on the parent under which the edge counts; `undefined` is always. */
  readonly when: Spec | undefined;
  /** Given with `%%`. */
  readonly propagate: boolean;
}

/** One node of a solved graph, linked to its dependencies. Shared by all its dependents of one document. */
export interface ConcreteSpec extends Spec {
  readonly concrete: true;
  readonly name: string;
  /** The stored hash: authoritative even where it cannot be recomputed (store-and-specs-on-disk B.1). */
  readonly hash: DagHash;
  readonly version: ConcreteVersion;
  readonly architecture: Required<{ readonly [K in keyof Architecture]: string }>;
  readonly target: Target;
  readonly dependencies: readonly ConcreteEdge[];
  readonly external: ExternalFacts | undefined;
  /** SHA-256 of each patch, in order of application. */
  readonly patches: readonly string[];
  /** 56 characters of base32 with four `=`; absent in formats before 0.18. */
  readonly packageHash: string | undefined;
  /** What a spliced node was built as. */
  readonly buildSpec: ConcreteSpec | undefined;
  readonly annotations: {
    readonly originalSpecfileVersion: number;
    /** `gcc@=12.2.0`, of nodes first written before format 5. */
    readonly compiler?: string | undefined;
  };
  /** The node as it stands in a document of format 5, `hash` included: the bytes that are written and hashed. */
  readonly node: JsonObject;
}

export interface ConcreteEdge extends SpecEdge {
  readonly spec: ConcreteSpec;
}

/** An external node is not installed by us; one of `path` and `modules` is given. */
export interface ExternalFacts {
  readonly path: string | undefined;
  readonly modules: readonly string[];
  readonly extraAttributes: JsonObject;
}

export function isConcrete(spec: Spec): spec is ConcreteSpec {
  return spec.concrete;
}
