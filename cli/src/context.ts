import { BerthError, type Emit } from '@berth/base';
import { type Configuration, type EnvironmentChoice, hostFacts, loadConfiguration } from '@berth/config';
import { type Discovery, type DiscoveryPlaces, type PluginHost } from '@berth/core';
import { join } from 'node:path';
import { BUILTIN_PLUGINS } from './builtins.ts';
import { type GlobalValues } from './dispatch.ts';
import { type ProcessFacts } from './process-facts.ts';

/** What a command works with. Everything costly is opened on first use and shared afterwards. */
export interface CommandContext {
  readonly globals: GlobalValues;
  readonly facts: ProcessFacts;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** The working folder; ERR_IO when it was deleted. */
  cwd(): string;
  /** Spack's configuration, with the environment that is in use. */
  configuration(): Promise<Configuration>;
  /** Where berth's own configuration is looked for. */
  places(): Promise<DiscoveryPlaces>;
  /** Berth's own configuration and the plugins it names. */
  discovery(): Promise<Discovery>;
  plugins(): Promise<PluginHost>;
  /** The plugins imported so far. */
  loadedPlugins(): readonly string[];
}

export interface ContextOptions {
  readonly globals: GlobalValues;
  readonly facts: ProcessFacts;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

export function createContext(options: ContextOptions): CommandContext {
  const { facts, emit } = options;
  const cwd = (): string => existing(facts.cwd, 'the working folder', 'it was deleted');
  const configuration = once(() => loadConfigurationOf(options, cwd()));
  const places = once(async () => placesOf(facts, (await configuration()).environment?.directory ?? cwd()));
  // Imported when a plugin is asked for: most commands that only read never do.
  const discovery = once(async () => {
    const { discoverPlugins } = await import('@berth/core');
    return discoverPlugins({ ...(await places()), builtins: BUILTIN_PLUGINS, resolveFrom: [import.meta.url] });
  });
  let host: PluginHost | undefined;
  const plugins = once(async () => {
    const { createPluginHost } = await import('@berth/core');
    const { plugins: entries, hookTimeoutMs } = await discovery();
    host = createPluginHost({ plugins: entries, emit, ...(hookTimeoutMs === undefined ? {} : { hookTimeoutMs }) });
    return host;
  });
  const loadedPlugins = (): readonly string[] => host?.loaded() ?? [];
  return { ...options, cwd, configuration, places, discovery, plugins, loadedPlugins };
}

async function loadConfigurationOf(
  { globals, facts, signal, emit }: ContextOptions,
  cwd: string,
): Promise<Configuration> {
  return loadConfiguration({
    env: facts.env,
    home: homeOf(facts),
    cwd,
    host: await hostFacts(),
    environment: environmentChoice(globals),
    scopes: globals.configScopes,
    overrides: globals.configOverrides,
    signal,
    emit,
  });
}

function environmentChoice({ env, envDir, noEnv }: GlobalValues): EnvironmentChoice {
  if (noEnv) return { kind: 'none' };
  if (envDir !== undefined) return { kind: 'directory', value: envDir };
  return env === undefined ? { kind: 'automatic' } : { kind: 'name-or-directory', value: env };
}

function placesOf(facts: ProcessFacts, projectFolder: string): DiscoveryPlaces {
  const home = homeOf(facts);
  const said = facts.env['XDG_CONFIG_HOME'];
  const configHome = said === undefined || said === '' ? join(home, '.config') : said;
  return { systemFolder: '/etc/berth', userFolder: join(configHome, 'berth'), projectFolder, home, uid: facts.uid };
}

function homeOf({ home }: ProcessFacts): string {
  return existing(home, 'the home folder', 'HOME is not set and this user has none');
}

function existing(folder: string | undefined, what: string, why: string): string {
  if (folder !== undefined) return folder;
  throw new BerthError('io', 'ERR_IO', `${what}: ${why}`, { hint: 'Change to a folder that exists, or set HOME.' });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
