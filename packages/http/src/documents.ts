import { type JsonValue, parseStrictJson } from '@berth/base';
import { type HttpResponse } from './contract.ts';
import { htmlError, isHtml } from './failures.ts';
import { decodeDocument } from './download/encoding.ts';
import { readBody } from './transport/response.ts';

export interface DocumentOptions {
  /** Names the document in messages: `index of mirror m`. */
  readonly what: string;
  /** ERR_LIMIT beyond; counts decoded bytes too. */
  readonly maxBytes: number;
}

/**
 * The bytes of a short answer, with at most one content coding undone. Rejects with `protocol` ERR_HTTP_HTML when a web page
 * came instead, ERR_HTTP_ENCODING, `limit` ERR_LIMIT.
 */
export async function readDocument(response: HttpResponse, options: DocumentOptions): Promise<Buffer> {
  if (isHtml(response.headers)) {
    response.dispose();
    throw htmlError(options.what, response.url);
  }
  return decodeDocument(response.headers, await readBody(response, options), options);
}

/** A short answer as JSON; as `readDocument`, and `protocol` ERR_JSON for what is no JSON. */
export async function readJson(response: HttpResponse, options: DocumentOptions): Promise<JsonValue> {
  const bytes = await readDocument(response, options);
  if (looksLikeMarkup(bytes)) throw htmlError(options.what, response.url);
  return parseStrictJson(bytes, { what: options.what, kind: 'protocol' });
}

const LESS_THAN = 0x3c;

// A portal that names its page JSON is a portal still.
function looksLikeMarkup(bytes: Buffer): boolean {
  return bytes.find((byte) => byte > 0x20) === LESS_THAN;
}
