import { type EnvironmentVariable } from '@berth/buildcache';
import { type ConcreteSpec, linkRunClosure } from '@berth/spec';
import {
  type EnvironmentModification,
  foldModifications,
  PATH_SEPARATOR,
  type PathModification,
  type PrefixInspections,
  runEnvironment,
} from '@berth/store';
import { type LocalPlaces } from './relocation-map.ts';

export interface RunEnvironmentFacts {
  /** `modules:prefix_inspections`. */
  readonly inspections: PrefixInspections;
  readonly local: LocalPlaces;
  readonly signal: AbortSignal;
}

/** What `spack load` of `roots` would set, each entry of a list once (store-and-specs-on-disk E.5). */
export async function runEnvironmentOf(
  roots: readonly ConcreteSpec[],
  { inspections, local, signal }: RunEnvironmentFacts,
): Promise<readonly EnvironmentVariable[]> {
  signal.throwIfAborted();
  const all = await runEnvironment(roots, {
    prefixOf: (spec) => local.prefixOf(spec),
    inspections,
    markLoaded: false,
  });
  // An external is not in the image, and what lies at its path there is the base image's.
  const prefixes = linkRunClosure(roots).flatMap((spec) => (spec.external === undefined ? [local.prefixOf(spec)] : []));
  const modifications = all.filter((modification) => !isPath(modification) || isBelowOne(modification.value, prefixes));
  const lists = new Map(modifications.flatMap((modification) => listSeparator(modification)));
  const pruned = [...lists].map(([name, separator]): EnvironmentModification => ({
    action: 'prune_duplicate_paths',
    name,
    separator,
  }));
  const values = foldModifications([...modifications, ...pruned], {});
  return [...values].flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value, separator: lists.get(name) }],
  );
}

function isPath(modification: EnvironmentModification): modification is PathModification {
  return modification.action === 'prepend_path' || modification.action === 'append_path';
}

function isBelowOne(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}

function listSeparator(modification: EnvironmentModification): readonly (readonly [string, string])[] {
  if (!isPath(modification)) return [];
  return [[modification.name, modification.separator ?? PATH_SEPARATOR]];
}
