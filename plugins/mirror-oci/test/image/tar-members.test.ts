import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import * as tar from 'tar';
import { tarMembers } from '../../src/image/tar-members.ts';

const END = Buffer.alloc(1024);

/** An archive of entries, as another program writes it. */
function archive(entries: readonly { readonly path: string; readonly data: Buffer; readonly pax?: boolean }[]): Buffer {
  const blocks = entries.flatMap(({ path, data, pax = false }) => {
    const size = data.byteLength;
    const header = new tar.Header({
      path: path.slice(0, 90),
      mode: 0o644,
      size,
      type: 'File',
      mtime: new Date(0),
      uid: 0,
      gid: 0,
    });
    header.encode();
    const padding = Buffer.alloc((512 - (size % 512)) % 512);
    const extended = pax ? [new tar.Pax({ path, size }).encode()] : [];
    if (pax) header.block?.fill('00000000000\0', 124, 136);
    return [...extended, header.block ?? Buffer.alloc(0), data, padding];
  });
  return Buffer.concat(blocks);
}

async function members(bytes: Buffer, chunkBytes = bytes.length): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  const found: Buffer[] = [];
  for await (const chunk of tarMembers(Readable.from(chunks) as AsyncIterable<Buffer>, 'layer')) found.push(chunk);
  return Buffer.concat(found);
}

describe('the members of an archive', () => {
  const plain = archive([
    { path: 'a', data: Buffer.from('hello') },
    // Zeros at the end of a member are not the end of the archive.
    { path: 'b', data: Buffer.alloc(3000) },
  ]);

  test('come without the end, in pieces of any size', async () => {
    const whole = Buffer.concat([plain, END, Buffer.alloc(8192)]);
    for (const chunkBytes of [1, 7, 511, 512, 513, 4096, whole.length]) {
      expect((await members(whole, chunkBytes)).equals(plain)).toBe(true);
    }
    expect((await members(plain)).equals(plain)).toBe(true);
  });

  test('are as long as an extended header says', async () => {
    const long = archive([
      { path: 'x'.repeat(300), data: Buffer.alloc(1025, 1), pax: true },
      { path: 'b', data: Buffer.from('b') },
    ]);
    expect((await members(Buffer.concat([long, END]), 100)).equals(long)).toBe(true);
  });

  test('can be put one behind the other', async () => {
    const second = archive([{ path: 'c', data: Buffer.from('see') }]);
    const joined = Buffer.concat([await members(Buffer.concat([plain, END])), await members(second), END]);
    const names: string[] = [];
    const reader = new tar.Parser({
      onReadEntry: (entry) => {
        names.push(entry.path);
        entry.resume();
      },
    });
    reader.end(joined);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  test('A26 are refused when they are cut short', async () => {
    for (const length of [1, 511, 513, plain.length - 1]) {
      await expect(members(plain.subarray(0, length))).rejects.toMatchObject({
        kind: 'archive',
        code: 'ERR_OCI_LAYER',
      });
    }
  });

  test('A24, A28 are refused when headers make no sense', async () => {
    const octal = Buffer.from(plain);
    octal.write('0000009', 124);
    const negative = Buffer.from(plain);
    negative.fill(0xff, 124, 136);
    const global = Buffer.from(plain);
    global.write('g', 156);
    for (const bytes of [octal, negative, global])
      await expect(members(bytes)).rejects.toMatchObject({ kind: 'archive' });
  });

  test('any bytes are an archive or an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const outcome = await members(Buffer.from(bytes)).catch((error: unknown) => (error as { kind?: string }).kind);
        expect(outcome === 'archive' || Buffer.isBuffer(outcome)).toBe(true);
      }),
    );
  });
});
