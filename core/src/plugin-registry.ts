import { BerthError, bytesSource, type Emit, isBerthError, messageOf, z } from '@berth/base';
import { types } from 'node:util';
import { objectStoreMirror } from '@berth/buildcache';
import { type BerthHooks, createHooks, type HookCall, type HookName, type RegisteredTap } from './hooks.ts';
import { importPlugin, loadError, parseOptions, type PluginEntry, readManifest } from './plugin-load.ts';
import { type BerthPluginHost, type Plugin, PLUGIN_API_VERSION, type PluginManifest } from './plugin.ts';
import { guardObserver, guardTap, type TapOwner } from './tap-guard.ts';

/** How long a tap may take before its call fails. */
export const DEFAULT_HOOK_TIMEOUT_MS = 600_000;

export interface PluginDescription {
  readonly name: string;
  readonly origin: string;
  /** `undefined` when it has no manifest. */
  readonly provides: readonly string[] | undefined;
  /** Why its manifest cannot be used. */
  readonly problem: string | undefined;
}

interface PluginState {
  readonly entry: PluginEntry;
  /** Taps run in the order of the configuration, whichever plugin was imported first. */
  readonly order: number;
  readonly owner: TapOwner;
  readonly taps: Set<HookName>;
  manifest: Promise<PluginManifest | undefined> | undefined;
  loading: Promise<void> | undefined;
}

/** Plugins of one configuration order before any other: more than there are plugins. */
const STAGE_WIDTH = 10_000;

/** The plugins of one host: which are imported, what they tapped, how they failed. */
export class PluginRegistry {
  readonly hooks: BerthHooks = createHooks((hook, tap) => this.#register(hook, tap));
  readonly #plugins: readonly PluginState[];
  readonly #emit: Emit;
  readonly #timeoutMs: number;
  readonly #host: BerthPluginHost;
  readonly #failures = new WeakMap<object, unknown[]>();
  readonly #names = new Map<string, string>();
  #applying: PluginState | undefined;

  constructor(options: {
    readonly plugins: readonly PluginEntry[];
    readonly emit: Emit;
    readonly hookTimeoutMs?: number;
  }) {
    this.#emit = options.emit;
    this.#timeoutMs = options.hookTimeoutMs ?? DEFAULT_HOOK_TIMEOUT_MS;
    this.#host = Object.freeze({
      apiVersion: PLUGIN_API_VERSION,
      hooks: this.hooks,
      tools: Object.freeze({ z, BerthError, isBerthError, bytesSource, objectStoreMirror }),
    });
    this.#plugins = options.plugins.map((entry, order) => ({
      entry,
      order,
      owner: { plugin: entry.name, failure: undefined },
      taps: new Set(),
      manifest: undefined,
      loading: undefined,
    }));
  }

  /** Imports, in order, every plugin that declares `hook` or declares nothing. The first failure is thrown. */
  async prepare(hook: HookName, signal: AbortSignal): Promise<void> {
    for (const plugin of this.#plugins) {
      signal.throwIfAborted();
      const manifest = await this.#manifest(plugin);
      if (manifest === undefined || manifest.provides.includes(hook)) await stoppable(this.#load(plugin), signal);
    }
  }

  async mirrorSchemes(signal: AbortSignal): Promise<readonly string[]> {
    const schemes = new Set<string>();
    for (const plugin of this.#plugins) {
      const manifest = await this.#manifest(plugin);
      if (manifest === undefined) await stoppable(this.#load(plugin), signal);
      for (const hook of manifest?.provides ?? plugin.taps) {
        if (hook.startsWith('mirror:')) schemes.add(hook.slice('mirror:'.length));
      }
    }
    return [...schemes].sort();
  }

  /** Throws what the taps of a hook, all of which ran, failed with. */
  throwFailuresOf(hook: HookName, call: HookCall): void {
    const failures = this.#failures.get(call) ?? [];
    if (failures.length < 2) {
      if (failures.length === 1) throw failures[0];
      return;
    }
    const [first] = failures;
    throw new BerthError(
      'plugin',
      'ERR_PLUGIN_HOOK',
      `hook ${hook}: ${failures.length} plugins failed: ${failures.map(messageOf).join('; ')}`,
      {
        hint: isBerthError(first) ? first.hint : undefined,
        details: { hook },
        cause: new AggregateError(failures),
      },
    );
  }

  loaded(): readonly string[] {
    return [...this.#names.values()];
  }

  async describe(): Promise<readonly PluginDescription[]> {
    const descriptions: PluginDescription[] = [];
    for (const plugin of this.#plugins) {
      const { name, origin } = plugin.entry;
      const found = await this.#manifest(plugin).then(
        (manifest) => ({ provides: manifest?.provides, problem: undefined }),
        (error: unknown) => ({ provides: undefined, problem: messageOf(error) }),
      );
      descriptions.push({ name, origin, ...found });
    }
    return descriptions;
  }

  #manifest(plugin: PluginState): Promise<PluginManifest | undefined> {
    plugin.manifest ??= readManifest(plugin.entry);
    return plugin.manifest;
  }

  #load(plugin: PluginState): Promise<void> {
    plugin.loading ??= this.#importAndApply(plugin).catch((error: unknown) => {
      plugin.owner.failure = loadError(plugin.entry, error);
      throw plugin.owner.failure;
    });
    return plugin.loading;
  }

  async #importAndApply(plugin: PluginState): Promise<void> {
    const manifest = await this.#manifest(plugin);
    const module = await importPlugin(plugin.entry, manifest);
    const options = parseOptions(plugin.entry, module, this.#host.tools);
    this.#claimName(plugin, module);
    this.#apply(plugin, module, options);
    if (manifest !== undefined) checkDeclared(plugin, manifest);
  }

  #claimName({ entry }: PluginState, module: Plugin): void {
    const other = this.#names.get(module.name);
    if (other !== undefined) {
      throw new BerthError(
        'config',
        'ERR_PLUGIN_CONFLICT',
        `plugins ${other} and ${entry.name}: both call themselves ${module.name}`,
        {
          hint: 'Remove one of them from the configuration.',
          details: { plugins: [other, entry.name] },
        },
      );
    }
    this.#names.set(module.name, entry.name);
  }

  /** Synchronous from the first line to the last, so that every tap made meanwhile is this plugin's. */
  #apply(plugin: PluginState, module: Plugin, options: unknown): void {
    this.#applying = plugin;
    const apply: (berth: BerthPluginHost, options: unknown) => unknown = module.apply.bind(module);
    let result: unknown;
    try {
      result = apply(this.#host, options);
    } catch (cause) {
      throw loadError(plugin.entry, cause);
    } finally {
      this.#applying = undefined;
    }
    if (types.isPromise(result)) {
      result.catch(() => undefined);
      throw new BerthError('plugin', 'ERR_PLUGIN_SHAPE', `plugin ${plugin.entry.name}: its apply is asynchronous`, {
        hint: `Report this to the author of ${plugin.entry.name}: apply taps hooks and returns.`,
        details: { plugin: plugin.entry.name },
      });
    }
  }

  #register(hook: HookName, tap: RegisteredTap): RegisteredTap & { readonly plugin: string } {
    const plugin = this.#applying;
    plugin?.taps.add(hook);
    const owner: TapOwner = plugin?.owner ?? { plugin: tap.name, failure: undefined };
    const stage = ((tap.stage ?? 0) - (tap.priority ?? 0)) * STAGE_WIDTH + (plugin?.order ?? 0);
    if (hook === 'event') {
      const fn = guardObserver(tap, (error) => {
        this.#observerFailed(owner, error);
      });
      return { ...tap, type: 'sync', fn, stage, plugin: owner.plugin };
    }
    const onFailure = hook.endsWith('.after') ? this.#collect : undefined;
    const fn = guardTap(tap, { hook, owner, timeoutMs: this.#timeoutMs, onFailure });
    return { ...tap, type: 'promise', fn, stage, plugin: owner.plugin };
  }

  readonly #collect = (call: unknown, error: unknown): void => {
    const failures = this.#failures.get(call as object);
    if (failures === undefined) this.#failures.set(call as object, [error]);
    else failures.push(error);
  };

  #observerFailed({ plugin }: TapOwner, error: unknown): void {
    this.#emit({
      type: 'warning',
      code: 'ERR_PLUGIN_HOOK',
      message: `plugin ${plugin}: hook event: ${messageOf(error)}: it is not told anything more`,
      hint: `Report this to the author of ${plugin}.`,
    });
  }
}

/** What a plugin taps and what its manifest says must be the same, or berth would look for it in vain. */
function checkDeclared({ entry, taps }: PluginState, manifest: PluginManifest): void {
  const missing = manifest.provides.find((hook) => !taps.has(hook as HookName));
  const extra = [...taps].find((hook) => !manifest.provides.includes(hook));
  if (missing === undefined && extra === undefined) return;
  const why = missing === undefined ? `it taps ${String(extra)}, which` : `it does not tap ${missing}, which`;
  const says = missing === undefined ? 'its package.json does not declare' : 'its package.json declares';
  throw new BerthError('plugin', 'ERR_PLUGIN_DECLARATION', `plugin ${entry.name}: ${why} ${says}`, {
    hint: `Report this to the author of ${entry.name}: berthPlugin.provides lists exactly the hooks that apply taps.`,
    details: { plugin: entry.name, missing, extra },
  });
}

/** An import cannot be stopped, but the wait for it can. */
async function stoppable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let forget = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    forget = () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    await Promise.race([work, stopped]);
  } finally {
    forget();
  }
}
