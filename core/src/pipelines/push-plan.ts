import { type ConcreteSpec, type DagHash, traverse } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';

/** Which build dependencies are pushed: every one, those that are installed, or none. */
export type BuildDependencies = 'all' | 'installed' | 'none';

export type PushScope = 'all' | 'package' | 'dependencies';

export interface PlannedPush {
  readonly spec: ConcreteSpec;
  readonly prefix: string;
}

/** What a push is about to do, as plain data. */
export interface PushPlan {
  /** What was asked for. */
  readonly roots: readonly DagHash[];
  /** Every package to push, dependencies before their dependents. */
  readonly packages: readonly PlannedPush[];
  /** Selected, but not installed here. */
  readonly missing: readonly ConcreteSpec[];
}

export interface PlanPushOptions {
  readonly roots: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly scope: PushScope;
  readonly buildDependencies: BuildDependencies;
}

/**
 * Selects what to push (cli §7.1): the roots, what they link to, run and test with, and build dependencies as asked.
 * Externals have no binary. Pure.
 */
export function planPush(options: PlanPushOptions): PushPlan {
  const { roots, snapshot, scope } = options;
  const named = new Set(roots.map(({ hash }) => hash));
  const selected = closureOf(options).filter(({ hash, external }) => {
    if (external !== undefined) return false;
    return scope === 'all' || named.has(hash) === (scope === 'package');
  });
  const installed = selected.filter(({ hash }) => snapshot.isInstalled(hash));
  return {
    roots: [...named],
    packages: installed.map((spec) => ({ spec, prefix: snapshot.prefixOf(spec) })),
    missing: selected.filter(({ hash }) => !snapshot.isInstalled(hash)),
  };
}

function closureOf({ roots, snapshot, buildDependencies }: PlanPushOptions): readonly ConcreteSpec[] {
  const runtime = traverse(roots, { types: ['link', 'run', 'test'], order: 'post' });
  if (buildDependencies === 'none') return runtime;
  const all = traverse(roots, { order: 'post' });
  if (buildDependencies === 'all') return all;
  // A package that came from a cache has no build dependencies here: only what is there can be pushed.
  const needed = new Set(runtime.map(({ hash }) => hash));
  return all.filter(({ hash }) => needed.has(hash) || snapshot.isInstalled(hash));
}
