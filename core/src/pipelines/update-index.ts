import { BerthError, createLimiter } from '@berth/base';
import { type IndexSummary, type IndexUpdate } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';

/**
 * Rebuilds the index of a mirror from its packages, or adds to it. What other writers add meanwhile stays (hostile-inputs X06).
 * Rejects with `usage`, ERR_MIRROR_READONLY, when this kind of mirror has no index that can be written.
 */
export async function updateMirrorIndex(
  { mirror, name }: OpenMirror,
  update: IndexUpdate,
  { emit, signal }: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<IndexSummary> {
  if (mirror.updateIndex === undefined) {
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `index of mirror ${name}: this kind of mirror is read-only`, {
      hint: 'Update it through an address that can be written, such as the folder or bucket behind it.',
    });
  }
  const task = { id: `update-index ${name}`, kind: 'update-index', label: `mirror ${name}` } as const;
  emit({ type: 'task-start', ...task });
  let done = false;
  try {
    const summary = await mirror.updateIndex(update, { signal });
    done = true;
    return summary;
  } finally {
    emit({ type: 'task-end', ...task, outcome: done ? 'done' : 'failed' });
  }
}

export interface ViewUpdate {
  /** Those of them that the mirror has are listed. */
  readonly specs: readonly ConcreteSpec[];
  /** Add to a view that exists; otherwise that is an error. */
  readonly append: boolean;
}

/** Questions to the mirror at once. */
const CONCURRENCY = 16;

/**
 * Writes the view of the index that the mirror was opened with (buildcache-formats §10). Rejects with `usage`, ERR_VIEW_EXISTS,
 * when the view exists and is not to be added to.
 */
export async function updateMirrorView(
  opened: OpenMirror,
  { specs, append }: ViewUpdate,
  context: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<IndexSummary> {
  const { mirror } = opened;
  const { signal } = context;
  if (!append) await requireNoView(opened, signal);
  const limit = createLimiter(CONCURRENCY);
  const there = await Promise.all(specs.map((spec) => limit(() => isThere(spec))));
  return updateMirrorIndex(opened, { add: specs.filter((_, at) => there[at]) }, context);

  async function isThere(spec: ConcreteSpec): Promise<boolean> {
    return spec.external === undefined && (await mirror.exists(spec, { signal }));
  }
}

async function requireNoView({ mirror, name }: OpenMirror, signal: AbortSignal): Promise<void> {
  await using index = await mirror.index({ signal });
  if (index === undefined) return;
  throw new BerthError('usage', 'ERR_VIEW_EXISTS', `index of mirror ${name}: there is a view of that name`, {
    hint: 'Add to it with --append, or choose another name.',
  });
}
