import { type EnvironmentVariable } from '@berth/buildcache';

/** What an image without a base image has (buildcache-formats §8.5). */
const DEFAULT_PATH = 'PATH=/bin:/usr/bin';
const PATH_SEPARATOR = ':';

/**
 * The `Env` of an image: what the base image sets, with the run environment of the packages over it. Lists are put in front of what is
 * there, each entry once; every other value replaces. `PATH` comes first, then the base image's variables in their order, then new
 * ones by name (buildcache-formats §8.5).
 */
export function mergeEnvironment(
  base: readonly string[],
  runEnvironment: readonly EnvironmentVariable[],
): readonly string[] {
  const values = new Map<string, string>();
  for (const entry of [DEFAULT_PATH, ...base]) {
    const at = entry.indexOf('=');
    if (at > 0) values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const variable of byName(runEnvironment)) {
    values.set(variable.name, valueOf(variable, values.get(variable.name)));
  }
  return Array.from(values, ([name, value]) => `${name}=${value}`);
}

function byName(variables: readonly EnvironmentVariable[]): readonly EnvironmentVariable[] {
  return variables.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

function valueOf({ name, value, separator }: EnvironmentVariable, before: string | undefined): string {
  const between = name === 'PATH' ? PATH_SEPARATOR : separator;
  if (between === undefined) return value;
  const entries = [value, before ?? ''].flatMap((list) => list.split(between)).filter((entry) => entry !== '');
  return [...new Set(entries)].join(between);
}
