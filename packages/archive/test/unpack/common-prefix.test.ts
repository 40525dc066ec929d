import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommonPrefix, type ListedMember } from '../../src/unpack/common-prefix.ts';

interface Vector {
  readonly note: string;
  readonly entries: readonly (readonly [name: string, type: 'd' | 'f'])[];
  readonly ok?: string;
  readonly error?: string;
}

const fixture = join(import.meta.dirname, '..', 'fixtures', 'tar-common-prefix.json');
const vectors = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Vector[];

/** Refused here: members are inside only below the prefix, not when their names merely start alike (hostile-inputs A04). */
const STRICTER = 'string prefix only: accepted, then ignored or mangled at extraction';

test('there are nine vectors of common prefixes', () => {
  expect(vectors).toHaveLength(9);
  expect(vectors.filter(({ note }) => note === STRICTER)).toHaveLength(1);
});

test.each(vectors)('common prefix: $note', ({ note, entries, ok }) => {
  const members = new Map(
    entries.map(([name, type]): [string, ListedMember] => [
      name.replace(/\/$/, ''),
      { kind: type === 'd' ? 'directory' : 'file', explicit: true },
    ]),
  );
  const find = (): string => {
    try {
      return findCommonPrefix(members, 'vector');
    } catch (error) {
      return isBerthError(error) ? error.code : String(error);
    }
  };
  expect(find()).toBe(ok === undefined || note === STRICTER ? 'ERR_ARCHIVE_PREFIX' : ok);
});
