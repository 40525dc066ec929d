import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { BerthError, type ByteSource, createLimiter, isBerthError, isSecurityFailure, messageOf } from '@berth/base';
import { type BlobCache, type IndexSummary } from '@berth/buildcache';
import { type ConcreteSpec, linkRunClosure } from '@berth/spec';
import { type DatabaseSnapshot, sbangPath } from '@berth/store';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { packPackage } from './pack-package.ts';
import { type BuildDependencies, type PlannedPush, planPush, type PushPlan, type PushScope } from './push-plan.ts';
import { type LocalPlaces } from './relocation-map.ts';

export interface PushOptions {
  readonly roots: readonly ConcreteSpec[];
  readonly mirror: OpenMirror;
  readonly scope: PushScope;
  readonly buildDependencies: BuildDependencies;
  /** Replace what the mirror has. */
  readonly force: boolean;
  readonly updateIndex: boolean;
  readonly failFast: boolean;
  readonly concurrency: number;
  /** `$spack`: recorded in packages. */
  readonly spackRoot: string;
  /** Archives are written here before they are uploaded. */
  readonly cache: BlobCache;
}

export interface PushedPackage {
  readonly spec: ConcreteSpec;
  readonly outcome: 'pushed' | 'exists' | 'failed';
  /** Of the archive, where one was made. */
  readonly sizeBytes?: number | undefined;
  readonly error?: BerthError | undefined;
}

export interface PushResult {
  readonly packages: readonly PushedPackage[];
  readonly index?: IndexSummary | undefined;
}

interface PushRun {
  readonly options: PushOptions;
  readonly context: PipelineContext;
  readonly snapshot: DatabaseSnapshot;
  readonly local: LocalPlaces;
}

/**
 * Pushes installed packages to a mirror: blobs first, each package's document last, the index at the end. Killed anywhere,
 * it leaves a mirror that reads right. Rejects with `signature` before anything is packed when the mirror wants signatures,
 * and with `usage` when it cannot be written.
 */
export async function push(options: PushOptions, context: PipelineContext): Promise<PushResult> {
  const { mirror, failFast } = options;
  const { store, host, signal } = context;
  requireWritable(mirror);
  const snapshot = await store.database.read({ signal });
  const plan = await host.call('push.plan', planPush({ ...options, snapshot }), { signal });
  if (failFast && plan.missing.length > 0) throw notInstalled(plan.missing);
  context.emit({ type: 'plan', kind: 'upload', packages: plan.packages.length + plan.missing.length });
  await host.call('push.before', plan, { signal });
  const local = {
    root: store.root,
    sbangPath: sbangPath(store.layout.unpaddedRoot),
    prefixOf: (one: ConcreteSpec) => snapshot.prefixOf(one),
  };
  const packages = await pushAll(plan, { options, context, snapshot, local });
  const index = options.updateIndex ? await updateIndex(packages, options, context) : undefined;
  if (packages.every(({ outcome }) => outcome !== 'failed')) await host.call('push.after', plan, { signal });
  return { packages, index };
}

function requireWritable({ mirror, name, signed }: OpenMirror): void {
  if (mirror.publish === undefined) {
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `push to mirror ${name}: this kind of mirror is read-only`, {
      hint: 'Push to a mirror of another kind, a folder for example.',
    });
  }
  if (!signed) return;
  throw new BerthError(
    'signature',
    'ERR_SIGNING_UNAVAILABLE',
    `push to mirror ${name}: it wants signed packages, and this version cannot sign`,
    {
      hint: 'Push with --unsigned, or set "signed: false" on the mirror.',
      details: { mirror: name },
    },
  );
}

async function pushAll(plan: PushPlan, run: PushRun): Promise<readonly PushedPackage[]> {
  const { options, context } = run;
  const limit = createLimiter(options.concurrency);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const inner = { ...run, context: { ...context, signal } };
  const pushed = await Promise.all(
    plan.packages.map((planned) =>
      limit(async () => {
        const result = await settled(planned, inner);
        if (result.outcome === 'failed' && options.failFast) stop.abort(result.error);
        return result;
      }),
    ),
  );
  context.signal.throwIfAborted();
  return [...pushed, ...plan.missing.map((spec) => failedMissing(spec, context))];
}

function failedMissing(spec: ConcreteSpec, { emit }: PipelineContext): PushedPackage {
  const error = notInstalled([spec]);
  const task = { id: spec.hash, kind: 'upload', label: labelOf(spec) } as const;
  emit({ type: 'task-end', ...task, outcome: 'failed', message: 'it is not installed' });
  return { spec, outcome: 'failed', error };
}

async function settled(planned: PlannedPush, run: PushRun): Promise<PushedPackage> {
  const { spec } = planned;
  const task = { id: spec.hash, kind: 'upload', label: labelOf(spec) } as const;
  const { emit } = run.context;
  try {
    const result = await pushOne(planned, run);
    emit({ type: 'task-end', ...task, outcome: result.outcome === 'exists' ? 'skipped' : 'done' });
    return result;
  } catch (cause) {
    const error = isBerthError(cause)
      ? cause
      : new BerthError('io', 'ERR_PUSH_FAILED', `${task.label}: ${messageOf(cause)}`, { cause });
    emit({ type: 'task-end', ...task, outcome: 'failed', message: error.message });
    return { spec, outcome: 'failed', error };
  }
}

async function pushOne(planned: PlannedPush, run: PushRun): Promise<PushedPackage> {
  const { spec } = planned;
  const { options, context } = run;
  const { emit, signal } = context;
  signal.throwIfAborted();
  if (!options.force && (await isThere(spec, run))) return { spec, outcome: 'exists' };
  emit({ type: 'task-start', id: spec.hash, kind: 'upload', label: labelOf(spec) });
  // Nobody removes the package while it is read.
  const lock = await context.store.lockSpec(spec.hash, { mode: 'shared', signal });
  try {
    return await packAndPublish(planned, run);
  } finally {
    await lock.release();
  }
}

async function packAndPublish(planned: PlannedPush, run: PushRun): Promise<PushedPackage> {
  const { spec, prefix } = planned;
  const { options, context } = run;
  const { emit, signal } = context;
  const { mirror } = options.mirror;
  await using spool = await options.cache.openSpool();
  const packed = await packPackage({
    planned,
    local: run.local,
    spackRoot: options.spackRoot,
    to: spool.path,
    signal,
    onBytes: (bytes) => {
      emit({ type: 'task-progress', id: spec.hash, bytes });
    },
  });
  const record = run.snapshot.get(spec.hash);
  const outcome = await mirror.publish?.(
    {
      spec,
      closure: linkRunClosure([spec])
        .filter(({ external }) => external === undefined)
        .toReversed(),
      prefix,
      archive: { source: await fileSource(spool.path), digest: packed.digest, diffId: packed.diffId },
      installedAt: record === undefined ? undefined : new Date(Number(record.installationTime.token) * 1000),
      runEnvironment: [],
      seal: undefined,
      attachments: [],
    },
    { signal, force: options.force },
  );
  return { spec, outcome: outcome === 'exists' ? 'exists' : 'pushed', sizeBytes: packed.sizeBytes };
}

/** A damaged entry is not there: it is replaced (hostile-inputs F03). */
async function isThere(spec: ConcreteSpec, { options, context }: PushRun): Promise<boolean> {
  try {
    return await options.mirror.mirror.exists(spec, { signal: context.signal });
  } catch (error) {
    if (isSecurityFailure(error)) return false;
    throw error;
  }
}

async function fileSource(path: string): Promise<ByteSource> {
  const { size } = await stat(path);
  return { sizeBytes: size, open: ({ start = 0, signal }) => createReadStream(path, { start, signal }) };
}

async function updateIndex(
  packages: readonly PushedPackage[],
  { mirror }: PushOptions,
  { signal }: PipelineContext,
): Promise<IndexSummary | undefined> {
  const there = packages.filter(({ outcome }) => outcome !== 'failed').map(({ spec }) => spec);
  return there.length === 0 ? undefined : mirror.mirror.updateIndex?.({ add: there }, { signal });
}

function notInstalled(specs: readonly ConcreteSpec[]): BerthError {
  const names = specs.map(labelOf).join(', ');
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `push: not installed: ${names}`, {
    hint: 'Install them first, or leave build dependencies out: --without-build-dependencies.',
    details: { specs: specs.map(({ hash }) => hash) },
  });
}
