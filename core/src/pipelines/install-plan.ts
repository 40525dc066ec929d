import { BerthError } from '@berth/base';
import { type ConcreteSpec, type DagHash, traverse } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';

/** Which of the named specs and of what they need is installed (cli §8.1 `--only`). */
export type InstallScope = 'all' | 'package' | 'dependencies';

/** What install does with one package. */
export type InstallAction =
  /** It is installed, here or upstream; an explicit one is marked so. */
  | 'keep'
  /** An external: nothing but its record. */
  | 'register'
  | 'install'
  /** Installed, and to be replaced in place. */
  | 'overwrite';

export interface PlannedInstall {
  readonly spec: ConcreteSpec;
  readonly action: InstallAction;
  /** Asked for by the user, as opposed to needed by another package. */
  readonly explicit: boolean;
  readonly prefix: string;
}

/** What an install is about to do, as plain data. */
export interface InstallPlan {
  /** What was asked for. */
  readonly roots: readonly DagHash[];
  /** Every package concerned, dependencies before their dependents. */
  readonly packages: readonly PlannedInstall[];
}

export interface PlanInstallOptions {
  readonly roots: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly scope: InstallScope;
  readonly overwrite: boolean;
  /** Also what is needed to build the packages that come from a cache. */
  readonly includeBuildDependencies: boolean;
  /** Recorded as installed, but not there. */
  readonly gone: ReadonlySet<DagHash>;
}

/**
 * Decides what to do with each root and with what it needs at run time. Pure. Throws `usage`, ERR_DEPENDENCY_MISSING, when
 * only the packages themselves are wanted and one of their dependencies is not installed (store-and-specs-on-disk D.1).
 */
export function planInstall(options: PlanInstallOptions): InstallPlan {
  const { roots, scope, includeBuildDependencies } = options;
  const named = new Set(roots.map(({ hash }) => hash));
  const types = includeBuildDependencies ? (['link', 'run', 'build'] as const) : (['link', 'run'] as const);
  const closure = traverse(roots, { types, order: 'post' });
  if (scope === 'package') requireDependencies(closure, named, options.snapshot);
  const wanted = closure.filter(({ hash }) => {
    if (scope === 'all') return true;
    return named.has(hash) === (scope === 'package');
  });
  const packages = wanted.map((spec) => planOne(spec, named.has(spec.hash), options));
  checkPrefixes(packages, options.snapshot);
  return { roots: [...named], packages };
}

function planOne(spec: ConcreteSpec, explicit: boolean, options: PlanInstallOptions): PlannedInstall {
  const { snapshot, overwrite, gone } = options;
  const installed = snapshot.isInstalled(spec.hash) && !gone.has(spec.hash);
  const action = actionFor(spec, { installed, overwrite: overwrite && explicit });
  return { spec, explicit, prefix: snapshot.prefixOf(spec), action };
}

function actionFor(
  spec: ConcreteSpec,
  { installed, overwrite }: { readonly installed: boolean; readonly overwrite: boolean },
): InstallAction {
  if (spec.external !== undefined) return installed ? 'keep' : 'register';
  if (!installed) return 'install';
  return overwrite ? 'overwrite' : 'keep';
}

function requireDependencies(
  closure: readonly ConcreteSpec[],
  named: ReadonlySet<DagHash>,
  snapshot: DatabaseSnapshot,
): void {
  const missing = closure.filter(
    ({ hash, external }) => !named.has(hash) && external === undefined && !snapshot.isInstalled(hash),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name, hash }) => `${name}/${hash.slice(0, 7)}`);
  throw new BerthError(
    'usage',
    'ERR_DEPENDENCY_MISSING',
    `install --only package: not installed: ${names.join(', ')}`,
    {
      hint: 'Install the dependencies first: --only dependencies.',
      details: { missing: missing.map(({ hash }) => hash) },
    },
  );
}

/** Two specs with one prefix would overwrite each other (hostile-inputs L06). */
function checkPrefixes(packages: readonly PlannedInstall[], snapshot: DatabaseSnapshot): void {
  const takenBy = new Map<string, string>();
  for (const { record } of snapshot.query({ scope: 'local' })) {
    if (record.path !== undefined) takenBy.set(record.path, record.hash);
  }
  for (const { spec, prefix, action } of packages) {
    if (action === 'keep' || action === 'register') continue;
    const other = takenBy.get(prefix);
    if (other !== undefined && other !== spec.hash) throw collision(spec, prefix, other);
    takenBy.set(prefix, spec.hash);
  }
}

function collision(spec: ConcreteSpec, prefix: string, other: string): BerthError {
  const label = `${spec.name}/${spec.hash.slice(0, 7)}`;
  return new BerthError(
    'config',
    'ERR_PREFIX_COLLISION',
    `install ${label}: ${prefix} belongs to /${other.slice(0, 7)}`,
    {
      hint: 'Make config:install_tree:projections tell the two apart, with {hash} for example.',
      details: { prefix, hash: spec.hash, other },
    },
  );
}
