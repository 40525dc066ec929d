import { isAbsolute, join } from 'node:path';
import { substitute, type SubstitutionContext } from './substitute.ts';
import { type ConfigNode, nodeAt, type Position } from './yaml/node.ts';

/** Places that configuration decides, all absolute (configuration §3, §11). */
export interface ConfigPaths {
  /** `$spack`. */
  readonly prefix: string;
  readonly userCachePath: string;
  readonly miscCache: string;
  /** Downloaded sources. */
  readonly sourceCache: string;
  readonly environmentsRoot: string;
  readonly licenseDir: string;
  readonly testStage: string;
  /** Where builds happen: the first that can be used. */
  readonly buildStages: readonly string[];
  readonly templateDirs: readonly string[];
  readonly extensions: readonly string[];
  /** The keyring. */
  readonly gpgHome: string;
  /** Clones of package repositories. */
  readonly repositoriesRoot: string;
  /** File or folder of certificate authorities; `undefined` for those of the system. */
  readonly sslCerts: string | undefined;
}

export interface PathsContext {
  readonly substitution: SubstitutionContext;
  readonly resolve: (text: string, at?: Position) => string;
}

export function resolvePaths(config: ConfigNode | undefined, context: PathsContext): ConfigPaths {
  const { substitution, resolve } = context;
  const { userCachePath, prefix } = substitution;
  const one = (key: string, fallback: string): string => {
    const [first] = pathsOf(nodeAt(config, [key]), context);
    return first ?? resolve(fallback);
  };
  return {
    prefix,
    userCachePath,
    miscCache: one('misc_cache', join(userCachePath, substitution.instanceId, 'cache')),
    sourceCache: one('source_cache', '$spack/var/spack/cache'),
    environmentsRoot: one('environments_root', '$spack/var/spack/environments'),
    licenseDir: one('license_dir', '$spack/etc/spack/licenses'),
    testStage: one('test_stage', '$user_cache_path/test'),
    buildStages: buildStages(nodeAt(config, ['build_stage']), context),
    templateDirs: pathsOf(nodeAt(config, ['template_dirs']), context),
    extensions: pathsOf(nodeAt(config, ['extensions']), context),
    gpgHome: gpgHome(context),
    repositoriesRoot: join(userCachePath, 'package_repos'),
    sslCerts: sslCerts(nodeAt(config, ['ssl_certs']), context),
  };
}

interface WrittenPath {
  readonly text: string;
  readonly at: Position;
}

function written(node: ConfigNode | undefined): WrittenPath[] {
  if (node?.kind === 'list') return node.items.flatMap(written);
  return node?.kind === 'scalar' && node.type === 'string' && node.text !== ''
    ? [{ text: node.text, at: node.at }]
    : [];
}

function pathsOf(node: ConfigNode | undefined, context: PathsContext): string[] {
  return written(node).map(({ text, at }) => context.resolve(text, at));
}

/** The user's name is part of every stage, once (configuration §11). */
function buildStages(node: ConfigNode | undefined, context: PathsContext): string[] {
  const { user, tempDir } = context.substitution.host;
  const inTemp = tempDir.split('/').includes(user);
  return written(node).map(({ text, at }) => {
    const path = context.resolve(inTemp ? text.replace('$tempdir/$user', '$tempdir') : text, at);
    return path.split('/').includes(user) ? path : join(path, user);
  });
}

function gpgHome(context: PathsContext): string {
  const said = context.substitution.env['SPACK_GNUPGHOME'];
  return said === undefined || said === '' ? context.resolve('$spack/opt/spack/gpg') : context.resolve(said);
}

/** Counts only when it is absolute and no variable in it is left standing (configuration §11). */
function sslCerts(node: ConfigNode | undefined, context: PathsContext): string | undefined {
  const [said] = written(node);
  if (said === undefined) return undefined;
  const path = substitute(said.text, context.substitution).text;
  return isAbsolute(path) && !path.includes('$') ? path : undefined;
}
