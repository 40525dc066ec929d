import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonArray, isJsonObject, type JsonValue } from '@berth/base';
import { type ConcreteSpec, type DagHash, traverse } from '@berth/spec';
import { isSystemPath } from './fold.ts';
import { type EnvironmentModification } from './modifications.ts';

/** Variables by the sub-directory whose presence adds to them, in the order of the configuration. */
export type PrefixInspections = ReadonlyMap<string, readonly string[]>;

/** `modules:prefix_inspections` when nothing is configured (store-and-specs-on-disk E.5). */
export function defaultPrefixInspections(platform: NodeJS.Platform): PrefixInspections {
  const common: [string, readonly string[]][] = [
    ['bin', ['PATH']],
    ['man', ['MANPATH']],
    ['share/man', ['MANPATH']],
    ['share/aclocal', ['ACLOCAL_PATH']],
    ['lib/pkgconfig', ['PKG_CONFIG_PATH']],
    ['lib64/pkgconfig', ['PKG_CONFIG_PATH']],
    ['share/pkgconfig', ['PKG_CONFIG_PATH']],
    ['.', ['CMAKE_PREFIX_PATH']],
  ];
  const mac: [string, readonly string[]][] = ['lib', 'lib64'].map((folder) => [folder, ['DYLD_FALLBACK_LIBRARY_PATH']]);
  return new Map(platform === 'darwin' ? [...common, ...mac] : common);
}

/** The variable that names what is loaded. */
export const LOADED_HASHES_VARIABLE = 'SPACK_LOADED_HASHES';

export interface RunEnvironmentOptions {
  readonly prefixOf: (spec: ConcreteSpec) => string;
  readonly inspections: PrefixInspections;
  /** What the recipe of a package changes for itself and for those of `dependents` that are in the closure. */
  readonly fromRecipe?:
    | ((spec: ConcreteSpec, dependents: readonly ConcreteSpec[]) => Promise<readonly EnvironmentModification[]>)
    | undefined;
  /** Adds each root to what is loaded. */
  readonly markLoaded: boolean;
}

/**
 * What must change so that the roots can be run: prefix inspections of their link and run closure, then programs and recipe
 * settings of each package, dependencies before dependents, so that the roots come first in every path
 * (store-and-specs-on-disk E.5).
 */
export async function runEnvironment(
  roots: readonly ConcreteSpec[],
  options: RunEnvironmentOptions,
): Promise<readonly EnvironmentModification[]> {
  const closure = traverse(roots, { types: ['link', 'run'], order: 'topological' }).toReversed();
  const modifications: EnvironmentModification[] = [];
  for (const spec of closure) modifications.push(...(await inspectPrefix(options.prefixOf(spec), options.inspections)));
  const executable = new Set(traverse(roots, { types: ['run'] }).map((spec) => spec.hash));
  const externalsFirst = [...closure.filter(isExternal), ...closure.filter((spec) => !isExternal(spec))];
  for (const spec of externalsFirst) {
    if (executable.has(spec.hash)) modifications.push(...(await programsOf(options.prefixOf(spec))));
    if (options.fromRecipe !== undefined) {
      modifications.push(...(await options.fromRecipe(spec, runTimeDependents(spec.hash, closure))));
    }
    modifications.push(...externalSettings(spec));
  }
  if (options.markLoaded) modifications.push(...roots.map(({ hash }) => prepend(LOADED_HASHES_VARIABLE, hash)));
  return modifications;
}

/** Prepends each inspected sub-directory that exists. Prefixes of the system change nothing. */
export async function inspectPrefix(
  prefix: string,
  inspections: PrefixInspections,
): Promise<readonly EnvironmentModification[]> {
  const modifications: EnvironmentModification[] = [];
  for (const [folder, variables] of inspections) {
    const path = join(prefix, folder);
    if (isSystemPath(path) || !(await isDirectory(path))) continue;
    modifications.push(...variables.map((name) => prepend(name, path)));
  }
  return modifications;
}

async function programsOf(prefix: string): Promise<readonly EnvironmentModification[]> {
  if (isSystemPath(prefix)) return [];
  return inspectPrefix(
    prefix,
    new Map([
      ['bin', ['PATH']],
      ['bin64', ['PATH']],
    ]),
  );
}

function runTimeDependents(hash: DagHash, closure: readonly ConcreteSpec[]): readonly ConcreteSpec[] {
  return closure.filter((parent) =>
    parent.dependencies.some(
      (edge) => edge.spec.hash === hash && (edge.types.includes('link') || edge.types.includes('run')),
    ),
  );
}

/** `extra_attributes:environment` of an external, from packages.yaml. */
function externalSettings({ external }: ConcreteSpec): readonly EnvironmentModification[] {
  const environment = external?.extraAttributes.get('environment');
  if (!isJsonObject(environment)) return [];
  return [
    ...pairs(environment.get('set')).map(([name, value]) => ({ action: 'set', name, value }) as const),
    ...names(environment.get('unset')).map((name) => ({ action: 'unset', name }) as const),
    ...(['prepend_path', 'append_path', 'remove_path'] as const).flatMap((action) =>
      pairs(environment.get(action)).map(([name, value]) => ({ action, name, value })),
    ),
  ];
}

function pairs(value: JsonValue | undefined): readonly (readonly [string, string])[] {
  if (!isJsonObject(value)) return [];
  return Array.from(value).flatMap(([name, item]) => {
    const text = scalarText(item);
    return text === undefined ? [] : [[name, text] as const];
  });
}

function names(value: JsonValue | undefined): readonly string[] {
  if (isJsonObject(value)) return [...value.keys()];
  return isJsonArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function scalarText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined;
}

function isExternal(spec: ConcreteSpec): boolean {
  return spec.external !== undefined;
}

function prepend(name: string, value: string): EnvironmentModification {
  return { action: 'prepend_path', name, value };
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
