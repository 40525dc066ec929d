import { BerthError } from '@berth/base';
import { type IndexSummary, type IndexUpdate } from '@berth/buildcache';
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
