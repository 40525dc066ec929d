import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bytesSource, type DigestStream, readAll, sha256Of, VerifyStream } from '@berth/base';

async function through(chunks: Uint8Array[], stream: DigestStream): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(chunks, { objectMode: false }), stream, async (source) => {
    for await (const chunk of source as AsyncIterable<Buffer>) out.push(chunk);
  });
  return Buffer.concat(out);
}

describe('VerifyStream', () => {
  test('any chunking of the right bytes passes unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1 })), async (chunks) => {
        const whole = Buffer.concat(chunks);
        const stream = new VerifyStream({ what: 'blob', digest: sha256Of(whole), sizeBytes: whole.length });
        expect(await through(chunks, stream)).toEqual(whole);
        expect(stream.digest).toBe(sha256Of(whole));
      }),
    );
  });

  test.each([
    ['one byte too many', 'abcd', 'ERR_SIZE_MISMATCH'],
    ['one byte too few', 'ab', 'ERR_SIZE_MISMATCH'],
    ['other bytes of the same length', 'abd', 'ERR_DIGEST_MISMATCH'],
  ] as const)('fails on %s', async (_name, text, code) => {
    const stream = new VerifyStream({ what: 'blob', digest: sha256Of('abc'), sizeBytes: 3 });
    await expect(through([Buffer.from(text)], stream)).rejects.toMatchObject({ code: code });
  });

  test('an endless blob stops one byte after the declared size', async () => {
    let served = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          served += 1024;
          yield Buffer.alloc(1024);
        }
      })(),
      { objectMode: false },
    );
    const sink = async (source: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of source) expect(chunk).toBeDefined();
    };
    const stream = new VerifyStream({ what: 'blob', digest: sha256Of(''), sizeBytes: 10 });
    await expect(pipeline(endless, stream, sink)).rejects.toMatchObject({ code: 'ERR_SIZE_MISMATCH' });
    expect(served).toBeLessThan(1_000_000);
  });
});

test('a byte source opens again and in the middle', async () => {
  const source = bytesSource('hello world');
  const { signal } = new AbortController();
  expect(String(await readAll(source.open({ signal }), { what: 'x', maxBytes: 100 }))).toBe('hello world');
  expect(String(await readAll(source.open({ start: 6, signal }), { what: 'x', maxBytes: 100 }))).toBe('world');
});

test('readAll stops at its limit', async () => {
  const { signal } = new AbortController();
  const reading = readAll(bytesSource('x'.repeat(11)).open({ signal }), { what: 'manifest', maxBytes: 10 });
  await expect(reading).rejects.toMatchObject({ code: 'ERR_LIMIT' });
});
