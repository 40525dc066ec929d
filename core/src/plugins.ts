import { BerthError, type Emit } from '@berth/base';
import { type Mirror, type MirrorConnection } from '@berth/buildcache';
import { type BerthHooks, type CallableHook, type HookCall, type HookCalls } from './hooks.ts';
import { type PluginEntry } from './plugin-load.ts';
import { type PluginDescription, PluginRegistry } from './plugin-registry.ts';

export interface PluginHostOptions {
  /** In the order in which their taps run. */
  readonly plugins: readonly PluginEntry[];
  /** Where warnings about plugins go. */
  readonly emit: Emit;
  readonly hookTimeoutMs?: number;
}

/** Loads plugins when one of their hooks is first needed, and calls hooks. */
export interface PluginHost {
  /** For taps of the embedding program; plugins get them through `apply`. */
  readonly hooks: BerthHooks;
  /**
   * Imports the plugins that declare the hook, then calls it. Rejects with the failure of any of them (`plugin`, `config`)
   * before the hook is called at all, and with AbortError when the signal aborts.
   */
  call<Name extends CallableHook>(
    name: Name,
    argument: HookCalls[Name]['argument'],
    call: HookCall,
  ): Promise<HookCalls[Name]['result']>;
  /** The mirror of `connection`, whose scheme some plugin provides; ERR_MIRROR_SCHEME (`config`) when none does. */
  openMirror(connection: MirrorConnection, call: HookCall): Promise<Mirror>;
  /** Every scheme that a plugin declares, sorted; a plugin without a manifest is imported to know. */
  mirrorSchemes(call: HookCall): Promise<readonly string[]>;
  /** Imports the observers and answers with an `emit` that reaches them after the host's own. */
  observedEmit(call: HookCall): Promise<Emit>;
  /** The plugins imported so far. */
  loaded(): readonly string[];
  /** What is known about each plugin without importing it. */
  describe(): Promise<readonly PluginDescription[]>;
}

export function createPluginHost(options: PluginHostOptions): PluginHost {
  const registry = new PluginRegistry(options);
  const { hooks } = registry;
  return {
    hooks,
    call: async (name, argument, { signal }) => {
      await registry.prepare(name, signal);
      signal.throwIfAborted();
      Object.freeze(argument);
      return callHook(registry, { name, argument, call: Object.freeze({ signal }) });
    },
    openMirror: (connection, call) => openMirror(registry, connection, call),
    mirrorSchemes: ({ signal }) => registry.mirrorSchemes(signal),
    observedEmit: async ({ signal }) => {
      await registry.prepare('event', signal);
      if (!hooks.event.isUsed()) return options.emit;
      return (event) => {
        options.emit(event);
        hooks.event.call(event);
      };
    },
    loaded: () => registry.loaded(),
    describe: () => registry.describe(),
  };
}

type Callers = {
  readonly [Name in CallableHook]: (
    hooks: BerthHooks,
    argument: HookCalls[Name]['argument'],
    call: HookCall,
  ) => Promise<HookCalls[Name]['result']>;
};

const CALLERS: Callers = {
  'install.plan': async ({ install }, plan, call) => (await install.plan.promise(plan, call)) ?? plan,
  'install.before': async (hooks, plan, call) => {
    await hooks.install.before.promise(plan, call);
    return undefined;
  },
  'install.after': async (hooks, plan, call) => {
    await hooks.install.after.promise(plan, call);
    return undefined;
  },
  'push.plan': async ({ push }, plan, call) => (await push.plan.promise(plan, call)) ?? plan,
  'push.before': async (hooks, plan, call) => {
    await hooks.push.before.promise(plan, call);
    return undefined;
  },
  'push.after': async (hooks, plan, call) => {
    await hooks.push.after.promise(plan, call);
    return undefined;
  },
};

async function callHook<Name extends CallableHook>(
  registry: PluginRegistry,
  {
    name,
    argument,
    call,
  }: { readonly name: Name; readonly argument: HookCalls[Name]['argument']; readonly call: HookCall },
): Promise<HookCalls[Name]['result']> {
  const result = await CALLERS[name](registry.hooks, argument, call);
  registry.throwFailuresOf(name, call);
  return result;
}

async function openMirror(
  registry: PluginRegistry,
  connection: MirrorConnection,
  { signal }: HookCall,
): Promise<Mirror> {
  const scheme = schemeOf(connection.url);
  await registry.prepare(`mirror:${scheme}`, signal);
  signal.throwIfAborted();
  const hook = registry.hooks.mirror.get(scheme);
  if (hook !== undefined) checkPriorities(scheme, hook.taps);
  const mirror = await hook?.promise(Object.freeze(connection), Object.freeze({ signal }));
  if (mirror !== undefined) return mirror;
  const known = await registry.mirrorSchemes(signal);
  throw new BerthError(
    'config',
    'ERR_MIRROR_SCHEME',
    `mirror ${connection.name}: no plugin opens ${scheme}: addresses`,
    {
      hint: `Correct the address (known: ${known.join(', ') || 'none'}), or add a plugin that provides mirror:${scheme}.`,
      details: { mirror: connection.name, scheme, known },
    },
  );
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url)?.[0].toLowerCase() ?? 'file';
}

function checkPriorities(
  scheme: string,
  taps: readonly { readonly name: string; readonly priority?: number; readonly plugin?: string }[],
): void {
  const byPriority = new Map<number, string>();
  for (const { name, plugin = name, priority = 0 } of taps) {
    const other = byPriority.get(priority);
    if (other !== undefined) {
      throw new BerthError(
        'config',
        'ERR_PLUGIN_CONFLICT',
        `mirror:${scheme}: plugins ${other} and ${plugin} both provide it`,
        {
          hint: 'Remove one of them from the configuration; a plugin that means to come first sets `priority` on its tap.',
          details: { scheme, plugins: [other, plugin] },
        },
      );
    }
    byPriority.set(priority, plugin);
  }
}
