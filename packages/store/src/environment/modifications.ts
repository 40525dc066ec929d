/** Where elements of a path variable are separated, unless a modification says otherwise. */
export const PATH_SEPARATOR = ':';

/** One change to an environment (store-and-specs-on-disk E.5). */
export type EnvironmentModification =
  | { readonly action: 'set'; readonly name: string; readonly value: string }
  | { readonly action: 'unset'; readonly name: string }
  | {
      readonly action: 'set_path';
      readonly name: string;
      readonly values: readonly string[];
      readonly separator?: string;
    }
  | PathModification
  | FlagModification
  | PathRearrangement;

export interface FlagModification {
  readonly action: 'append_flags' | 'remove_flags';
  readonly name: string;
  readonly value: string;
  readonly separator?: string;
}

export interface PathRearrangement {
  readonly action: 'deprioritize_system_paths' | 'prune_duplicate_paths';
  readonly name: string;
  readonly separator?: string;
}

export interface PathModification {
  readonly action: 'append_path' | 'prepend_path' | 'remove_path' | 'remove_first_path' | 'remove_last_path';
  readonly name: string;
  readonly value: string;
  readonly separator?: string;
}

/**
 * What undoes `modifications`, last first, as far as the environment still tells: a variable that was set is unset, and what
 * was removed stays removed. Separators are the usual ones then, whatever was used before.
 */
export function reverseModifications(
  modifications: readonly EnvironmentModification[],
): readonly EnvironmentModification[] {
  return modifications.toReversed().flatMap(reverse);
}

function reverse(modification: EnvironmentModification): readonly EnvironmentModification[] {
  const { name } = modification;
  switch (modification.action) {
    case 'prepend_path':
      return [{ action: 'remove_first_path', name, value: modification.value }];
    case 'append_path':
      return [{ action: 'remove_last_path', name, value: modification.value }];
    case 'append_flags':
      return [{ action: 'remove_flags', name, value: modification.value }];
    case 'set':
    case 'set_path':
      return [{ action: 'unset', name }];
    default:
      return [];
  }
}
