import {
  compareEnd,
  compareLow,
  formatRange,
  rangeCovers,
  rangeHas,
  rangeIntersection,
  rangesIntersect,
} from './range.ts';
import { rangeUnion, versionRange, type VersionRange } from './range.ts';
import { compareVersions, parsePlainVersion, isGitVersionText, parseVersion, plainVersion } from './version.ts';
import { type ConcreteVersion } from './version.ts';

/** `=1.2`, a git version, or a range. */
export type VersionElement = ConcreteVersion | VersionRange;

/** What follows `@`: a union, sorted and reduced (spec-syntax §4.2). No elements means that no version can match. */
export interface VersionList {
  readonly elements: readonly VersionElement[];
}

/** Every version: what a spec without `@` says. */
export const ANY_VERSION: VersionList = { elements: [versionRange(undefined, undefined)] };

/** Reads the text after `@`. @throws BerthError `usage` ERR_VERSION_SYNTAX, ERR_VERSION_RANGE */
export function parseVersionList(text: string): VersionList {
  return versionList(text.split(',').map((item) => parseElement(item.trim())));
}

/** The reduced list of the union of `elements`. */
export function versionList(elements: readonly VersionElement[]): VersionList {
  const reduced: VersionElement[] = [];
  for (const element of elements.toSorted(compareElements)) append(reduced, element);
  return { elements: reduced };
}

/** Exactly one version: `@=1.2`. */
export function exactVersion(version: ConcreteVersion): VersionList {
  return { elements: [version] };
}

/** The one version of a concrete list, else `undefined`. */
export function concreteVersion({ elements }: VersionList): ConcreteVersion | undefined {
  const [only] = elements;
  return elements.length === 1 && only !== undefined && only.kind !== 'range' ? only : undefined;
}

export function isAnyVersion({ elements }: VersionList): boolean {
  const [only] = elements;
  return elements.length === 1 && only?.kind === 'range' && only.low === undefined && only.high === undefined;
}

/** Canonical text: `1.2:1.4,=1.7`, without `@`. */
export function formatVersionList({ elements }: VersionList): string {
  return elements.map(formatVersionElement).join(',');
}

export function formatVersionElement(element: VersionElement): string {
  if (element.kind === 'range') return formatRange(element);
  return element.kind === 'git' ? element.text : `=${element.text}`;
}

/** True if every version `a` allows is allowed by `b`, as far as single elements show it. */
export function versionsSatisfy(a: VersionList, b: VersionList): boolean {
  return a.elements.every((left) => b.elements.some((right) => elementSatisfies(left, right)));
}

export function versionsIntersect(a: VersionList, b: VersionList): boolean {
  return a.elements.some((left) => b.elements.some((right) => elementIntersection(left, right) !== undefined));
}

/** What both allow; an empty list when there is nothing. */
export function versionsIntersection(a: VersionList, b: VersionList): VersionList {
  const pairs = a.elements.flatMap((left) => b.elements.map((right) => elementIntersection(left, right)));
  return versionList(pairs.filter((element) => element !== undefined));
}

export function versionsUnion(a: VersionList, b: VersionList): VersionList {
  return versionList([...a.elements, ...b.elements]);
}

/** Total order of lists, element by element; 0 exactly for equal lists. */
export function compareVersionLists(a: VersionList, b: VersionList): number {
  for (const [i, left] of a.elements.entries()) {
    const right = b.elements[i];
    if (right === undefined) return 1;
    const order = compareElements(left, right);
    if (order !== 0) return order;
  }
  return Math.sign(a.elements.length - b.elements.length);
}

function parseElement(text: string): VersionElement {
  if (text.startsWith('=')) return parseVersion(text.slice(1));
  if (isGitVersionText(text)) return parseVersion(text);
  const colon = text.indexOf(':');
  if (colon < 0) return rangeOf(text, text);
  return rangeOf(text.slice(0, colon), text.slice(colon + 1));
}

function rangeOf(low: string, high: string): VersionRange {
  return versionRange(
    low === '' ? undefined : parsePlainVersion(low),
    high === '' ? undefined : parsePlainVersion(high),
  );
}

/** By value, then plain version, git version, range; ranges by their ends. */
function compareElements(a: VersionElement, b: VersionElement): number {
  if (a.kind !== 'range' && b.kind !== 'range') return compareVersions(a, b);
  const order = compareLow(startOf(a), startOf(b)) || Number(a.kind === 'range') - Number(b.kind === 'range');
  if (order !== 0 || a.kind !== 'range' || b.kind !== 'range') return order;
  return compareEnd(a.end, b.end);
}

function startOf(element: VersionElement): ReturnType<typeof plainVersion> | undefined {
  return element.kind === 'range' ? element.low : plainVersion(element);
}

/** Adds the next element in order to a reduced list. */
function append(reduced: VersionElement[], element: VersionElement): void {
  const last = reduced.at(-1);
  if (element.kind !== 'range') {
    const known =
      last !== undefined && (last.kind === 'range' ? rangeHas(last, element) : compareVersions(last, element) === 0);
    if (!known) reduced.push(element);
    return;
  }
  let merged: VersionRange = element;
  for (let before = last; before !== undefined; before = reduced.at(-1)) {
    const union = absorb(merged, before);
    if (union === undefined) break;
    merged = union;
    reduced.pop();
  }
  reduced.push(merged);
}

function absorb(range: VersionRange, element: VersionElement): VersionRange | undefined {
  if (element.kind === 'range') return rangeUnion(element, range);
  return rangeHas(range, element) ? range : undefined;
}

function elementSatisfies(a: VersionElement, b: VersionElement): boolean {
  if (b.kind === 'range') return a.kind === 'range' ? rangeCovers(b, a) : rangeHas(b, a);
  return a.kind !== 'range' && sameVersion(a, b);
}

function elementIntersection(a: VersionElement, b: VersionElement): VersionElement | undefined {
  if (a.kind === 'range' && b.kind === 'range') return rangesIntersect(a, b) ? rangeIntersection(a, b) : undefined;
  if (a.kind === 'range') return elementIntersection(b, a);
  if (b.kind === 'range') return rangeHas(b, a) ? a : undefined;
  return sameVersion(a, b) ? a : undefined;
}

function sameVersion(a: ConcreteVersion, b: ConcreteVersion): boolean {
  return a.kind === b.kind && compareVersions(a, b) === 0;
}
