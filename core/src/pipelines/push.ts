import { BerthError, createLimiter, isBerthError, type Limiter, messageOf } from '@berth/base';
import {
  type ArchiveMemory,
  type BlobCache,
  type IndexSummary,
  type PackedArchive,
  type PublishedImage,
} from '@berth/buildcache';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type PrefixInspections, sbangPath } from '@berth/store';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { type BuildDependencies, type PlannedPush, planPush, type PushPlan, type PushScope } from './push-plan.ts';
import { isPublished, publishPackage, type PushRun, withArchive } from './push-package.ts';
import { runEnvironmentOf } from './run-environment.ts';

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
  /** What is known of archives that packages were installed from: those that the cache still has are not packed again. */
  readonly archives?: ArchiveMemory | undefined;
  /** `modules:prefix_inspections`: what images set for the programs in them. */
  readonly inspections: PrefixInspections;
  /** For mirrors whose packages are container images. */
  readonly image?: PushImage | undefined;
}

export interface PushImage {
  /** What the images are made on. */
  readonly baseImage?: string | undefined;
  /** Also publish one image of all roots under this tag. */
  readonly tag?: string | undefined;
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
  readonly image?: PublishedImage | undefined;
}

/**
 * Pushes installed packages to a mirror: blobs first, each package's document last, the index at the end. Killed anywhere,
 * it leaves a mirror that reads right. Rejects with `signature` before anything is packed when the mirror wants signatures,
 * and with `usage` when it cannot be written.
 */
export async function push(options: PushOptions, context: PipelineContext): Promise<PushResult> {
  const { mirror, failFast } = options;
  const { store, host, signal } = context;
  requireWritable(mirror, options);
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
  const run: PushRun = { options, context, snapshot, local };
  const packages = await pushAll(plan, run);
  const index = options.updateIndex ? await updateIndex(packages, options, context) : undefined;
  if (packages.some(({ outcome }) => outcome === 'failed')) return { packages, index };
  const image = await publishImage(run);
  await host.call('push.after', plan, { signal });
  return { packages, index, image };
}

function requireWritable({ mirror, name, signed }: OpenMirror, { image }: PushOptions): void {
  if (mirror.publish === undefined) {
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `push to mirror ${name}: this kind of mirror is read-only`, {
      hint: 'Push to a mirror of another kind, a folder for example.',
    });
  }
  if (image !== undefined && mirror.publishImage === undefined) {
    throw new BerthError('usage', 'ERR_NO_IMAGES', `push to mirror ${name}: its packages are not container images`, {
      hint: 'Leave out --base-image and --tag, or push to an oci:// mirror.',
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
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const inner = { ...run, context: { ...context, signal } };
  const stopOnFailure = (result: PushedPackage): PushedPackage => {
    if (result.outcome === 'failed' && options.failFast) stop.abort(result.error);
    return result;
  };
  const limit = createLimiter(options.concurrency);
  const push = options.mirror.mirror.putArchive === undefined ? pushEach : pushInTwoSteps(plan, inner, limit);
  const pushed = await Promise.all(
    plan.packages.map(async (planned) => stopOnFailure(await push(planned, inner, limit))),
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

/** Runs `task` for a package, and turns what it rejects with into a result. */
async function settled(
  planned: PlannedPush,
  { context }: PushRun,
  task: () => Promise<PushedPackage>,
): Promise<PushedPackage> {
  const { spec } = planned;
  const label = { id: spec.hash, kind: 'upload', label: labelOf(spec) } as const;
  try {
    const result = await task();
    context.emit({ type: 'task-end', ...label, outcome: result.outcome === 'exists' ? 'skipped' : 'done' });
    return result;
  } catch (cause) {
    const error = isBerthError(cause)
      ? cause
      : new BerthError('io', 'ERR_PUSH_FAILED', `${label.label}: ${messageOf(cause)}`, { cause });
    context.emit({ type: 'task-end', ...label, outcome: 'failed', message: error.message });
    return { spec, outcome: 'failed', error };
  }
}

async function begin(spec: ConcreteSpec, run: PushRun): Promise<'exists' | 'begun'> {
  const { emit, signal } = run.context;
  signal.throwIfAborted();
  if (!run.options.force && (await isPublished(spec, run))) return 'exists';
  emit({ type: 'task-start', id: spec.hash, kind: 'upload', label: labelOf(spec) });
  return 'begun';
}

type PushTask = (planned: PlannedPush, run: PushRun, limit: Limiter) => Promise<PushedPackage>;

/** A package from its prefix to its document, on its own. */
const pushEach: PushTask = (planned, run, limit) => {
  const { spec } = planned;
  return settled(planned, run, () =>
    limit(async () => {
      if ((await begin(spec, run)) === 'exists') return { spec, outcome: 'exists' };
      return withArchive(planned, run, async (archive) => {
        const outcome = await publishPackage(planned, archive, run);
        return { spec, outcome, sizeBytes: archive.source.sizeBytes };
      });
    }),
  );
};

/** Where documents name the archives of dependencies too, every archive is sent before the first document. */
function pushInTwoSteps(plan: PushPlan, run: PushRun, limit: Limiter): PushTask {
  const archives = new Map<DagHash, Promise<PackedArchive | 'exists'>>();
  for (const planned of plan.packages) {
    const sending = limit(() => sendArchive(planned, run));
    // Whoever publishes the package hears of it; until then nobody may be listening.
    sending.catch(() => undefined);
    archives.set(planned.spec.hash, sending);
  }
  return (planned) =>
    settled(planned, run, async () => {
      const { spec } = planned;
      await Promise.allSettled(archives.values());
      const archive = await archives.get(spec.hash);
      if (archive === undefined || archive === 'exists') return { spec, outcome: 'exists' };
      const outcome = await limit(() => publishPackage(planned, archive, run));
      return { spec, outcome, sizeBytes: archive.source.sizeBytes };
    });
}

async function sendArchive(planned: PlannedPush, run: PushRun): Promise<PackedArchive | 'exists'> {
  const { spec } = planned;
  const { mirror } = run.options.mirror;
  if ((await begin(spec, run)) === 'exists') return 'exists';
  return withArchive(planned, run, async (archive) => {
    await mirror.putArchive?.(spec, archive, { signal: run.context.signal });
    return archive;
  });
}

async function publishImage({ options, context, local }: PushRun): Promise<PublishedImage | undefined> {
  const { image, roots, mirror, inspections } = options;
  if (image?.tag === undefined) return undefined;
  const { signal } = context;
  const runEnvironment = await runEnvironmentOf(roots, { inspections, local, signal });
  const { tag, baseImage } = image;
  return mirror.mirror.publishImage?.({ tag, baseImage, roots, runEnvironment }, { signal });
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
