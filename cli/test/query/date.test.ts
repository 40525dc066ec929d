import { expect, test } from '@jest/globals';
import { parseDate } from '../../src/query/date.ts';

const NOW = 1_700_000_000;

test.each([
  { text: '2024', want: new Date(2024, 0, 1) },
  { text: '2024-3', want: new Date(2024, 2, 1) },
  { text: '2024-02-29', want: new Date(2024, 1, 29) },
  { text: '2024-02-29 7:05', want: new Date(2024, 1, 29, 7, 5) },
  { text: '2024-02-29 07:05:09', want: new Date(2024, 1, 29, 7, 5, 9) },
])('$text is a moment in local time', ({ text, want }) => {
  expect(parseDate(text, NOW)).toBe(want.getTime() / 1000);
});

test.each([
  { text: 'now', secondsAgo: 0 },
  { text: 'Yesterday', secondsAgo: 86_400 },
  { text: '90 minutes ago', secondsAgo: 5400 },
  { text: 'an hour ago', secondsAgo: 3600 },
  { text: '1 day ago', secondsAgo: 86_400 },
  { text: '2 weeks ago', secondsAgo: 1_209_600 },
])('$text is $secondsAgo seconds ago', ({ text, secondsAgo }) => {
  expect(parseDate(text, NOW)).toBe(NOW - secondsAgo);
});

test.each(['', '24', '2023-02-29', '2024-13', '2024-01-01 24:00', '2024-01-01 10:61', '3 fortnights ago', '2024 x'])(
  '%j is not a date',
  (text) => {
    expect(() => parseDate(text, NOW)).toThrow(/not a date/);
  },
);
