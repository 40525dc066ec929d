import { type Emit } from '@berth/base';
import { type Discovery, discoverPlugins, type DiscoveryPlaces, createPluginHost, type PluginHost } from '@berth/core';
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
  const places = once(async () => placesOf(options));
  const discovery = once(async () =>
    discoverPlugins({ ...(await places()), builtins: BUILTIN_PLUGINS, resolveFrom: [import.meta.url] }),
  );
  let host: PluginHost | undefined;
  const plugins = once(async () => {
    const { plugins: entries, hookTimeoutMs } = await discovery();
    host = createPluginHost({
      plugins: entries,
      emit: options.emit,
      ...(hookTimeoutMs === undefined ? {} : { hookTimeoutMs }),
    });
    return host;
  });
  return { ...options, places, discovery, plugins, loadedPlugins: () => host?.loaded() ?? [] };
}

function placesOf({ facts, globals }: ContextOptions): DiscoveryPlaces {
  const { env, home, uid, cwd } = facts;
  const configHome = env['XDG_CONFIG_HOME'] ?? (home === undefined ? undefined : join(home, '.config'));
  return {
    systemFolder: '/etc/berth',
    userFolder: configHome === undefined ? '/nonexistent' : join(configHome, 'berth'),
    projectFolder: globals.envDir ?? cwd,
    home,
    uid,
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
