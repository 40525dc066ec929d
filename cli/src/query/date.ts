import { UsageError } from '../arguments/usage-error.ts';

const ABSOLUTE = /^(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?: (\d\d?):(\d\d)(?::(\d\d))?)?)?)?$/;
const AGO = /^(a|an|\d+) (second|minute|hour|day|week|month|year)s? ago$/;

const SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/**
 * A date as `find --start-date` takes it (cli §9), in seconds since the epoch: `2024`, `2024-05`, `2024-05-01 12:30:00` in
 * local time, `yesterday`, `3 days ago`, `a week ago`. Throws a UsageError for anything else, and for days that do not exist.
 */
export function parseDate(text: string, nowSeconds: number): number {
  const words = text.trim().toLowerCase();
  if (words === 'now') return nowSeconds;
  if (words === 'yesterday') return nowSeconds - 86_400;
  const [, count, unit = ''] = AGO.exec(words) ?? [];
  if (count !== undefined) return nowSeconds - (/^\d/.test(count) ? Number(count) : 1) * (SECONDS[unit] ?? 0);
  const seconds = absoluteDate(words);
  if (seconds !== undefined) return seconds;
  throw new UsageError(
    `${JSON.stringify(text)}: not a date`,
    'Write YYYY, YYYY-MM, YYYY-MM-DD or "YYYY-MM-DD HH:MM", yesterday, or "3 days ago".',
  );
}

function absoluteDate(text: string): number | undefined {
  const parts = ABSOLUTE.exec(text)?.slice(1) as (string | undefined)[] | undefined;
  if (parts === undefined) return undefined;
  const numbers = parts.map((part) => (part === undefined ? undefined : Number(part)));
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers;
  const date = new Date(year, month - 1, day, hour, minute, second);
  // A date that does not exist comes out as another one.
  const read = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  return String(read) === String([month, day, hour, minute, second]) ? date.getTime() / 1000 : undefined;
}
