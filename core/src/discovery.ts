import { errnoCode, ioError } from '@berth/base';
import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type BerthConfig, configFileError, isCode, readConfigFile } from './config-file.ts';
import { refuseForeign } from './owner.ts';
import { type BuiltinPlugin, pluginEntries } from './plugin-entries.ts';
import { type PluginEntry } from './plugin-load.ts';
import { requireTrust, type TrustStore } from './trust/plugin-trust.ts';

/** Widest first: the order in which plugins are concatenated. */
export type ConfigScope = 'system' | 'user' | 'project';

/** Where to look; everything that the process would tell comes in as a parameter. */
export interface DiscoveryPlaces extends TrustStore {
  /** Usually `/etc/berth`. */
  readonly systemFolder: string;
  /** The environment's folder, or the current one; `undefined` skips the project scope. */
  readonly projectFolder: string | undefined;
  /** The walk upwards from the project folder ends here, or at the root. */
  readonly home: string | undefined;
}

export interface DiscoveryOptions extends DiscoveryPlaces {
  /** The plugins that come with the program. */
  readonly builtins: readonly BuiltinPlugin[];
  /** Files or folders (as URLs) from which plugin names resolve when the file that names them does not find them. */
  readonly resolveFrom: readonly string[];
}

export interface ScopedConfig {
  readonly scope: ConfigScope;
  readonly file: string;
  readonly config: BerthConfig;
}

/** What all configuration files together say. */
export interface Discovery {
  readonly files: readonly { readonly scope: ConfigScope; readonly file: string }[];
  readonly plugins: readonly PluginEntry[];
  /** Settings by mirror name; the narrowest scope wins, key by key. */
  readonly mirrorSettings: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly hookTimeoutMs: number | undefined;
}

const EXTENSIONS = ['yaml', 'yml', 'json', 'ts', 'js', 'mjs', 'cjs'];

/** Names of berth's own configuration in any folder. */
export const CONFIG_FILE_NAMES: readonly string[] = [
  ...EXTENSIONS.map((extension) => `berth.config.${extension}`),
  '.berthrc',
  ...EXTENSIONS.map((extension) => `.berthrc.${extension}`),
  'package.json',
];

/**
 * Reads every configuration file and lists the plugins, imports none. Rejects with ERR_CONFIG, with ERR_FOREIGN_FILE for a
 * file that another user can change, and with ERR_PLUGIN_UNTRUSTED (`policy`) for code in a project that is not trusted.
 */
export async function discoverPlugins(options: DiscoveryOptions): Promise<Discovery> {
  const configs = await readConfigs(options);
  const timeouts = configs.flatMap(({ config }) => config.hookTimeoutSeconds ?? []);
  const hookTimeoutSeconds = timeouts.at(-1);
  return {
    files: configs.map(({ scope, file }) => ({ scope, file })),
    plugins: pluginEntries(configs, options),
    mirrorSettings: mergeMirrorSettings(configs),
    hookTimeoutMs: hookTimeoutSeconds === undefined ? undefined : hookTimeoutSeconds * 1000,
  };
}

/** The configuration files of all scopes, system first. */
async function readConfigs(places: DiscoveryPlaces): Promise<readonly ScopedConfig[]> {
  const found: ScopedConfig[] = [];
  for (const scope of ['system', 'user', 'project'] as const) {
    for (const folder of foldersOf(scope, places)) {
      const config = await readFolder(folder, scope, places);
      if (config === undefined || found.some(({ file }) => file === config.file)) continue;
      found.push(config);
      break;
    }
  }
  return found;
}

function foldersOf(scope: ConfigScope, places: DiscoveryPlaces): readonly string[] {
  if (scope === 'system') return [places.systemFolder];
  if (scope === 'user') return [places.userFolder];
  return places.projectFolder === undefined ? [] : upwards(resolve(places.projectFolder), places.home);
}

function upwards(start: string, home: string | undefined): readonly string[] {
  const folders = [start];
  for (let folder = start; folder !== home && folder !== dirname(folder); folder = dirname(folder)) {
    folders.push(dirname(folder));
  }
  return folders;
}

async function readFolder(
  folder: string,
  scope: ConfigScope,
  places: DiscoveryPlaces,
): Promise<ScopedConfig | undefined> {
  const found: ScopedConfig[] = [];
  for (const name of CONFIG_FILE_NAMES) {
    const file = join(folder, name);
    if (!(await exists(file))) continue;
    const config = await readScoped(file, scope, places);
    if (config !== undefined) found.push({ scope, file, config });
  }
  const [first, second] = found;
  if (first === undefined || second === undefined) return first;
  throw configFileError(second.file, `${first.file} configures berth too: one of them would be ignored`);
}

async function readScoped(file: string, scope: ConfigScope, places: DiscoveryPlaces): Promise<BerthConfig | undefined> {
  // A package.json without our key is none of our business, whoever owns it.
  if (file.endsWith('package.json') && (await readConfigFile(file)) === undefined) return undefined;
  await refuseForeign(file, places);
  if (scope === 'project' && isCode(file)) await requireTrust(file, `configuration ${file}`, places);
  return readConfigFile(file);
}

/** An unreadable place is an error: the file in it may be the one that forbids something. */
async function exists(file: string): Promise<boolean> {
  try {
    return !(await lstat(file)).isDirectory();
  } catch (error) {
    const errno = errnoCode(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false;
    throw ioError(file, error);
  }
}

function mergeMirrorSettings(configs: readonly ScopedConfig[]): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const merged = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { config } of configs) {
    for (const [name, settings] of Object.entries(config.mirrors ?? {})) {
      merged.set(name, { ...merged.get(name), ...settings });
    }
  }
  return merged;
}
