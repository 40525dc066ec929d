import {
  BerthError,
  type BerthErrorOptions,
  type ErrorKind,
  escapeControls,
  isBerthError,
  redactUrl,
} from '@berth/base';
import { type ResponseHeaders } from './headers/response-headers.ts';

/** `url` fit to be shown: no user information, no secret of its query, no control characters. */
export function shownUrl(url: string | URL): string {
  return escapeControls(redactUrl(String(url)));
}

/** What the answer was, for a caller that looks closer than `kind` does. */
export interface StatusFacts {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** At most the limit `errorBodyBytes` of it. */
  readonly body: Buffer;
}

/** A server answered with a status that the request did not expect (ERR_HTTP_STATUS). */
export class HttpStatusError extends BerthError {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Buffer;

  constructor(
    kind: ErrorKind,
    message: string,
    { status, headers, body, ...options }: StatusFacts & BerthErrorOptions,
  ) {
    super(kind, 'ERR_HTTP_STATUS', message, options);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/** True for the HttpStatusError of any copy of this package; with `status`, only for that one. */
export function isHttpStatusError(error: unknown, status?: number): error is HttpStatusError {
  if (!isBerthError(error, 'ERR_HTTP_STATUS') || !('status' in error)) return false;
  return status === undefined || error.status === status;
}

/** True when the same request may succeed if it is sent again. */
export function isTransient(error: unknown): error is BerthError {
  return isBerthError(error) && error.details['transient'] === true;
}

/** The server does not keep to HTTP, or to what was agreed. */
export function protocolError(what: string, why: string, options: BerthErrorOptions = {}): BerthError {
  return new BerthError('protocol', 'ERR_HTTP_PROTOCOL', `${what}: ${escapeControls(why)}`, options);
}

/** A web page came where data is due: a captive portal or a login page (hostile-inputs T05). */
export function htmlError(what: string, url: string): BerthError {
  return new BerthError('protocol', 'ERR_HTTP_HTML', `${what}: ${shownUrl(url)}: a web page came instead`, {
    hint: 'A login page or a network portal answers in place of the server: open the address in a browser.',
  });
}

/** True when the answer says that it is a web page. */
export function isHtml(headers: ResponseHeaders): boolean {
  const type = headers.mediaType();
  return type === 'text/html' || type === 'application/xhtml+xml';
}
