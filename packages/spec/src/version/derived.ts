import { formatSegment } from './segments.ts';
import { parsePlainVersion, type Version } from './version.ts';

/** The text with every separator replaced: `.` gives the dotted form, nothing the joined one (spec-syntax §4.1). */
export function withSeparator(version: Version, separator: '.' | '_' | '-' | ''): string {
  return version.text.replace(/[._-]/g, separator);
}

/** The first `count` release segments with their own separators; a negative count leaves that many off the end. */
export function upTo(version: Version, count: number): Version {
  const segments = version.release.slice(0, count).map(formatSegment);
  const text = segments.map((segment, i) => (i === 0 ? segment : (version.separators[i - 1] ?? '') + segment)).join('');
  return parsePlainVersion(text);
}

/** Numbers only: words become 0, and a pre-release appends `0` and its number. `1.2rc3` gives `1.2.0.3`. */
export function dottedNumeric(version: Version): string {
  const numbers = version.release.map((segment) => (typeof segment === 'string' ? '0' : formatSegment(segment)));
  const { kind, number } = version.prerelease;
  if (kind === 'final') return numbers.join('.');
  return [...numbers, '0', ...(number === undefined ? [] : [formatSegment(number)])].join('.');
}
