import { BerthError, errnoCode, isAbortError, isBerthError, messageOf } from '@berth/base';
import { types } from 'node:util';
import { type HookName, type RegisteredTap } from './hooks.ts';

/** Whose tap it is and what is known about it. */
export interface TapOwner {
  /** As it stands in messages. */
  readonly plugin: string;
  /** The plugin failed to load after it had made this tap: every call of the tap fails with it. */
  failure: Error | undefined;
}

export interface GuardOptions {
  readonly hook: HookName;
  readonly owner: TapOwner;
  readonly timeoutMs: number;
  /** Given for hooks of which every tap runs, whatever the others do: takes the failure instead of a throw. */
  readonly onFailure?: ((call: unknown, error: unknown) => void) | undefined;
}

type AnyFunction = (...values: unknown[]) => unknown;

/**
 * The tap's function, always as one that returns a promise, which settles when the signal of the call aborts or the time
 * is used up, even if the tap never does. What it throws names the plugin and the hook (hostile-inputs P01).
 */
export function guardTap(tap: RegisteredTap, options: GuardOptions): (...values: unknown[]) => Promise<unknown> {
  const run = promising(tap);
  return async (...values) => {
    if (options.owner.failure !== undefined) throw options.owner.failure;
    const outer = signalOf(values);
    try {
      return checkResult(await withinTime(run, values, { ...options, outer }), options);
    } catch (error) {
      if (outer.aborted && (error === outer.reason || isAbortError(error))) throw error;
      const failure = tapError(error, options);
      if (options.onFailure === undefined) throw failure;
      options.onFailure(values.at(-1), failure);
      return undefined;
    }
  };
}

/**
 * An observer's function as one that never throws: the first failure is handed to `onFailure` and the observer is not
 * called again.
 */
export function guardObserver(tap: RegisteredTap, onFailure: (error: unknown) => void): (event: unknown) => void {
  const fn = tap.fn as AnyFunction;
  let stopped = false;
  const stop = (error: unknown): void => {
    if (!stopped) onFailure(error);
    stopped = true;
  };
  return (event) => {
    if (stopped) return;
    try {
      const result = fn(event);
      if (types.isPromise(result)) result.catch(stop);
    } catch (error) {
      stop(error);
    }
  };
}

/** Every hook but `event` is called with a HookCall as its last argument. */
function signalOf(values: readonly unknown[]): AbortSignal {
  const last = values.at(-1);
  if (typeof last === 'object' && last !== null && 'signal' in last && last.signal instanceof AbortSignal) {
    return last.signal;
  }
  throw new Error('a hook was called without a signal');
}

function promising(tap: RegisteredTap): (...values: unknown[]) => Promise<unknown> {
  const fn = tap.fn as AnyFunction;
  if (tap.type !== 'async') return async (...values) => fn(...values);
  return (...values) =>
    new Promise((resolve, reject) => {
      fn(...values, (error: unknown, result: unknown) => {
        if (error === null || error === undefined || error === false) resolve(result);
        else reject(asError(error));
      });
    });
}

function asError(error: unknown): Error {
  return types.isNativeError(error) ? error : new Error(String(error));
}

async function withinTime(
  run: (...values: unknown[]) => Promise<unknown>,
  values: unknown[],
  options: GuardOptions & { readonly outer: AbortSignal },
): Promise<unknown> {
  const { outer, timeoutMs } = options;
  outer.throwIfAborted();
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(timeoutError(options));
  }, timeoutMs);
  const signal = AbortSignal.any([outer, limit.signal]);
  const { stopped, forget } = whenAborted(signal);
  try {
    return await Promise.race([run(...withSignal(values, signal)), stopped]);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** The tap sees one signal for both: the user's and the time limit's. */
function withSignal(values: unknown[], signal: AbortSignal): unknown[] {
  return [...values.slice(0, -1), Object.freeze({ ...(values.at(-1) as object), signal })];
}

function whenAborted(signal: AbortSignal): { readonly stopped: Promise<never>; readonly forget: () => void } {
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
  return { stopped, forget };
}

/** `null` would end a bail hook or replace a plan by nothing, so only `undefined` means "no answer". */
function checkResult(result: unknown, { hook, owner }: GuardOptions): unknown {
  if (result === undefined || hook.endsWith('.before') || hook.endsWith('.after')) return undefined;
  const wanted = hook.startsWith('mirror:') ? isMirrorLike : isPlanLike;
  if (wanted(result)) return result;
  const what = hook.startsWith('mirror:') ? 'a mirror' : 'a plan';
  throw new BerthError(
    'plugin',
    'ERR_PLUGIN_RESULT',
    `plugin ${owner.plugin}: hook ${hook}: the tap returned neither ${what} nor undefined`,
    {
      hint: `Report this to the author of ${owner.plugin}.`,
      details: { plugin: owner.plugin, hook },
    },
  );
}

function isMirrorLike(value: unknown): boolean {
  return isObject(value) && typeof value['find'] === 'function' && typeof value['open'] === 'function';
}

function isPlanLike(value: unknown): boolean {
  return isObject(value) && Array.isArray(value['packages']) && Array.isArray(value['roots']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * What a tap threw, with plugin and hook in it. A BerthError keeps its kind and code: a mirror that is busy stays `busy`,
 * a policy stays `policy`. Anything else becomes `plugin`.
 */
function tapError(error: unknown, { hook, owner }: GuardOptions): BerthError {
  const details = { plugin: owner.plugin, hook };
  if (isBerthError(error)) {
    if (error.details['plugin'] === owner.plugin) return error;
    return new BerthError(error.kind, error.code, error.message, {
      hint: error.hint,
      details: { ...error.details, ...details },
      cause: error,
    });
  }
  const errno = errnoCode(error);
  return new BerthError('plugin', 'ERR_PLUGIN_HOOK', `plugin ${owner.plugin}: hook ${hook}: ${messageOf(error)}`, {
    hint: `Report this to the author of ${owner.plugin}, or remove the plugin from the configuration.`,
    details: errno === undefined ? details : { ...details, errno },
    cause: error,
  });
}

function timeoutError({ hook, owner, timeoutMs }: GuardOptions): BerthError {
  return new BerthError(
    'plugin',
    'ERR_PLUGIN_TIMEOUT',
    `plugin ${owner.plugin}: hook ${hook}: no answer after ${timeoutMs / 1000} s`,
    {
      hint: 'Raise hookTimeoutSeconds in the berth configuration if the plugin needs longer, or remove the plugin.',
      details: { plugin: owner.plugin, hook, timeoutMs },
    },
  );
}
