import { type EnvironmentVariable } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import {
  type EnvironmentModification,
  foldModifications,
  PATH_SEPARATOR,
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
  const modifications = await runEnvironment(roots, {
    prefixOf: (spec) => local.prefixOf(spec),
    inspections,
    markLoaded: false,
  });
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

function listSeparator(modification: EnvironmentModification): readonly (readonly [string, string])[] {
  if (modification.action !== 'prepend_path' && modification.action !== 'append_path') return [];
  return [[modification.name, modification.separator ?? PATH_SEPARATOR]];
}
