import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ANY_VERSION,
  compareVersionLists,
  concreteVersion,
  formatVersionElement,
  formatVersionList,
  isAnyVersion,
  parseVersionList,
  versionsIntersect,
  versionsIntersection,
  versionsSatisfy,
  versionsUnion,
} from '../../src/index.ts';
import { readVectors } from '../vectors.ts';

interface ListRow {
  readonly input: string;
  readonly canonical?: string;
  readonly elements?: readonly string[];
  readonly concrete?: string | null;
  readonly error?: string;
}

test('every list vector is normalised the same way', () => {
  const rows = readVectors('version-lists') as ListRow[];
  for (const row of rows)
    expect(normalised(row.input)).toEqual(row.error === undefined ? row : { input: row.input, error: true });
  expect(rows).toHaveLength(72);
});

function normalised(input: string): unknown {
  try {
    const list = parseVersionList(input);
    return {
      input,
      canonical: formatVersionList(list),
      elements: list.elements.map(formatVersionElement),
      concrete: concreteVersion(list)?.text ?? null,
    };
  } catch (error) {
    if (isBerthError(error, 'ERR_VERSION_RANGE')) return { input, error: true };
    throw error;
  }
}

test('every relation vector holds', () => {
  const { rows } = readVectors('version-relations') as { rows: [string, string, boolean, boolean, string, string][] };
  for (const row of rows) {
    const [left, right] = row;
    const [a, b] = [parseVersionList(left), parseVersionList(right)];
    const intersection = formatVersionList(versionsIntersection(a, b));
    const union = formatVersionList(versionsUnion(a, b));
    expect([left, right, versionsSatisfy(a, b), versionsIntersect(a, b), intersection, union]).toEqual(row);
  }
  expect(rows).toHaveLength(1100);
});

test('a git version without a known version lies only in the range of everything', () => {
  const git = parseVersionList('git.main');
  expect(versionsSatisfy(git, ANY_VERSION)).toBe(true);
  expect(versionsSatisfy(git, parseVersionList(':2'))).toBe(false);
  expect(isAnyVersion(ANY_VERSION)).toBe(true);
});

const version = fc.constantFrom('0', '1', '1.2', '1.2rc1', '1.3', '2', 'a', 'main', 'develop', '1.2.develop');
const element = fc.oneof(
  version,
  version.map((v) => `=${v}`),
  version.map((v) => `${v}:`),
  version.map((v) => `:${v}`),
  fc.constant('git.x=1.2'),
);
const list = fc.array(element, { minLength: 1, maxLength: 5 }).map((items) => parseVersionList(items.join(',')));

test('a printed list reads back as itself', () => {
  fc.assert(fc.property(list, (a) => compareVersionLists(parseVersionList(formatVersionList(a)), a) === 0));
});

test('intersections satisfy both sides and unions are satisfied by both', () => {
  fc.assert(
    fc.property(list, list, (a, b) => {
      const common = versionsIntersection(a, b);
      expect(versionsSatisfy(common, a) && versionsSatisfy(common, b)).toBe(true);
      const either = versionsUnion(a, b);
      expect(versionsSatisfy(a, either) && versionsSatisfy(b, either)).toBe(true);
      expect(versionsIntersect(a, b)).toBe(common.elements.length > 0);
    }),
  );
});
