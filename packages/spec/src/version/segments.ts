/**
 * One piece of a version: a number (`bigint` past 2^53), a word, or `Infinity` for the bound above every infinity name
 * that only `nextVersion` makes.
 */
export type Segment = number | bigint | string;

/** Words that are newer than every number, oldest first (spec-syntax §4.1). */
export const INFINITY_NAMES: readonly string[] = ['stable', 'nightly', 'trunk', 'head', 'master', 'main', 'develop'];

const INFINITY_RANK: ReadonlyMap<string, number> = new Map(INFINITY_NAMES.map((name, rank) => [name, rank]));

/** True for `develop`, `main` and the like, as a whole segment and in lower case only. */
export function isInfinityName(segment: Segment): boolean {
  return typeof segment === 'string' && INFINITY_RANK.has(segment);
}

/** Order of two segments, -1, 0 or 1: word < number < infinity name. */
export function compareSegments(a: Segment, b: Segment): number {
  const byClass = segmentClass(a) - segmentClass(b);
  if (byClass !== 0) return Math.sign(byClass);
  if (a === b) return 0;
  if (isInfinityName(a) && isInfinityName(b)) return infinityRank(a) < infinityRank(b) ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Order of two segment lists; a proper prefix is smaller. */
export function compareSegmentLists(a: readonly Segment[], b: readonly Segment[]): number {
  for (const [i, segment] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compareSegments(segment, other);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** The least segment above every segment that starts with this one (spec-syntax §4.2, `next`). */
export function nextSegment(segment: Segment): Segment {
  if (segment === Infinity) return Infinity;
  if (typeof segment === 'number' && segment < Number.MAX_SAFE_INTEGER) return segment + 1;
  if (typeof segment !== 'string') return BigInt(segment) + 1n;
  const rank = INFINITY_RANK.get(segment);
  if (rank !== undefined) return INFINITY_NAMES[rank + 1] ?? Infinity;
  const next = nextWord(segment);
  return isInfinityName(next) ? nextWord(next) : next;
}

/** Numbers lose leading zeros; those past 2^53 stay exact. */
export function parseSegment(text: string): Segment {
  if (!/^\d/.test(text)) return text;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `Infinity` prints as `infinity`. */
export function formatSegment(segment: Segment): string {
  return segment === Infinity ? 'infinity' : String(segment);
}

function nextWord(word: string): string {
  const last = word.at(-1);
  if (last === undefined || last === 'z') return `${word}A`;
  const next = last === 'Z' ? 'a' : String.fromCharCode(last.charCodeAt(0) + 1);
  return word.slice(0, -1) + next;
}

function infinityRank(segment: Segment): number {
  return INFINITY_RANK.get(segment as string) ?? INFINITY_NAMES.length;
}

function segmentClass(segment: Segment): number {
  if (segment === Infinity) return 3;
  if (typeof segment !== 'string') return 1;
  return isInfinityName(segment) ? 2 : 0;
}
