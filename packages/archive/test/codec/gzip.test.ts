import { expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { createGzipStage, withPlainHeader } from '../../src/codec/gzip.ts';

async function compress(content: Buffer, level?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await pipeline(
    Readable.from([content], { objectMode: false }),
    createGzipStage(level),
    withPlainHeader,
    async (stored) => {
      for await (const chunk of stored) chunks.push(chunk);
    },
  );
  return Buffer.concat(chunks);
}

test.each([undefined, 1, 4, 6, 9])('at level %p the header names no system, no time and no level', async (level) => {
  const content = Buffer.concat([Buffer.alloc(600_000, 'text'), randomBytes(600_000)]);
  const stored = await compress(content, level);
  expect(stored.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  expect(gunzipSync(stored).equals(content)).toBe(true);
});

test('the header is made plain even when it arrives in pieces', async () => {
  const whole = await compress(Buffer.from('content'));
  const pieces = Array.from(whole, (byte, at) => Buffer.from([at === 8 || at === 9 ? 3 : byte]));
  const patched: Buffer[] = [];
  for await (const piece of withPlainHeader(Readable.from(pieces))) patched.push(piece);
  expect(Buffer.concat(patched)).toEqual(whole);
});
