import { UsageError } from './usage-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90s`, `30m`, `12h`, `7d`, `2w` or `0` in milliseconds. Throws `usage` naming `option` for any other text. */
export function parseDuration(text: string, option: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  if (text === '0') return 0;
  throw new UsageError(
    `${option} ${JSON.stringify(text.slice(0, 40))}: not a duration`,
    'Write a number and a unit: 90s, 30m, 12h, 7d, 2w.',
  );
}
