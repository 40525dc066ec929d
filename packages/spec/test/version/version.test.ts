import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareVersions,
  dottedNumeric,
  isDevelopVersion,
  isPrerelease,
  nextVersion,
  parsePlainVersion,
  parseVersion,
  preferVersions,
  resolveGitVersion,
  upTo,
  withSeparator,
} from '../../src/index.ts';
import { readVectors } from '../vectors.ts';

interface ComponentsRow {
  readonly input: string;
  readonly error?: string;
  readonly release: readonly (string | number)[];
  readonly prerelease: string;
  readonly prereleaseNumber?: number;
  readonly separators: readonly string[];
  readonly isDevelop: boolean;
  readonly isPrerelease: boolean;
  readonly dotted: string;
  readonly underscored: string;
  readonly dashed: string;
  readonly joined: string;
  readonly dottedNumeric: string;
  readonly upTo: Readonly<Record<string, string>>;
  readonly next: string;
}

test('every component vector is read into the same parts and derived forms', () => {
  const rows = readVectors('version-components') as ComponentsRow[];
  for (const row of rows)
    expect({ input: row.input, parts: componentsOf(row) }).toEqual({ input: row.input, parts: expectedOf(row) });
  expect(rows).toHaveLength(113);
});

function componentsOf({ input, upTo: counts }: ComponentsRow): unknown {
  try {
    const version = parsePlainVersion(input);
    return {
      release: version.release,
      prerelease: version.prerelease.kind,
      number: version.prerelease.number,
      separators: version.separators,
      isDevelop: isDevelopVersion(version),
      isPrerelease: isPrerelease(version),
      forms: (['.', '_', '-', ''] as const).map((separator) => withSeparator(version, separator)),
      dottedNumeric: dottedNumeric(version),
      upTo: Object.keys(counts).map((count) => upTo(version, Number(count)).text),
      next: nextVersion(version).text,
    };
  } catch (error) {
    if (isBerthError(error, 'ERR_VERSION_SYNTAX')) return 'error';
    throw error;
  }
}

/** Blanks around the text are not part of a version here, so its forms have none either. */
function expectedOf(row: ComponentsRow): unknown {
  if (row.error !== undefined) return 'error';
  return {
    release: row.release,
    prerelease: row.prerelease,
    number: row.prereleaseNumber,
    separators: row.separators,
    isDevelop: row.isDevelop,
    isPrerelease: row.isPrerelease,
    forms: [row.dotted, row.underscored, row.dashed, row.joined].map((form) => form.trim()),
    dottedNumeric: row.dottedNumeric,
    upTo: Object.values(row.upTo),
    next: row.next,
  };
}

test('every pair of the comparison vectors has the same order', () => {
  const { pairs, git } = readVectors('version-compare') as Record<'pairs' | 'git', [string, string, number][]>;
  for (const [a, b, order] of [...pairs, ...git]) {
    expect([a, b, compareVersions(parseVersion(a), parseVersion(b))]).toEqual([a, b, order]);
  }
  expect([pairs.length, git.length]).toEqual([1156, 72]);
});

test('versions sort into the groups of the order vectors', () => {
  const { ascending } = readVectors('version-order') as { ascending: string[][] };
  const flat = ascending.flatMap((group, rank) => group.map((text) => ({ rank, version: parseVersion(text) })));
  for (const a of flat) {
    for (const b of flat) {
      expect(compareVersions(a.version, b.version)).toBe(Math.sign(a.rank - b.rank));
    }
  }
  expect(ascending).toHaveLength(83);
});

test('the preference of versions is that of the order vectors', () => {
  const { preferenceDescending } = readVectors('version-order') as { preferenceDescending: string[] };
  const candidates = preferenceDescending.map((text) => ({ text, version: parseVersion(text) }));
  const found = preferVersions(candidates.toReversed());
  expect(preferenceDescending).toHaveLength(97);
  for (const [i, { version }] of found.entries()) {
    expect(compareVersions(version, parseVersion(preferenceDescending[i] ?? ''))).toBe(0);
  }
});

test('a version marked as preferred comes first', () => {
  const candidates = [
    { version: parseVersion('2.0') },
    { version: parseVersion('1.0'), preferred: true },
    { version: parseVersion('git.main=3.0') },
  ];
  expect(preferVersions(candidates).map(({ version }) => version.text)).toEqual(['1.0', '2.0', 'git.main=3.0']);
});

test('a git version keeps its ref and takes the version it is given', () => {
  const version = parseVersion('git.feature/x');
  expect(version).toMatchObject({ kind: 'git', ref: 'feature/x', version: undefined });
  if (version.kind !== 'git') throw new Error('expected a git version');
  expect(resolveGitVersion(version, parsePlainVersion('1.2')).text).toBe('git.feature/x=1.2');
});

test('numbers past 2^53 are compared exactly', () => {
  expect(compareVersions(parseVersion('90071992547409931'), parseVersion('90071992547409930'))).toBe(1);
  expect(nextVersion(parsePlainVersion('9007199254740991')).text).toBe('9007199254740992');
});

test.each(['git.', 'git.a=1=2', 'git.a b', 'git.-x', '1.2+3'])('refuses %j', (text) => {
  expect(() => parseVersion(text)).toThrow(/^version "/);
});

const versionText = fc
  .stringMatching(/^(?:[a-c]|[0-9]|alpha|beta|rc|final|main|develop|[._-]){1,8}$/)
  .filter((text) => !text.includes('='));

test('the order of versions is total', () => {
  fc.assert(
    fc.property(versionText, versionText, versionText, (x, y, z) => {
      const [a, b, c] = [parseVersion(x), parseVersion(y), parseVersion(z)];
      expect(compareVersions(a, b)).toBe(-compareVersions(b, a) + 0);
      const [low, middle, high] = [a, b, c].sort(compareVersions);
      if (low && middle && high)
        expect(compareVersions(low, high)).toBeLessThanOrEqual(Math.min(0, compareVersions(middle, high)) && 0);
      expect(compareVersions(a, nextVersion(parsePlainVersion(x)))).toBe(-1);
    }),
  );
});
