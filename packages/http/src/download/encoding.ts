import { BerthError, isBerthError, readAll } from '@berth/base';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { shownUrl } from '../failures.ts';
import { type ResponseHeaders } from '../headers/response-headers.ts';

export type Coding = 'gzip' | 'deflate' | 'br';

const CODINGS: Readonly<Record<string, Coding>> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'br' };

/**
 * The content coding of an answer, `undefined` for none. Rejects with `protocol` ERR_HTTP_ENCODING several of them and
 * unknown ones (hostile-inputs R23).
 */
export function contentCoding(headers: ResponseHeaders, url: string): Coding | undefined {
  const header = headers.get('content-encoding') ?? '';
  const named = header
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== 'identity');
  if (named.length === 0) return undefined;
  const coding = CODINGS[named[0] ?? ''];
  if (named.length > 1 || coding === undefined) throw encodingError(url, 'a coding that was not asked for');
  return coding;
}

export function encodingError(url: string, why: string, cause?: unknown): BerthError {
  return new BerthError('protocol', 'ERR_HTTP_ENCODING', `content encoding of ${shownUrl(url)}: ${why}`, {
    cause,
    hint: 'A proxy or the server compresses what it passes on: switch that off for this address.',
  });
}

/** Undoes one coding. */
export function createDecoder(coding: Coding): Transform {
  if (coding === 'gzip') return createGunzip();
  return coding === 'br' ? createBrotliDecompress() : createInflate();
}

/** A document with its coding undone. */
export async function decodeDocument(
  headers: ResponseHeaders,
  bytes: Buffer,
  { what, maxBytes }: { readonly what: string; readonly maxBytes: number },
): Promise<Buffer> {
  const coding = contentCoding(headers, what);
  if (coding === undefined) return bytes;
  let decoded: Buffer = Buffer.alloc(0);
  const collect = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
    decoded = await readAll(stream, { what, maxBytes });
  };
  try {
    await pipeline(Readable.from([bytes], { objectMode: false }), createDecoder(coding), collect);
  } catch (error) {
    throw isBerthError(error) ? error : encodingError(what, 'damaged', error);
  }
  return decoded;
}
