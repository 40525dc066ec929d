import { posix } from 'node:path';
import {
  type EnvironmentModification,
  type FlagModification,
  PATH_SEPARATOR,
  type PathModification,
  type PathRearrangement,
} from './modifications.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** New values of the variables that change, by name in alphabetical order; `undefined` for those that go. */
export type EnvironmentChanges = ReadonlyMap<string, string | undefined>;

const FLAG_SEPARATOR = ' ';

/** Directories of the system: putting them first would hide what is installed. */
const SYSTEM_PATHS: ReadonlySet<string> = new Set(
  ['/', '/usr', '/usr/local'].flatMap((root) => [
    root,
    ...['bin', 'bin64', 'include', 'lib', 'lib64'].map((folder) => posix.join(root, folder)),
  ]),
);

export function isSystemPath(path: string): boolean {
  return SYSTEM_PATHS.has(normalPath(path));
}

/** All modifications applied one after the other to `environment`, one final value for each variable. */
export function foldModifications(
  modifications: Iterable<EnvironmentModification>,
  environment: Environment,
): EnvironmentChanges {
  const values = new Map<string, string | undefined>();
  const currentOf = (name: string): string | undefined =>
    values.has(name) ? values.get(name) : Object.hasOwn(environment, name) ? environment[name] : undefined;
  for (const modification of modifications) {
    values.set(modification.name, apply(modification, currentOf(modification.name)));
  }
  const names = Array.from(values.keys()).sort();
  return new Map(
    names
      .map((name) => [name, values.get(name)] as const)
      .filter(([name, value]) => value !== (Object.hasOwn(environment, name) ? environment[name] : undefined)),
  );
}

function apply(modification: EnvironmentModification, current: string | undefined): string | undefined {
  switch (modification.action) {
    case 'set':
      return modification.value;
    case 'unset':
      return undefined;
    case 'set_path':
      return modification.values.join(modification.separator ?? PATH_SEPARATOR);
    case 'append_flags':
    case 'remove_flags':
      return editFlags(modification, current);
    case 'append_path':
    case 'prepend_path':
      return editPath(modification, current ?? '');
    default:
      return editPath(modification, current);
  }
}

function editFlags(
  { action, value, separator = FLAG_SEPARATOR }: FlagModification,
  current: string | undefined,
): string | undefined {
  if (action === 'append_flags') return [...partsOf(current, separator), value].join(separator);
  return editList(current, separator, (flags) => flags.filter((flag) => flag !== value));
}

function editPath(modification: PathModification | PathRearrangement, current: string | undefined): string | undefined {
  return editList(current, modification.separator ?? PATH_SEPARATOR, (parts) =>
    editedParts(modification, parts.map(normalPath)),
  );
}

function editedParts(modification: PathModification | PathRearrangement, parts: readonly string[]): readonly string[] {
  switch (modification.action) {
    case 'append_path':
      return [...parts, normalPath(modification.value)];
    case 'prepend_path':
      return [normalPath(modification.value), ...parts];
    case 'remove_path':
      return parts.filter((part) => part !== normalPath(modification.value));
    case 'remove_first_path':
      return without(parts, parts.indexOf(normalPath(modification.value)));
    case 'remove_last_path':
      return without(parts, parts.lastIndexOf(normalPath(modification.value)));
    case 'deprioritize_system_paths':
      return [...parts.filter((part) => !SYSTEM_PATHS.has(part)), ...parts.filter((part) => SYSTEM_PATHS.has(part))];
    case 'prune_duplicate_paths':
      return [...new Set(parts)];
  }
}

function without(parts: readonly string[], position: number): readonly string[] {
  return position === -1 ? parts : parts.toSpliced(position, 1);
}

/** What is unset stays unset, what is empty stays empty. */
function editList(
  current: string | undefined,
  separator: string,
  edit: (parts: readonly string[]) => readonly string[],
): string | undefined {
  return current === undefined ? undefined : edit(partsOf(current, separator)).join(separator);
}

function partsOf(current: string | undefined, separator: string): readonly string[] {
  return current === undefined || current === '' ? [] : current.split(separator);
}

/** `/a/./b/` is `/a/b`, and an empty element is the working directory, as the system reads it. */
function normalPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
