import { BerthError, createLimiter, isBerthError, isSecurityFailure, messageOf } from '@berth/base';
import { type IndexSummary, type PackedArchive } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { type PipelineContext } from './context.ts';
import {
  bindEntry,
  type BoundEntry,
  copyAsStored,
  type CopyOptions,
  publishForeign,
  requireUnsigned,
  withForeignArchive,
} from './copy-package.ts';
import { labelOf } from './label.ts';
import { notOnSource, planSync, type SyncSelection } from './sync-plan.ts';

export interface SyncOptions extends CopyOptions, SyncSelection {
  /** Add the packages to the index of the target, those too that were there already. */
  readonly updateIndex: boolean;
  readonly concurrency: number;
}

export interface SyncedPackage {
  readonly spec: ConcreteSpec;
  readonly outcome: 'copied' | 'exists' | 'failed';
  /** Bytes that came from the source. */
  readonly sizeBytes?: number | undefined;
  readonly error?: BerthError | undefined;
}

export interface SyncResult {
  readonly packages: readonly SyncedPackage[];
  readonly index?: IndexSummary | undefined;
}

type Context = Pick<PipelineContext, 'emit' | 'signal'>;

/**
 * Copies packages from one mirror to another. What is there is not moved again; everything else is tied to its hash and verified on its
 * way. Between mirrors of one format documents stay as they are, byte for byte; otherwise they are made anew. The index comes last: killed
 * anywhere, the target reads right, and a second run goes on. One package that fails stops no other. Rejects with `usage` when the target
 * cannot be written or nothing matches.
 */
export async function sync(options: SyncOptions, context: Context): Promise<SyncResult> {
  const { target, source } = options;
  if (target.mirror.publish === undefined) {
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `copy to mirror ${target.name}: it is read-only`, {
      hint: 'Copy to a mirror of another kind, a folder for example.',
    });
  }
  const plan = await planSync(options, context);
  context.emit({ type: 'plan', kind: 'upload', packages: plan.packages.length + plan.missing.length });
  const limit = createLimiter(options.concurrency);
  const run: Run = { options, context };
  const first = await Promise.all(plan.packages.map((spec) => limit(() => settled(spec, run, () => begin(spec, run)))));
  // Where documents name the archives of dependencies too, every archive is there before the first document.
  const packages = await Promise.all(
    first.map(async (step) =>
      'bound' in step ? limit(() => settled(step.bound.spec, run, () => finish(step, run))) : step,
    ),
  );
  context.signal.throwIfAborted();
  const missing = plan.missing.map((spec) =>
    ended({ spec, outcome: 'failed', error: notOnSource(spec, source) }, context),
  );
  return { packages: [...packages, ...missing], index: await updateIndex(packages, options, context) };
}

/** A package whose archive the target has, and whose document is still to come. */
interface Begun {
  readonly bound: BoundEntry;
  readonly archive: PackedArchive;
  readonly sizeBytes: number;
}

interface Run {
  readonly options: SyncOptions;
  readonly context: Context;
}

async function begin(spec: ConcreteSpec, { options, context }: Run): Promise<SyncedPackage | Begun> {
  const { emit, signal } = context;
  signal.throwIfAborted();
  if (!options.force && (await isThere(spec, options, context))) return { spec, outcome: 'exists' };
  emit({ type: 'task-start', id: spec.hash, kind: 'upload', label: labelOf(spec) });
  let sizeBytes = 0;
  const onBytes = (bytes: number): void => {
    sizeBytes += bytes;
    emit({ type: 'task-progress', id: spec.hash, bytes });
  };
  const bound = await bindEntry(spec, options, context);
  if (await copyAsStored(bound, options, { ...context, onBytes })) return { spec, outcome: 'copied', sizeBytes };
  requireUnsigned(bound, options, context);
  const { target } = options;
  return withForeignArchive(bound, options, {
    ...context,
    onBytes,
    use: async ({ archive, again }) => {
      if (target.mirror.putArchive !== undefined) {
        await target.mirror.putArchive(spec, archive, { signal });
        return { bound, archive: again, sizeBytes };
      }
      await publishForeign(bound, archive, { target, signal });
      return { spec, outcome: 'copied', sizeBytes };
    },
  });
}

/** What is damaged is not there: it is replaced (hostile-inputs F03). */
async function isThere(spec: ConcreteSpec, { target }: SyncOptions, { signal }: Context): Promise<boolean> {
  try {
    return await target.mirror.exists(spec, { signal });
  } catch (error) {
    if (isSecurityFailure(error)) return false;
    throw error;
  }
}

async function finish({ bound, archive, sizeBytes }: Begun, { options, context }: Run): Promise<SyncedPackage> {
  await publishForeign(bound, archive, { target: options.target, signal: context.signal });
  return { spec: bound.spec, outcome: 'copied', sizeBytes };
}

/** Runs a task for a package, and turns what it rejects with into a result. Tells of the end of the package. */
async function settled<Step extends SyncedPackage | Begun>(
  spec: ConcreteSpec,
  { context }: Run,
  task: () => Promise<Step>,
): Promise<Step | SyncedPackage> {
  try {
    const step = await task();
    return isResult(step) ? ended(step, context) : step;
  } catch (cause) {
    const error = isBerthError(cause)
      ? cause
      : new BerthError('io', 'ERR_SYNC_FAILED', `${labelOf(spec)}: ${messageOf(cause)}`, { cause });
    return ended({ spec, outcome: 'failed', error }, context);
  }
}

function isResult(step: SyncedPackage | Begun): step is SyncedPackage {
  return 'outcome' in step;
}

const TASK_OUTCOMES = { copied: 'done', exists: 'skipped', failed: 'failed' } as const;

function ended(result: SyncedPackage, { emit }: Context): SyncedPackage {
  const { spec, outcome, error } = result;
  const task = { id: spec.hash, kind: 'upload', label: labelOf(spec) } as const;
  emit({ type: 'task-end', ...task, outcome: TASK_OUTCOMES[outcome], message: error?.message });
  return result;
}

async function updateIndex(
  packages: readonly SyncedPackage[],
  { target, updateIndex: wanted }: SyncOptions,
  { signal }: Context,
): Promise<IndexSummary | undefined> {
  const add = packages.filter(({ outcome }) => outcome !== 'failed').map(({ spec }) => spec);
  return wanted && add.length > 0 ? target.mirror.updateIndex?.({ add }, { signal }) : undefined;
}
