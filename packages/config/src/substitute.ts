import { isAbsolute, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { architectureOf, type ProcessVariables, type HostFacts } from './host.ts';

/** What `$name` stands for, besides variables of the process (configuration §8.1). */
export interface SubstitutionContext {
  readonly env: ProcessVariables;
  readonly home: string;
  readonly cwd: string;
  readonly host: HostFacts;
  /** `$spack`. */
  readonly prefix: string;
  readonly userCachePath: string;
  readonly instanceId: string;
  /** Directory of the active environment; `$env` stays as it is without one. */
  readonly environmentDir?: string | undefined;
  /** `1.2`: what `$spack_short_version` says. */
  readonly spackShortVersion?: string | undefined;
}

const VARIABLE = /\$(?:(\w+)|\{(\w+)\})/g;

/** The names of configuration §8.1, in lower case: they are matched whatever their case. */
export function builtinVariables(context: SubstitutionContext): ReadonlyMap<string, string | undefined> {
  const { host } = context;
  const architecture = architectureOf(host);
  return new Map([
    ['spack', context.prefix],
    ['user', host.user],
    ['tempdir', host.tempDir],
    ['user_cache_path', context.userCachePath],
    ['spack_instance_id', context.instanceId],
    ['architecture', architecture],
    ['arch', architecture],
    ['platform', host.platform],
    ['operating_system', host.os],
    ['os', host.os],
    ['target', host.target],
    ['target_family', host.targetFamily],
    ['date', host.date],
    ['env', context.environmentDir],
    ['spack_short_version', context.spackShortVersion ?? '1.2'],
  ]);
}

/** A text after substitution, and the variables that stand for nothing and stay as they were written. */
export interface Substituted {
  readonly text: string;
  readonly unset: readonly string[];
}

/**
 * Replaces `$name` and `${name}`, then a leading `~` (configuration §8.1). What a variable holds is not looked into
 * again, so that no input makes this loop (hostile-inputs Y11).
 */
export function substitute(text: string, context: SubstitutionContext): Substituted {
  const unset: string[] = [];
  const builtins = builtinVariables(context);
  const replaced = text.replace(VARIABLE, (whole, bare: string | undefined, braced: string | undefined) => {
    const name = bare ?? braced ?? '';
    const key = name.toLowerCase();
    const value = builtins.has(key) ? builtins.get(key) : context.env[name];
    if (value === undefined) unset.push(name);
    return value ?? whole;
  });
  return { text: expandHome(replaced, context), unset };
}

function expandHome(text: string, context: SubstitutionContext): string {
  const [, user, rest = ''] = /^~([^/]*)(.*)$/s.exec(text) ?? [];
  if (user === undefined || (user !== '' && user !== context.host.user)) return text;
  return context.home + rest;
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * A path of the configuration made absolute (configuration §8.2): substituted, `file://` taken off, relative to
 * `directory`, which is that of the file it is written in. A text with another scheme is returned as it is.
 */
export function canonicalPath(text: string, context: SubstitutionContext, directory: string = context.cwd): string {
  const substituted = substitute(text, context).text;
  const scheme = SCHEME.exec(substituted)?.[1]?.toLowerCase();
  if (scheme === 'file') return normalize(filePath(substituted));
  if (scheme !== undefined) return substituted;
  return isAbsolute(substituted)
    ? stripSlash(normalize(substituted))
    : stripSlash(resolve(join(directory, substituted)));
}

/** The path of a file URL, without its authority. */
function filePath(url: string): string {
  const path = url.replace(/^file:\/\/[^/]*/i, '');
  return path.includes('%') ? fileURLToPath(`file://${path}`) : path;
}

function stripSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
