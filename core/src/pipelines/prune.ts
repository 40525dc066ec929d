import { BerthError } from '@berth/base';
import { type PruneOptions, type PruneSummary } from '@berth/buildcache';
import { type DagHash, isDagHash } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';

/**
 * Removes from a mirror what nothing needs (`Mirror.prune`). Rejects with `usage`: ERR_MIRROR_READONLY when nothing can be removed from
 * this kind of mirror, ERR_PRUNE_AGE when it does not tell how old things are.
 */
export async function pruneMirror(
  { mirror, name }: OpenMirror,
  options: Omit<PruneOptions, 'signal'>,
  { emit, signal }: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<PruneSummary> {
  if (mirror.prune === undefined) {
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `prune of mirror ${name}: nothing can be removed from it`, {
      hint: 'Prune it through an address that can be listed and written, such as the folder or bucket behind it.',
    });
  }
  const summary = await mirror.prune({ ...options, signal });
  const verb = options.dryRun ? 'would be removed' : 'removed';
  for (const { key, reason } of summary.removed) {
    emit({ type: 'debug', message: `mirror ${name}: ${key} ${verb}: ${reason}` });
  }
  return summary;
}

/**
 * DAG hashes, one a line, each with or without a slash before it; blank lines and lines that start with `#` are passed over. Rejects with
 * `usage`, ERR_KEEPLIST: anything else, or no hash at all, for what is not on the list gets removed.
 */
export function parseKeepList(text: string, what: string): ReadonlySet<DagHash> {
  const hashes = new Set<DagHash>();
  for (const [at, line] of text.split('\n').entries()) {
    const word = line.trim().replace(/^\//, '');
    if (word === '' || word.startsWith('#')) continue;
    if (!isDagHash(word))
      throw badKeepList(`${what}, line ${at + 1}: not a whole hash: ${JSON.stringify(word.slice(0, 80))}`);
    hashes.add(word);
  }
  if (hashes.size === 0) throw badKeepList(`${what}: it names no package`);
  return hashes;
}

function badKeepList(message: string): BerthError {
  return new BerthError('usage', 'ERR_KEEPLIST', message, {
    hint: 'Write one hash of 32 characters on each line; berth find -L and berth buildcache list -L show them.',
  });
}
