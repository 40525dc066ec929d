import { BerthError } from '@berth/base';
import {
  compareSegmentLists,
  formatSegment,
  isInfinityName,
  nextSegment,
  parseSegment,
  type Segment,
} from './segments.ts';

/** Kinds of pre-release in ascending order; `final` is none. */
export const PRERELEASE_KINDS = ['alpha', 'beta', 'rc', 'final'] as const;
export type PrereleaseKind = (typeof PRERELEASE_KINDS)[number];

export interface Prerelease {
  readonly kind: PrereleaseKind;
  readonly number: Segment | undefined;
}

/** A plain version such as `1.2.3rc1` (spec-syntax §4.1). Equality is `compareVersions`, never equality of `text`. */
export interface Version {
  readonly kind: 'version';
  readonly text: string;
  readonly release: readonly Segment[];
  readonly prerelease: Prerelease;
  /** The separator behind each segment, those of the pre-release included. */
  readonly separators: readonly string[];
}

/** A git ref, with the version it stands for once that is known (spec-syntax §4.2). */
export interface GitVersion {
  readonly kind: 'git';
  /** As it is printed: `git.v1.2=1.2`, `<40 hex digits>=1.2`; without the `=…` part while the version is unknown. */
  readonly text: string;
  /** Branch, tag or commit, without `git.`. */
  readonly ref: string;
  readonly version: Version | undefined;
}

export type ConcreteVersion = Version | GitVersion;

const FINAL: Prerelease = { kind: 'final', number: undefined };
const VALID = /^[A-Za-z0-9_.-][=A-Za-z0-9_.-]*$/;
const VALID_REF = /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/;
const COMMIT = /^[0-9a-fA-F]{40}$/;

/**
 * Reads one version, without a leading `=`. Text with a `=` inside, a `git.` prefix or 40 hex digits is a git version.
 * @throws BerthError `usage` ERR_VERSION_SYNTAX
 */
export function parseVersion(text: string): ConcreteVersion {
  const trimmed = text.trim();
  if (isGitVersionText(trimmed)) return parseGitVersion(trimmed);
  return parsePlainVersion(trimmed);
}

/** Like `parseVersion` for text that must not be a git version. */
export function parsePlainVersion(text: string): Version {
  const trimmed = text.trim();
  if (trimmed !== '' && !VALID.test(trimmed)) throw badVersion(text, 'it has characters that versions cannot have');
  const parts = Array.from(trimmed.matchAll(/(\d+|[A-Za-z]+)([_.-]*)/g));
  const segments = parts.map((part) => parseSegment(part[1] ?? ''));
  const separators = parts.map((part) => part[2] ?? '');
  return { kind: 'version', text: trimmed, ...splitPrerelease(segments), separators };
}

/** True for text that names a git ref: `git.main`, `git.main=1.2`, a full commit hash. */
export function isGitVersionText(text: string): boolean {
  return text.startsWith('git.') || text.indexOf('=') > 0 || COMMIT.test(text);
}

/** Says which version a git version stands for. */
export function resolveGitVersion(version: GitVersion, value: Version): GitVersion {
  const [written] = version.text.split('=', 1);
  return { ...version, text: `${written ?? ''}=${value.text}`, version: value };
}

/**
 * Total order, -1, 0 or 1. A git version comes just after the plain version it stands for; an unresolved one counts as
 * version 0.
 */
export function compareVersions(a: ConcreteVersion, b: ConcreteVersion): number {
  const order = comparePlain(plainVersion(a), plainVersion(b));
  if (order !== 0) return order;
  if (a.kind === 'git' && b.kind === 'git') return compareText(a.ref, b.ref);
  return (a.kind === 'git' ? 1 : 0) - (b.kind === 'git' ? 1 : 0);
}

/** The plain version behind any version: itself, or what a git version stands for (0 while unknown). */
export function plainVersion(version: ConcreteVersion): Version {
  return version.kind === 'version' ? version : (version.version ?? ZERO);
}

/** True for `develop`, `1.main` and the like: some release segment is an infinity name. */
export function isDevelopVersion(version: ConcreteVersion): boolean {
  return plainVersion(version).release.some(isInfinityName);
}

export function isPrerelease(version: ConcreteVersion): boolean {
  return plainVersion(version).prerelease.kind !== 'final';
}

/** The bound just above every version that starts with this one: `next(1.2)` is `1.3` (spec-syntax §4.2). */
export function nextVersion(version: Version): Version {
  const { release, prerelease, separators } = version;
  if (prerelease.kind !== 'final') {
    const number = prerelease.number === undefined ? 0 : nextSegment(prerelease.number);
    return fromParts(release, { kind: prerelease.kind, number }, separators);
  }
  const last = release.at(-1);
  return fromParts([...release.slice(0, -1), nextSegment(last ?? '')], prerelease, separators);
}

function fromParts(release: readonly Segment[], prerelease: Prerelease, separators: readonly string[]): Version {
  const segments = release.map(formatSegment);
  if (prerelease.kind !== 'final') segments.push(prerelease.kind);
  if (prerelease.number !== undefined) segments.push(formatSegment(prerelease.number));
  const text = segments.map((segment, i) => segment + (separators[i] ?? '')).join('');
  return { kind: 'version', text, release, prerelease, separators };
}

function parseGitVersion(text: string): GitVersion {
  const equals = text.indexOf('=');
  const written = equals < 0 ? text : text.slice(0, equals);
  const ref = written.startsWith('git.') ? written.slice('git.'.length) : written;
  if (!VALID_REF.test(ref)) throw badVersion(text, `"${ref}" is not a git ref`);
  if (equals < 0) return { kind: 'git', text, ref, version: undefined };
  const value = text.slice(equals + 1);
  if (value.includes('=')) throw badVersion(text, 'it has more than one "="');
  return { kind: 'git', text, ref, version: parsePlainVersion(value) };
}

function splitPrerelease(segments: readonly Segment[]): { release: readonly Segment[]; prerelease: Prerelease } {
  const last = segments.at(-1);
  const kindBefore = prereleaseKind(segments.at(-2));
  if (segments.length >= 3 && kindBefore !== undefined && typeof last !== 'string') {
    return { release: segments.slice(0, -2), prerelease: { kind: kindBefore, number: last } };
  }
  const kind = prereleaseKind(last);
  if (segments.length >= 2 && kind !== undefined) {
    return { release: segments.slice(0, -1), prerelease: { kind, number: undefined } };
  }
  return { release: segments, prerelease: FINAL };
}

function prereleaseKind(segment: Segment | undefined): PrereleaseKind | undefined {
  return PRERELEASE_KINDS.find((kind) => kind === segment);
}

function comparePlain(a: Version, b: Version): number {
  return compareSegmentLists(a.release, b.release) || compareSegmentLists(prereleaseKey(a), prereleaseKey(b));
}

function prereleaseKey({ prerelease }: Version): readonly Segment[] {
  const rank = PRERELEASE_KINDS.indexOf(prerelease.kind);
  return prerelease.number === undefined ? [rank] : [rank, prerelease.number];
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function badVersion(text: string, why: string): BerthError {
  return new BerthError('usage', 'ERR_VERSION_SYNTAX', `version ${JSON.stringify(text)}: ${why}`, {
    details: { text },
  });
}

const ZERO: Version = parsePlainVersion('0');
