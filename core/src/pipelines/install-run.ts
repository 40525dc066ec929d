import { BerthError, type Limiter } from '@berth/base';
import { type RelocationPlatform } from '@berth/archive';
import { type ArchiveMemory } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash, linkRunClosure } from '@berth/spec';
import { type ByteLock, type DatabaseSnapshot } from '@berth/store';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { type InstallScope } from './install-plan.ts';
import { labelOf } from './label.ts';
import { type ProbeResult } from './probe.ts';
import { type RecordQueue } from './record-queue.ts';

export interface InstallOptions {
  readonly roots: readonly ConcreteSpec[];
  /** The mirrors to ask for a package, in their order. */
  readonly mirrorsFor: (spec: ConcreteSpec) => readonly OpenMirror[];
  readonly scope: InstallScope;
  readonly overwrite: boolean;
  readonly includeBuildDependencies: boolean;
  readonly checkSignatures: boolean;
  /** Stop at the first failure instead of installing what does not need the failed package. */
  readonly failFast: boolean;
  /** How many packages are under way at once. */
  readonly concurrency: number;
  readonly platform: RelocationPlatform;
  /** Takes note of the archives that packages are installed from. */
  readonly archives?: ArchiveMemory | undefined;
}

export type InstallOutcome = 'installed' | 'kept' | 'registered' | 'failed';

export interface InstalledPackage {
  readonly spec: ConcreteSpec;
  readonly prefix: string;
  readonly outcome: InstallOutcome;
  /** Which mirror served it. */
  readonly mirror?: string | undefined;
  readonly error?: BerthError | undefined;
}

export interface InstallResult {
  /** Dependencies before dependents. */
  readonly packages: readonly InstalledPackage[];
}

/** What the tasks of one install share. */
export interface InstallRun {
  readonly options: InstallOptions;
  readonly context: PipelineContext;
  readonly binaries: ReadonlyMap<DagHash, ProbeResult>;
  readonly snapshot: DatabaseSnapshot;
  readonly records: RecordQueue;
  /** For work that waits for no other package. */
  readonly limit: Limiter;
  /** For work whose dependencies are done: a limiter of its own, since those may still wait for the other. */
  readonly limitFinish: Limiter;
  /** Held, shared, until the command ends: nobody removes what was just installed or is needed by it. */
  readonly locks: ByteLock[];
  /** Of each package of the plan, settled when it is installed and recorded. */
  readonly done: Map<DagHash, Promise<InstalledPackage>>;
}

/** Rejects with ERR_DEPENDENCY_FAILED unless everything that `spec` needs at run time is there. */
export async function dependenciesDone(spec: ConcreteSpec, { done }: InstallRun): Promise<void> {
  for (const { hash, name } of linkRunClosure([spec])) {
    if (hash === spec.hash) continue;
    const result = await done.get(hash);
    if (result?.outcome !== 'failed') continue;
    // The first cause, not the one in between.
    const blamed = result.error?.details['failedDependency'];
    const root = typeof blamed === 'string' ? blamed : name;
    throw new BerthError(
      'notfound',
      'ERR_DEPENDENCY_FAILED',
      `${labelOf(spec)}: not installed, because ${root} failed`,
      {
        cause: result.error,
        details: { failedDependency: root },
      },
    );
  }
}
