export * from './spec.ts';

export * from './concrete/abstract-node.ts';
export * from './concrete/create-node.ts';
export * from './concrete/dag-hash.ts';
export * from './concrete/grammar.ts';
export { linkNodes, type LinkOptions, type MissingDependency } from './concrete/link-nodes.ts';
export * from './concrete/read-document.ts';
export * from './concrete/traverse.ts';
export { SPEC_FORMAT } from './concrete/upgrade-nodes.ts';
export * from './concrete/verify.ts';
export * from './concrete/write-document.ts';

export { type FormatContext } from './format/attributes.ts';
export * from './format/format-string.ts';
export * from './format/named-formats.ts';
export * from './format/tree.ts';

export * from './target/cpu-row.ts';
export * from './target/target.ts';

export * from './variant/variant.ts';

export * from './version/derived.ts';
export * from './version/preference.ts';
export * from './version/range.ts';
export * from './version/segments.ts';
export * from './version/version.ts';
export * from './version/version-list.ts';

export * from './abstract-spec.ts';
export * from './legacy-names.ts';
export * from './print/node.ts';
export * from './print/quote.ts';
export * from './print/spec.ts';

export { type HostArchitecture } from './parse/architecture.ts';
export * from './parse/cli.ts';
export * from './parse/parse.ts';
export { type ParseOptions } from './parse/parser.ts';
export { type Toolchain, type ToolchainEntry } from './parse/toolchains.ts';

export { constrain, type Constrained, type ConstraintPart } from './relations/constrain.ts';
export { intersects, rootsIntersect } from './relations/intersects.ts';
export { contains, findDependency } from './relations/lookup.ts';
export { compareSpecs, specsEqual } from './relations/order.ts';
export { rootSatisfies, satisfies } from './relations/satisfies.ts';
export { createVirtualPackages, NO_VIRTUALS, type Provision, type VirtualPackages } from './relations/virtuals.ts';

export * from './target/constraint.ts';
export * from './target/host.ts';
