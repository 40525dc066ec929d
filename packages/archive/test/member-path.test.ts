import { DEFAULT_LIMITS } from '@berth/base';
import { expect, test } from '@jest/globals';
import { isWithin, memberPath, parentPath } from '../src/member-path.ts';

function pathOn(platform: NodeJS.Platform, name: string): string {
  return memberPath(name, { what: 'test archive', limits: DEFAULT_LIMITS, platform });
}

test.each(['C:\\x', 'C:x', '\\\\host\\x', '..\\x', 'a\\b', 'a:stream'])(
  'A02: %j is refused on Windows only',
  (name) => {
    expect(pathOn('linux', name)).toBe(name);
    expect(() => pathOn('win32', name)).toThrow(/means another place on Windows/);
  },
);

test.each([
  ['a/b', 'a/b'],
  ['./a/./b/', 'a/b'],
  ['a//b', 'a/b'],
  ['...', '...'],
  ['..a/b..', '..a/b..'],
  ['./', ''],
])('A03: %j is %j', (name, want) => {
  expect(pathOn('linux', name)).toBe(want);
});

test('a path has a parent, and lies within its ancestors only', () => {
  expect(['a/b/c', 'a', ''].map(parentPath)).toEqual(['a/b', '', '']);
  expect(isWithin('a/b', 'a')).toBe(true);
  expect(isWithin('a', 'a')).toBe(true);
  expect(isWithin('ab', 'a')).toBe(false);
  expect(isWithin('a', 'a/b')).toBe(false);
});
