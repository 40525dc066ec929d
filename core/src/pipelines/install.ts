import { BerthError, createLimiter, isBerthError, messageOf } from '@berth/base';
import { SBANG_SCRIPT, SHEBANG_LIMIT } from '@berth/archive';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type ByteLock, type DatabaseSnapshot, installSbang } from '@berth/store';
import { type PipelineContext } from './context.ts';
import { installOne } from './install-one.ts';
import { type InstallPlan, type PlannedInstall, planInstall } from './install-plan.ts';
import { type InstalledPackage, type InstallOptions, type InstallResult, type InstallRun } from './install-run.ts';
import { isPresent } from './is-present.ts';
import { labelOf } from './label.ts';
import { probeMirrors } from './probe.ts';
import { RecordQueue } from './record-queue.ts';

/** Of `bin` in the install tree, where `sbang` is. */
const SBANG_FOLDER_MODE = 0o755;

/**
 * Installs concrete specs and what they need at run time from binary mirrors. Packages that do not need a failed one are
 * installed all the same; the result says what happened to each. Rejects only when nothing could be begun, or on abort.
 */
export async function install(options: InstallOptions, context: PipelineContext): Promise<InstallResult> {
  const locks: ByteLock[] = [];
  try {
    const { plan, snapshot } = await settlePlan(options, context, locks);
    const pending = plan.packages.filter(({ action }) => action === 'install' || action === 'overwrite');
    context.emit({ type: 'plan', kind: 'install', packages: pending.length });
    await context.store.sweepStaging({ signal: context.signal });
    if (pending.length > 0) await putSbang(options, context);
    const binaries = await probeMirrors(
      pending.map(({ spec }) => spec),
      options,
      context,
    );
    await context.host.call('install.before', plan, { signal: context.signal });
    const result = await run(plan, { options, context, binaries, snapshot, locks });
    if (result.packages.every(({ outcome }) => outcome !== 'failed')) {
      await context.host.call('install.after', plan, { signal: context.signal });
    }
    return result;
  } finally {
    for (const lock of locks) await lock.release();
  }
}

/** Puts the script in place that long first lines of scripts refer to. */
async function putSbang({ platform }: InstallOptions, { store }: PipelineContext): Promise<void> {
  await installSbang({
    unpaddedRoot: store.layout.unpaddedRoot,
    script: SBANG_SCRIPT,
    directoryMode: SBANG_FOLDER_MODE,
    shebangLimit: SHEBANG_LIMIT[platform],
  });
}

interface SettledPlan {
  readonly plan: InstallPlan;
  readonly snapshot: DatabaseSnapshot;
}

/** Plans, locks what is to be kept, and begins again when some of it is not there any more (hostile-inputs K01, K03). */
async function settlePlan(options: InstallOptions, context: PipelineContext, locks: ByteLock[]): Promise<SettledPlan> {
  const { store, host, signal } = context;
  const gone = new Set<DagHash>();
  for (;;) {
    const snapshot = await store.database.read({ signal });
    const first = planInstall({ ...options, snapshot, gone });
    const keeps = first.packages.filter(({ spec, action }) => action === 'keep' && isLocal(spec, snapshot));
    for (const { spec } of keeps) locks.push(await store.lockSpec(spec.hash, { mode: 'shared', signal }));
    const now = await store.database.read({ signal });
    const missing: DagHash[] = [];
    for (const planned of keeps) if (!(await isPresent(planned, now))) missing.push(planned.spec.hash);
    if (missing.length === 0) return { plan: await host.call('install.plan', first, { signal }), snapshot: now };
    // What is gone must be installed again, for which nobody may hold it: not even we.
    for (const hash of missing) gone.add(hash);
    for (const lock of locks.splice(0)) await lock.release();
  }
}

function isLocal(spec: ConcreteSpec, snapshot: DatabaseSnapshot): boolean {
  return spec.external === undefined && snapshot.local(spec.hash) !== undefined;
}

type RunParts = Pick<InstallRun, 'options' | 'context' | 'binaries' | 'snapshot' | 'locks'>;

async function run(plan: InstallPlan, parts: RunParts): Promise<InstallResult> {
  const { options, context } = parts;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const shared: InstallRun = {
    ...parts,
    context: { ...context, signal },
    records: new RecordQueue(context.store, context.signal),
    limit: createLimiter(options.concurrency),
    limitFinish: createLimiter(options.concurrency),
    done: new Map(),
  };
  // Dependencies come first in the plan, so each finds theirs in `done`.
  for (const planned of plan.packages) {
    const task = settled(planned, shared).then((result) => {
      if (result.outcome === 'failed' && options.failFast) stop.abort(result.error);
      return result;
    });
    shared.done.set(planned.spec.hash, task);
  }
  const packages = await Promise.all(shared.done.values());
  context.signal.throwIfAborted();
  return { packages };
}

async function settled(planned: PlannedInstall, shared: InstallRun): Promise<InstalledPackage> {
  const { spec, prefix } = planned;
  const { emit } = shared.context;
  try {
    return await act(planned, shared);
  } catch (error) {
    const failure = asFailure(error, spec);
    if (!shared.options.failFast || !shared.context.signal.aborted || isBerthError(error)) {
      emit({
        type: 'task-end',
        id: spec.hash,
        kind: 'install',
        label: labelOf(spec),
        outcome: 'failed',
        message: failure.message,
      });
    }
    return { spec, prefix, outcome: 'failed', error: failure };
  }
}

async function act(planned: PlannedInstall, shared: InstallRun): Promise<InstalledPackage> {
  const { spec, prefix, explicit, action } = planned;
  switch (action) {
    case 'keep':
      if (explicit) await markExplicit(spec, shared);
      return { spec, prefix, outcome: 'kept' };
    case 'register':
      await shared.records.add(spec, { explicit });
      return { spec, prefix, outcome: 'registered' };
    case 'install':
    case 'overwrite':
      return installOne(planned, shared);
  }
}

async function markExplicit(spec: ConcreteSpec, { snapshot, context }: InstallRun): Promise<void> {
  const record = snapshot.local(spec.hash);
  if (record === undefined || record.explicit) return;
  await context.store.database.transaction(
    (transaction) => {
      transaction.mark(spec.hash, true);
    },
    { signal: context.signal },
  );
}

function asFailure(error: unknown, spec: ConcreteSpec): BerthError {
  if (isBerthError(error)) return error;
  return new BerthError('interrupted', 'ERR_INTERRUPTED', `${labelOf(spec)}: ${messageOf(error)}`, { cause: error });
}
