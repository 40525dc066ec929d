import { type BerthEvent } from '@berth/base';
import { type Mirror, type MirrorConnection } from '@berth/buildcache';
import { AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, HookMap, SyncHook } from 'tapable';
import { type InstallPlan } from './pipelines/install-plan.ts';
import { type PushPlan } from './pipelines/push-plan.ts';

/** The second argument of every tap but those of `event`. */
export interface HookCall {
  /** Aborted when the user stops the command or the tap has used up its time: for the call, not for what it returns. */
  readonly signal: AbortSignal;
}

/** What a tap may say beside its name. */
export interface MirrorTapOptions {
  /** Which of several taps of one scheme is asked first: the highest. Without it a tap has 0. */
  readonly priority?: number;
}

/** Answers `undefined` to leave the mirror to the next tap. */
export type MirrorHook = AsyncSeriesBailHook<[MirrorConnection, HookCall], Mirror | undefined, MirrorTapOptions>;
/** Each tap may return an amended plan; `undefined` keeps the current one. */
export type PlanHook<Plan> = AsyncSeriesWaterfallHook<[Plan, HookCall], Plan | undefined>;
export type StepHook<Plan> = AsyncSeriesHook<[Plan, HookCall]>;

/** Every extension point of this version of berth, in one place. `docs/plugin-authors.md` shows each in use. */
export interface BerthHooks {
  /**
   * Opens a mirror; keyed by URL scheme (`file`). Called by every operation that reads or writes a mirror, once for each
   * mirror. Two taps for one scheme are a `config` error unless their `priority` differs. A throw fails that mirror.
   */
  readonly mirror: HookMap<MirrorHook>;
  readonly install: {
    /** Called once, before anything is touched. A throw fails the installation. */
    readonly plan: PlanHook<InstallPlan>;
    /** Called once with the final plan, before the first download. A throw fails the installation. */
    readonly before: StepHook<InstallPlan>;
    /** Called once everything is installed and recorded. A throw fails the command and undoes nothing. */
    readonly after: StepHook<InstallPlan>;
  };
  readonly push: {
    /** Called once, before anything is packed. A throw fails the push. */
    readonly plan: PlanHook<PushPlan>;
    /** Called once with the final plan, before the first upload. A throw fails the push. */
    readonly before: StepHook<PushPlan>;
    /** Called once every manifest is published. A throw fails the command and undoes nothing. */
    readonly after: StepHook<PushPlan>;
  };
  /** Observes everything a user interface shows. A tap neither throws nor blocks; one that throws is not called again. */
  readonly event: SyncHook<[BerthEvent]>;
}

/** The argument and the result of each hook that pipelines call by name. */
export interface HookCalls {
  readonly 'install.plan': { readonly argument: InstallPlan; readonly result: InstallPlan };
  readonly 'install.before': { readonly argument: InstallPlan; readonly result: undefined };
  readonly 'install.after': { readonly argument: InstallPlan; readonly result: undefined };
  readonly 'push.plan': { readonly argument: PushPlan; readonly result: PushPlan };
  readonly 'push.before': { readonly argument: PushPlan; readonly result: undefined };
  readonly 'push.after': { readonly argument: PushPlan; readonly result: undefined };
}

export type CallableHook = keyof HookCalls;

/** A hook as a manifest declares it. */
export type HookName = CallableHook | 'event' | `mirror:${string}`;

export const CALLABLE_HOOKS: readonly CallableHook[] = [
  'install.plan',
  'install.before',
  'install.after',
  'push.plan',
  'push.before',
  'push.after',
];

/** URL schemes as RFC 3986 §3.1 has them, in lower case. */
const MIRROR_HOOK = /^mirror:[a-z][a-z0-9+.-]*$/;

/** True for a name that a manifest of this API version may declare. */
export function isHookName(name: string): name is HookName {
  return name === 'event' || MIRROR_HOOK.test(name) || CALLABLE_HOOKS.some((known) => known === name);
}

/** The tap as tapable holds it. */
export interface RegisteredTap {
  readonly name: string;
  readonly type: 'sync' | 'async' | 'promise';
  readonly fn: (...values: never[]) => unknown;
  readonly stage?: number;
  readonly priority?: number;
}

/** Sees each tap as it is made and answers with the one to register in its place. */
export type OnTap = (hook: HookName, tap: RegisteredTap) => RegisteredTap;

/** A fresh set of hooks. `onTap` is the host's: it names the plugin in errors, checks answers and limits time. */
export function createHooks(onTap: OnTap = (_hook, tap) => tap): BerthHooks {
  const observed = <H extends object>(name: HookName, hook: H): H => {
    (hook as unknown as Interceptable).intercept({ register: (tap) => onTap(name, tap) });
    return hook;
  };
  const plan = <Plan>(name: HookName): PlanHook<Plan> =>
    observed(name, new AsyncSeriesWaterfallHook<[Plan, HookCall], Plan | undefined>(['plan', 'call'], name));
  const step = <Plan>(name: HookName): StepHook<Plan> =>
    observed(name, new AsyncSeriesHook<[Plan, HookCall]>(['plan', 'call'], name));
  return Object.freeze({
    mirror: new HookMap((scheme: string): MirrorHook => {
      const name: HookName = `mirror:${scheme}`;
      return observed<MirrorHook>(name, new AsyncSeriesBailHook(['connection', 'call'], name));
    }, 'mirror'),
    install: Object.freeze({
      plan: plan<InstallPlan>('install.plan'),
      before: step<InstallPlan>('install.before'),
      after: step<InstallPlan>('install.after'),
    }),
    push: Object.freeze({
      plan: plan<PushPlan>('push.plan'),
      before: step<PushPlan>('push.before'),
      after: step<PushPlan>('push.after'),
    }),
    event: observed('event', new SyncHook<[BerthEvent]>(['event'], 'event')),
  });
}

/** tapable's `intercept`, with the tap's function typed. */
interface Interceptable {
  intercept(interceptor: { readonly register: (tap: RegisteredTap) => RegisteredTap }): void;
}
