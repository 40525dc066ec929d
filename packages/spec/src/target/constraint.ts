import { targetAtMost, targetFamily } from './target.ts';

/** One comma part of a target constraint: a name, or a range whose missing ends are open (spec-syntax §7). */
type TargetPart = { readonly name: string } | TargetRange;

interface TargetRange {
  readonly min: string | undefined;
  readonly max: string | undefined;
}

/** True for a single name: neither a range nor a list. */
export function isSingleTarget(constraint: string): boolean {
  return !/[:,]/.test(constraint);
}

/** What both constraints allow, pair by pair of their parts; empty when there is nothing. */
export function targetIntersection(a: string, b: string): readonly string[] {
  const others = b.split(',').map(parsePart);
  const pairs = a
    .split(',')
    .map(parsePart)
    .flatMap((part) => others.map((other) => intersectParts(part, other)));
  return pairs.filter((text) => text !== undefined);
}

/**
 * True if `a` meets the constraint `b`. For two ranges it is enough that they have targets in common; `*` in `b` asks
 * only that `a` is given.
 */
export function targetSatisfies(a: string | undefined, b: string | undefined): boolean {
  if (b === undefined) return true;
  if (a === undefined) return false;
  return b === '*' || targetIntersection(a, b).length > 0;
}

/** True if one is not given, or `a` satisfies `b`. */
export function targetsIntersect(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || targetSatisfies(a, b);
}

/** The target that meets both; `undefined` if there is none. A single name stays as it is. */
export function constrainTarget(a: string, b: string): string | undefined {
  if (!targetSatisfies(b, a)) return undefined;
  if (isSingleTarget(a)) return a;
  return isSingleTarget(b) ? b : targetIntersection(a, b).join(',');
}

function parsePart(text: string): TargetPart {
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text };
  return { min: text.slice(0, colon) || undefined, max: text.slice(colon + 1) || undefined };
}

function intersectParts(a: TargetPart, b: TargetPart): string | undefined {
  if ('name' in a) return nameMeets(a.name, b) ? a.name : undefined;
  if ('name' in b) return nameMeets(b.name, a) ? b.name : undefined;
  return intersectRanges(a, b);
}

function nameMeets(name: string, part: TargetPart): boolean {
  if ('name' in part) return name === part.name;
  const { min, max } = part;
  return (min === undefined || targetAtMost(min, name)) && (max === undefined || targetAtMost(name, max));
}

function intersectRanges(a: TargetRange, b: TargetRange): string | undefined {
  const min = bound(a.min, b.min, (x, y) => targetAtMost(y, x));
  const max = bound(a.max, b.max, targetAtMost);
  if (min === INCOMPARABLE || max === INCOMPARABLE) return undefined;
  if (min === undefined || max === undefined) return `${min ?? ''}:${max ?? ''}`;
  if (targetFamily(min) !== targetFamily(max) || !targetAtMost(min, max)) return undefined;
  return min === max ? min : `${min}:${max}`;
}

const INCOMPARABLE = Symbol('incomparable');

/** Of two ends the one that `wins`; the given one if only one is. */
function bound(
  a: string | undefined,
  b: string | undefined,
  wins: (x: string, y: string) => boolean,
): string | undefined | typeof INCOMPARABLE {
  if (a === undefined || b === undefined) return a ?? b;
  if (wins(a, b)) return a;
  return wins(b, a) ? b : INCOMPARABLE;
}
