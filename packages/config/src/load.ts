import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { BerthError, type Emit } from '@berth/base';
import { base32Sha1 } from './base32.ts';
import { parseConfigSetting } from './config-path.ts';
import { Configuration } from './configuration.ts';
import { BASE_DEFAULTS, builtinSettings, DEFAULT_INCLUDES, PLATFORM_DEFAULTS } from './defaults.ts';
import {
  type EnvironmentChoice,
  type EnvironmentPlace,
  findEnvironment,
  isEnvironmentName,
  MANIFEST_NAME,
} from './environment/find.ts';
import { checkEnvironmentSections, readManifest } from './environment/manifest.ts';
import { type ProcessVariables, type HostFacts } from './host.ts';
import { mergeNodes } from './merge.ts';
import {
  type IncludeContext,
  type IncludePorts,
  flattenScope,
  openIncludes,
  resolveIncludes,
  uniqueScopes,
} from './scopes/include.ts';
import { memoryScope, openDirectoryScope, openManifestScope, shippedScope, withIncludes } from './scopes/open.ts';
import { type ConfigScope, type ScopePriority } from './scopes/scope.ts';
import { shippedSettings, type ShippedSettings } from './scopes/shipped.ts';
import { addSetting } from './settings.ts';
import { canonicalPath, type SubstitutionContext } from './substitute.ts';
import { type ConfigData, fromData, type MapNode, mapNode } from './yaml/node.ts';

export interface LoadOptions extends IncludePorts {
  readonly env: ProcessVariables;
  readonly home: string;
  readonly cwd: string;
  readonly host: HostFacts;
  readonly signal: AbortSignal;
  readonly emit?: Emit;
  /** Default: `automatic`. */
  readonly environment?: EnvironmentChoice;
  /** `-C`, each a folder or an environment; later ones rank higher. */
  readonly scopes?: readonly string[];
  /** `-c PATH:VALUE`, in order. */
  readonly overrides?: readonly string[];
  /** Options of commands that set configuration, by section; below `overrides`. */
  readonly settings?: ConfigData;
}

/**
 * Finds all scopes and the environment (configuration §2). Files are read now; each section is parsed, checked and merged
 * when it is asked for, so that a broken `modules.yaml` fails only what needs modules.
 */
export async function loadConfiguration(options: LoadOptions): Promise<Configuration> {
  const emit = options.emit ?? ((): void => undefined);
  const substitution = substitutionContext(options);
  const base = await baseScopes(includeContext(options, { substitution, emit }));
  // Only to find the environment: what there is to say is said by the configuration that is returned.
  const early = new Configuration({ scopes: base, substitution, environment: undefined, emit: () => undefined });
  const { environmentsRoot } = early.paths;
  const environment = await findEnvironment(options.environment ?? { kind: 'automatic' }, {
    cwd: options.cwd,
    env: options.env,
    environmentsRoot,
  });
  const within = environment === undefined ? substitution : { ...substitution, environmentDir: environment.directory };
  const context = includeContext(options, { substitution: within, emit });
  const scopes = [
    ...base,
    ...(environment === undefined
      ? []
      : await environmentScopes(environment, environmentSettings(environment), context)),
    ...(await customScopes(options.scopes ?? [], { context, environmentsRoot })),
    commandLineScope(options, context),
  ];
  return new Configuration({ scopes: uniqueScopes(scopes, emit), substitution: within, environment, emit });
}

/** Where berth finds itself: `$spack`, and the caches of the user. */
function substitutionContext(options: LoadOptions): SubstitutionContext {
  const { env, home, cwd, host } = options;
  const data = nonEmpty(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share');
  const prefix = resolve(cwd, nonEmpty(env['SPACK_ROOT']) ?? join(data, 'berth'));
  const base: SubstitutionContext = {
    env,
    home,
    cwd,
    host,
    prefix,
    userCachePath: join(home, '.spack'),
    instanceId: base32Sha1(prefix).slice(0, 7),
  };
  const said = nonEmpty(env['SPACK_USER_CACHE_PATH']);
  return said === undefined ? base : { ...base, userCachePath: canonicalPath(said, base) };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function includeContext(
  options: LoadOptions,
  more: { readonly substitution: SubstitutionContext; readonly emit: Emit },
): IncludeContext {
  return {
    ...more,
    signal: options.signal,
    resolvePath: (path, file) => canonicalPath(path, more.substitution, isAbsolute(file) ? dirname(file) : options.cwd),
    ...(options.fetchInclude === undefined ? {} : { fetchInclude: options.fetchInclude }),
    ...(options.cloneInclude === undefined ? {} : { cloneInclude: options.cloneInclude }),
  };
}

/** Scopes that do not depend on where one stands, lowest first. */
async function baseScopes(context: IncludeContext): Promise<ConfigScope[]> {
  const { prefix, host } = context.substitution;
  const builtin = memoryScope(asSections(builtinSettings(host), '_builtin'), internal('_builtin', 'defaults'), context);
  const etc = join(prefix, 'etc', 'spack');
  const defaults = await defaultScopes(join(etc, 'defaults'), context);
  return [builtin, ...defaults, ...flattenScope(await spackScope(etc, context))];
}

function internal(name: string, priority: ScopePriority): { name: string; priority: ScopePriority; writable: false } {
  return { name, priority, writable: false };
}

function asSections(data: ConfigData, file: string): MapNode {
  return fromData(data, { file }) as MapNode;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** The defaults of the Spack at `$spack`, or our own where there is none. */
async function defaultScopes(directory: string, context: IncludeContext): Promise<ConfigScope[]> {
  if (await isDirectory(directory)) {
    const settings = { name: 'defaults', priority: 'defaults', writable: true } as const;
    return flattenScope(await resolveIncludes(await openDirectoryScope(directory, settings, context), context));
  }
  const { platform } = context.substitution.host;
  const shipped = [BASE, PLATFORMS.get(platform)].filter((settings) => settings !== undefined);
  return shipped.map(({ name, settings }) => shippedScope(settings, internal(name, 'defaults'), context));
}

interface NamedSettings {
  readonly name: string;
  readonly settings: ShippedSettings;
}

function named(name: string, text: string): NamedSettings {
  return { name, settings: shippedSettings(text, name) };
}

const BASE = named('defaults:base', BASE_DEFAULTS);
const PLATFORMS: ReadonlyMap<string, NamedSettings> = new Map(
  Object.entries(PLATFORM_DEFAULTS).map(([platform, text]) => [platform, named(`defaults:${platform}`, text)]),
);
const INCLUDES = shippedSettings(DEFAULT_INCLUDES, 'defaults');

/** `$spack/etc/spack` with user, site and system, which it includes (configuration §2). */
async function spackScope(etc: string, context: IncludeContext): Promise<ConfigScope> {
  const scope = await openDirectoryScope(etc, { name: 'spack', priority: 'files', writable: true }, context);
  if (scope.section('include') !== undefined) return resolveIncludes(scope, context);
  const list = INCLUDES.section('include')?.value;
  return list === undefined ? scope : withIncludes(scope, await openIncludes(scope, list, { context, path: etc }));
}

interface EnvironmentScopeSettings {
  readonly name: string;
  readonly priority: ScopePriority;
  readonly writable: boolean;
}

function environmentSettings(environment: EnvironmentPlace): EnvironmentScopeSettings {
  return { name: `env:${environment.displayName}`, priority: 'environment', writable: true };
}

async function environmentScopes(
  environment: Pick<EnvironmentPlace, 'directory'>,
  settings: EnvironmentScopeSettings,
  context: IncludeContext,
): Promise<ConfigScope[]> {
  const manifest = await readManifest(environment.directory, context);
  const scope = openManifestScope(manifest, settings, context);
  checkEnvironmentSections(scope);
  return flattenScope(await resolveIncludes(scope, context));
}

async function customScopes(
  names: readonly string[],
  options: { readonly context: IncludeContext; readonly environmentsRoot: string },
): Promise<ConfigScope[]> {
  const scopes: ConfigScope[] = [];
  for (const [index, name] of names.entries()) {
    scopes.push(...(await customScope(name, `cmd_scope_${index}`, options)));
  }
  return scopes;
}

async function customScope(
  given: string,
  name: string,
  options: { readonly context: IncludeContext; readonly environmentsRoot: string },
): Promise<ConfigScope[]> {
  const { context, environmentsRoot } = options;
  const managed = isEnvironmentName(given) ? join(environmentsRoot, given) : undefined;
  for (const directory of [managed, canonicalPath(given, context.substitution)]) {
    if (directory === undefined || !(await isDirectory(directory))) continue;
    const isEnvironment = await stat(join(directory, MANIFEST_NAME)).then(
      () => true,
      () => false,
    );
    if (isEnvironment) {
      const settings = { name: `${name}:env:${directory}`, priority: 'custom', writable: false } as const;
      return environmentScopes({ directory }, settings, context);
    }
    const scope = await openDirectoryScope(directory, { name, priority: 'custom', writable: false }, context);
    return flattenScope(await resolveIncludes(scope, context));
  }
  throw new BerthError(
    'usage',
    'ERR_CONFIG_SCOPE',
    `configuration scope ${given}: neither a folder nor an environment`,
    {
      hint: 'Name an existing folder of configuration files after -C.',
    },
  );
}

const COMMAND_LINE = { file: 'command_line' };

function commandLineScope(options: LoadOptions, context: IncludeContext): ConfigScope {
  let sections =
    options.settings === undefined ? mapNode([], COMMAND_LINE) : asSections(options.settings, 'command_line');
  for (const override of options.overrides ?? []) {
    sections = addSetting(sections, parseConfigSetting(override, COMMAND_LINE), COMMAND_LINE);
  }
  // Merged once more so that even settings of ours have the form of a scope.
  return memoryScope(mergeNodes(undefined, sections) as MapNode, internal('command_line', 'commandLine'), context);
}
