import { BerthError, type BerthErrorOptions, escapeControls } from '@berth/base';
import { type Position } from './yaml/node.ts';

/** `FILE:LINE:COLUMN`, as far as it is known. */
export function formatPosition(at: Position): string {
  if (at.line === undefined) return escapeControls(at.file);
  const column = at.column === undefined ? '' : `:${at.column}`;
  return `${escapeControls(at.file)}:${at.line}${column}`;
}

/** A `config` failure whose message begins with the place it is about (configuration §9). */
export function configError(at: Position, why: string, options: BerthErrorOptions = {}): BerthError {
  return new BerthError('config', 'ERR_CONFIG', `configuration: ${formatPosition(at)}: ${escapeControls(why)}`, {
    ...options,
    details: { file: at.file, line: at.line, column: at.column, ...options.details },
  });
}

/** The known word nearest to `word`, if one is near enough to be a slip of the pen. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance; anything from `limit` up may be returned as `limit`. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? limit;
}
