import { type ExpectedBytes, isBerthError } from '@berth/base';
import { createHash, type Hash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type HttpResponse } from '../contract.ts';
import { type HttpLimits } from '../settings.ts';
import { type Coding, contentCoding, createDecoder, encodingError } from './encoding.ts';

/** The coding to undo, `none`, or `unclear` when only reading the body can tell. */
export type CodingChoice = Coding | 'none' | 'unclear';

/**
 * Whether a coding that was not asked for is undone: only if that makes the digest match (hostile-inputs R23). With a known
 * size the length tells which form has it; the digest is checked in either case.
 */
export function chooseCoding(response: HttpResponse, expected: ExpectedBytes): CodingChoice {
  const coding = contentCoding(response.headers, response.url);
  if (coding === undefined) return 'none';
  const { sizeBytes, digest } = expected;
  if (sizeBytes !== undefined && response.headers.contentLength() === sizeBytes) return 'none';
  if (digest === undefined) throw encodingError(response.url, 'a coding that was not asked for');
  return sizeBytes === undefined ? 'unclear' : coding;
}

/** Reads a body to its end, only hashing it, and tells in which form it has the expected digest. */
export async function probeCoding(
  response: HttpResponse,
  expected: ExpectedBytes,
  { limits, signal }: { readonly limits: HttpLimits; readonly signal: AbortSignal },
): Promise<Coding | 'none'> {
  const coding = contentCoding(response.headers, response.url);
  if (coding === undefined) return 'none';
  const [plain, decoded] = [createHash('sha256'), createHash('sha256')];
  const tap = new PassThrough({
    transform: (chunk: Buffer, _encoding, done) => {
      plain.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(response.body, tap, createDecoder(coding), hashInto(decoded, limits.decodedBytes, response.url), {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (isBerthError(error)) throw error;
    throw encodingError(response.url, 'damaged', error);
  }
  return decoded.digest('hex') === expected.digest && plain.digest('hex') !== expected.digest ? coding : 'none';
}

function hashInto(hash: Hash, mostBytes: number, url: string) {
  return async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw encodingError(url, `expands to more than ${mostBytes} bytes`);
      hash.update(chunk);
    }
  };
}
