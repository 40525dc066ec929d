import { readAll } from '@berth/base';
import { Readable } from 'node:stream';
import { type HttpResponse } from '../contract.ts';

/** The first `maxBytes` of the body; never fails because of the body. */
export async function readErrorBody(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, maxBytes - total));
      total += chunk.byteLength;
      if (total >= maxBytes) break;
    }
  } catch {
    // The body only explains a failure that is reported anyway.
  } finally {
    response.dispose();
  }
  return Buffer.concat(chunks);
}

const DISCARD_BYTES = 64 * 1024;

/** Lets go of an answer that is of no use; a short body is read in the background, so that its connection lives on. */
export function discard(response: HttpResponse): void {
  void readErrorBody(response, DISCARD_BYTES);
}

/** The same answer with its short body in memory, so that its connection is free for what comes next. */
export async function holdBody(response: HttpResponse, maxBytes: number): Promise<HttpResponse> {
  const body = await readErrorBody(response, maxBytes);
  return { ...response, body: Readable.from([body], { objectMode: false }), dispose: () => undefined };
}

/** A whole answer in memory, at most `maxBytes` of it (ERR_LIMIT). For documents. */
export async function readBody(
  response: HttpResponse,
  options: { readonly what: string; readonly maxBytes: number },
): Promise<Buffer> {
  try {
    return await readAll(response.body as AsyncIterable<Uint8Array>, options);
  } finally {
    response.dispose();
  }
}
