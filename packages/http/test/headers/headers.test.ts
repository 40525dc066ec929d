import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import {
  parseContentRange,
  parseNextLink,
  parseRetryAfter,
  parseStrongEtag,
  ResponseHeaders,
} from '../../src/index.ts';

interface Vectors {
  readonly link_rel_next: readonly { readonly header: string; readonly next: string | null }[];
  readonly etag: readonly { readonly header: string | null; readonly etag: string | null }[];
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/http-headers.json', import.meta.url), 'utf8')) as Vectors;

test('every Link header of the vectors names the next page', () => {
  const found = vectors.link_rel_next.map(({ header }) => ({ header, next: parseNextLink(header) ?? null }));
  expect(found).toEqual(vectors.link_rel_next);
  expect(found).toHaveLength(9);
});

test('a hostile Link header is read in one pass', () => {
  expect(parseNextLink(`<a>; x${' '.repeat(60_000)}`)).toBeUndefined();
  expect(parseNextLink('<a'.repeat(30_000))).toBeUndefined();
});

test('every ETag of the vectors is read', () => {
  const found = vectors.etag.map(({ header }) => ({ header, etag: parseStrongEtag(header ?? undefined) ?? null }));
  expect(found).toEqual(vectors.etag);
  expect(found).toHaveLength(8);
});

const now = Date.UTC(2026, 10, 23, 12, 0, 0);
const waits = [
  { header: '5', want: 5_000 },
  { header: ' 120 ', want: 120_000 },
  { header: '1000000000', want: 1e12 },
  { header: 'Mon, 23 Nov 2026 12:00:30 GMT', want: 30_000 },
  { header: 'Mon, 23 Nov 2026 11:59:30 GMT', want: undefined },
  { header: 'Mon, 99 Nov 2026 11:59:30 GMT', want: undefined },
  { header: '0', want: undefined },
  { header: '-5', want: undefined },
  { header: '1e9', want: undefined },
  { header: '1.5', want: undefined },
  { header: 'soon', want: undefined },
  { header: '', want: undefined },
];

test.each(waits)('R20: Retry-After $header asks for $want ms', ({ header, want }) => {
  expect(parseRetryAfter(header, now)).toBe(want);
});

const ranges = [
  { header: 'bytes 0-9/100', want: { start: 0, end: 9, totalBytes: 100 } },
  { header: 'bytes 5-5/*', want: { start: 5, end: 5, totalBytes: undefined } },
  { header: 'bytes 9-0/100', want: undefined },
  { header: 'bytes 0-100/100', want: undefined },
  { header: 'bytes */100', want: undefined },
  { header: 'items 0-9/100', want: undefined },
  { header: 'bytes 0-9', want: undefined },
];

test.each(ranges)('R22: Content-Range $header', ({ header, want }) => {
  expect(parseContentRange(header)).toEqual(want);
});

test('headers are found in any case, their lines joined', () => {
  const headers = new ResponseHeaders([
    ['X-Many', ['a', 'b']],
    ['Content-Type', 'Text/HTML; charset=utf-8'],
    ['content-length', '12'],
  ]);
  expect([headers.get('x-many'), headers.all('X-MANY'), headers.mediaType()]).toEqual([
    'a, b',
    ['a', 'b'],
    'text/html',
  ]);
  expect([headers.contentLength(), headers.get('none'), headers.all('none')]).toEqual([12, undefined, []]);
});

test.each(['', '-1', '1, 1', '1e3', '99999999999999999999'])('Content-Length %j is no length', (length) => {
  expect(new ResponseHeaders([['content-length', length]]).contentLength()).toBeUndefined();
});
