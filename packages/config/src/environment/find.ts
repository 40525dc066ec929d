import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { BerthError } from '@berth/base';

/** A folder with a `spack.yaml`, and by what name it is known (configuration §16.2). */
export interface EnvironmentPlace {
  /** Absolute. */
  readonly directory: string;
  readonly kind: 'managed' | 'anonymous';
  /** The name of a managed environment, else its folder. */
  readonly displayName: string;
}

/** How the user chose an environment. */
export type EnvironmentChoice =
  /** `-E`. */
  | { readonly kind: 'none' }
  /** `-e X`: a managed name, else a folder. */
  | { readonly kind: 'name-or-directory'; readonly value: string }
  /** `-D X`, `SPACK_ENV`. */
  | { readonly kind: 'directory'; readonly value: string }
  /** Nothing said: `SPACK_ENV`, else the `spack.yaml` of the working directory if there is one. */
  | { readonly kind: 'automatic' };

export interface FindEnvironmentOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where managed environments live: `Configuration.paths.environmentsRoot`. */
  readonly environmentsRoot: string;
}

export const MANIFEST_NAME = 'spack.yaml';
export const LOCKFILE_NAME = 'spack.lock';

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_/-]*$/u;

export function isEnvironmentName(name: string): boolean {
  return NAME.test(name);
}

/** The chosen environment; `undefined` when none is. A choice that is not an environment is ERR_ENVIRONMENT_NOT_FOUND. */
export async function findEnvironment(
  choice: EnvironmentChoice,
  options: FindEnvironmentOptions,
): Promise<EnvironmentPlace | undefined> {
  if (choice.kind === 'none') return undefined;
  if (choice.kind === 'automatic') return automatic(options);
  if (choice.kind === 'name-or-directory' && isEnvironmentName(choice.value)) {
    const managed = join(options.environmentsRoot, choice.value);
    if (await isDirectory(managed)) return placeOf(managed, options, choice.value);
  }
  return placeOf(resolve(options.cwd, choice.value), options, choice.value);
}

async function automatic(options: FindEnvironmentOptions): Promise<EnvironmentPlace | undefined> {
  const { env, cwd } = options;
  if (env['SPACK_ENV'] !== undefined && env['SPACK_ENV'] !== '') {
    return placeOf(resolve(cwd, env['SPACK_ENV']), options, env['SPACK_ENV']);
  }
  return (await isFile(join(cwd, MANIFEST_NAME))) ? placeOf(cwd, options, cwd) : undefined;
}

async function placeOf(directory: string, options: FindEnvironmentOptions, asked: string): Promise<EnvironmentPlace> {
  if (!(await isFile(join(directory, MANIFEST_NAME)))) {
    throw new BerthError(
      'notfound',
      'ERR_ENVIRONMENT_NOT_FOUND',
      `environment ${asked}: there is no ${MANIFEST_NAME} in ${directory}`,
      {
        hint: 'Name an environment that exists, or a folder that holds a spack.yaml.',
        details: { directory },
      },
    );
  }
  const managed = await isManaged(directory, options.environmentsRoot);
  return {
    directory,
    kind: managed ? 'managed' : 'anonymous',
    displayName: managed ? basename(directory) : directory,
  };
}

/** A folder is managed when the root has its name and that leads to it, directly or as a link. */
async function isManaged(directory: string, root: string): Promise<boolean> {
  try {
    return (await realpath(join(root, basename(directory)))) === (await realpath(directory));
  } catch {
    // Nothing of that name is below the root.
    return false;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

const MAX_DEPTH = 16;

/** Names of all managed environments, sorted: every folder with a manifest below the root (configuration §16.2). */
export async function listEnvironments(root: string): Promise<string[]> {
  const names: string[] = [];
  const visit = async (directory: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) return;
    if (await isFile(join(directory, MANIFEST_NAME))) {
      names.push(relative(root, directory));
      // What is tracked by a link is somebody's source tree: not for us to walk through.
      if ((await lstat(directory)).isSymbolicLink()) return;
    }
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.name.startsWith('.') || !(entry.isDirectory() || entry.isSymbolicLink())) continue;
      await visit(join(directory, entry.name), depth + 1);
    }
  };
  await visit(root, 0);
  return names.filter((name) => name !== '' && !isAbsolute(name)).sort();
}
