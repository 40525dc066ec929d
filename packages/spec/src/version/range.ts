import { BerthError } from '@berth/base';
import { compareVersions, nextVersion, plainVersion, type ConcreteVersion, type Version } from './version.ts';

/** The closed range `low:high`; a missing end is unbounded. `@1.2` is the range `1.2:1.2` (spec-syntax §4.2). */
export interface VersionRange {
  readonly kind: 'range';
  readonly low: Version | undefined;
  readonly high: Version | undefined;
  /** First version above the range, `next(high)`. */
  readonly end: Version | undefined;
}

/** @throws BerthError `usage` ERR_VERSION_RANGE when nothing can lie between the ends. */
export function versionRange(low: Version | undefined, high: Version | undefined): VersionRange {
  const end = high && nextVersion(high);
  if (low && end && compareVersions(end, low) < 0) {
    const text = `${low.text}:${high.text}`;
    throw new BerthError('usage', 'ERR_VERSION_RANGE', `version range ${text}: it is empty`, {
      hint: 'Write the lower version first.',
      details: { range: text },
    });
  }
  return { kind: 'range', low, high, end };
}

/** True if `version` lies in the range; an unresolved git version lies only in the unbounded range. */
export function rangeHas(range: VersionRange, version: ConcreteVersion): boolean {
  if (version.kind === 'git' && version.version === undefined)
    return range.low === undefined && range.end === undefined;
  const value = plainVersion(version);
  return compareLow(range.low, value) <= 0 && compareEnd(value, range.end) < 0;
}

/** True if every version of `inner` is in `outer`. */
export function rangeCovers(outer: VersionRange, inner: VersionRange): boolean {
  return compareLow(outer.low, inner.low) <= 0 && compareEnd(inner.end, outer.end) <= 0;
}

export function rangesIntersect(a: VersionRange, b: VersionRange): boolean {
  return lowBeforeEnd(a.low, b.end) < 0 && lowBeforeEnd(b.low, a.end) < 0;
}

/** The common part of two ranges; `undefined` when there is none. */
export function rangeIntersection(a: VersionRange, b: VersionRange): VersionRange | undefined {
  if (!rangesIntersect(a, b)) return undefined;
  const low = compareLow(a.low, b.low) >= 0 ? a.low : b.low;
  const upper = compareEnd(a.end, b.end) <= 0 ? a : b;
  return { kind: 'range', low, high: upper.high, end: upper.end };
}

/** One range for two that overlap or touch; `undefined` when there is a gap. */
export function rangeUnion(a: VersionRange, b: VersionRange): VersionRange | undefined {
  if (lowBeforeEnd(a.low, b.end) > 0 || lowBeforeEnd(b.low, a.end) > 0) return undefined;
  const low = compareLow(a.low, b.low) <= 0 ? a.low : b.low;
  const upper = compareEnd(a.end, b.end) >= 0 ? a : b;
  return { kind: 'range', low, high: upper.high, end: upper.end };
}

export function formatRange({ low, high }: VersionRange): string {
  if (low && high && compareVersions(low, high) === 0) return low.text;
  return `${low?.text ?? ''}:${high?.text ?? ''}`;
}

/** Order of two lower ends; a missing one is below everything. */
export function compareLow(a: Version | undefined, b: Version | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareVersions(a, b);
}

/** Order of two upper bounds; a missing one is above everything. */
export function compareEnd(a: Version | undefined, b: Version | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return compareVersions(a, b);
}

function lowBeforeEnd(low: Version | undefined, end: Version | undefined): number {
  return low === undefined || end === undefined ? -1 : compareVersions(low, end);
}
