import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { challengesOf, parseChallenges, ResponseHeaders } from '../../src/index.ts';

interface Vector {
  readonly header: string;
  readonly ok?: {
    readonly challenges: readonly {
      readonly scheme: string;
      readonly params: readonly (readonly [string, string])[];
    }[];
  };
  readonly error?: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/www-authenticate.json', import.meta.url), 'utf8'),
) as readonly Vector[];

test('every header of the vectors is read as Spack reads it', () => {
  const wrong = vectors.filter(({ header, ok }) => {
    const want = ok?.challenges.map(({ scheme, params }) => ({ scheme, params }));
    return JSON.stringify(attempt(header)) !== JSON.stringify(want);
  });
  expect(wrong).toEqual([]);
  expect(vectors).toHaveLength(16);
});

function attempt(header: string): unknown {
  try {
    return parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, params: [...parameters] }));
  } catch {
    return undefined;
  }
}

const malformed = [
  { name: 'an unclosed quote', header: 'Bearer realm="https://x' },
  { name: 'a quote that ends in a backslash', header: 'Bearer realm="x\\"' },
  { name: 'a parameter without a scheme', header: 'realm="x"' },
  { name: 'two parameters without a comma', header: 'Bearer realm="x" service="y"' },
  { name: 'a line break', header: 'Bearer realm="x\r\nEvil: y"' },
  { name: 'a NUL', header: 'Bearer realm="\u0000"' },
  { name: 'more than 64 KiB', header: `Bearer realm="${'a'.repeat(100 * 1024)}"` },
  { name: 'thousands of commas', header: ','.repeat(60_000) },
];

test.each(malformed)('R09: $name is refused as auth', ({ header }) => {
  expect(() => parseChallenges(header)).toThrow(expect.objectContaining({ kind: 'auth', code: 'ERR_HTTP_CHALLENGE' }));
});

test('R09: a header of nearly 64 KiB of escapes is read', () => {
  const [challenge] = parseChallenges(`Bearer realm="${'\\a'.repeat(30_000)}"`);
  expect(challenge?.parameters.get('realm')).toHaveLength(30_000);
});

test('R09: of several lines Bearer comes before Basic, and unknown and broken ones do not matter', () => {
  const headers = new ResponseHeaders([
    ['www-authenticate', ['NTLM TlRMTVNTUAAC', 'Unknown x=y, BASIC Realm="b"', 'bEARER realm="r", realm="second"']],
  ]);
  const found = challengesOf(headers);
  expect(found.map(({ scheme }) => scheme)).toEqual(['bearer', 'basic', 'unknown']);
  expect(found[0]?.parameters.get('realm')).toBe('r');
});

test.each([{ lines: [] }, { lines: ['NTLM TlRMTVNTUAAC'] }])('R09: $lines offers no way to log in', ({ lines }) => {
  const headers = new ResponseHeaders([['www-authenticate', lines]]);
  expect(() => challengesOf(headers)).toThrow(expect.objectContaining({ kind: 'auth', code: 'ERR_HTTP_CHALLENGE' }));
});
