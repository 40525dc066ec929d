import { BerthError } from '@berth/base';
import { type RequestHeaders } from '../contract.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `added` over `headers`, names in lower case. Throws `config` ERR_HTTP_HEADER for a name or value that HTTP cannot carry. */
export function withHeaders(headers: RequestHeaders, added: RequestHeaders): RequestHeaders {
  const merged: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(added)) {
    // The value may be a secret: only the name is told.
    if (!NAME.test(name) || !VALUE.test(value)) {
      throw new BerthError('config', 'ERR_HTTP_HEADER', `request header ${JSON.stringify(name)}: not fit for HTTP`);
    }
    merged[name.toLowerCase()] = value;
  }
  return merged;
}

/** What may go to a server that the user did not name. Anything else may be a credential under a name of its own. */
const HARMLESS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'user-agent',
]);

/** `headers` without whatever could be a credential (hostile-inputs R13). */
export function withoutCredentials(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name)));
}
