import { type BuildInfo, createPrefixMap, type PrefixMap } from '@berth/archive';
import { type ConcreteSpec, type DagHash, traverse } from '@berth/spec';

/** Where things are in this install tree. */
export interface LocalPlaces {
  readonly root: string;
  readonly sbangPath: string;
  prefixOf(spec: ConcreteSpec): string;
}

/**
 * The specs whose prefixes a package may have embedded: breadth-first its link closure, itself first, then its direct run
 * dependencies, without externals (buildcache-formats §4.1).
 */
export function embeddedSpecs(spec: ConcreteSpec): readonly ConcreteSpec[] {
  const linked = traverse([spec], { types: ['link'], order: 'breadth' });
  const run = spec.dependencies.filter(({ types }) => types.includes('run')).map(({ spec: child }) => child);
  const unique = new Map<DagHash, ConcreteSpec>([...linked, ...run].map((one) => [one.hash, one]));
  return [...unique.values()].filter(({ external }) => external === undefined);
}

/**
 * From the paths recorded in a package to those of this tree, in order of precedence (buildcache-formats §12.2, and §13 for a
 * spliced spec, whose replaced dependencies map to their replacements).
 */
export function relocationMap(spec: ConcreteSpec, buildInfo: BuildInfo, local: LocalPlaces): PrefixMap {
  const pairs: [string, string][] = [];
  const add = (from: string | undefined, to: string): void => {
    if (from !== undefined && from !== '') pairs.push([from, to]);
  };
  add(buildInfo.sbangInstallPath, local.sbangPath);
  for (const embedded of embeddedSpecs(spec)) {
    add(buildInfo.hashToPrefix.get(builtAs(embedded, spec).hash), local.prefixOf(embedded));
  }
  add(buildInfo.buildPath, local.root);
  return createPrefixMap(pairs);
}

/** What stood in the place of `embedded` when the binary of `spec` was built. */
function builtAs(embedded: ConcreteSpec, spec: ConcreteSpec): ConcreteSpec {
  if (spec.buildSpec === undefined) return embedded;
  if (embedded.hash === spec.hash) return spec.buildSpec;
  const original = traverse([spec.buildSpec], { types: ['link', 'run', 'test'] });
  const unchanged = original.find(({ hash }) => hash === embedded.hash);
  return (
    unchanged ?? original.find(({ name }) => name === embedded.name) ?? analog(embedded, spec, original) ?? embedded
  );
}

/** The node of the build spec that provided everything that `embedded` provides to `spec` now. */
function analog(
  embedded: ConcreteSpec,
  spec: ConcreteSpec,
  original: readonly ConcreteSpec[],
): ConcreteSpec | undefined {
  const provided = virtualsOf(embedded, traverse([spec], { types: ['link', 'run'] }));
  if (provided.length === 0) return undefined;
  return original.find((node) => {
    const before = virtualsOf(node, original);
    return provided.every((virtual) => before.includes(virtual));
  });
}

function virtualsOf(node: ConcreteSpec, graph: readonly ConcreteSpec[]): readonly string[] {
  const edges = graph.flatMap(({ dependencies }) => dependencies.filter(({ spec }) => spec.hash === node.hash));
  return [...new Set(edges.flatMap(({ virtuals }) => virtuals))];
}
