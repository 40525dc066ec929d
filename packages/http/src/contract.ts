import { type ByteSource, type ExpectedBytes } from '@berth/base';
import { type Readable } from 'node:stream';
import { type ResponseHeaders } from './headers/response-headers.ts';

/** Names in any case; a value is one line. */
export type RequestHeaders = Readonly<Record<string, string>>;

export interface AuthorizeRequest {
  readonly method: string;
  /** As it is sent: it may hold a signed query, so redact it before it is shown. */
  readonly url: string;
  readonly signal: AbortSignal;
}

export interface ChallengeResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly url: string;
  readonly signal: AbortSignal;
}

/** Adds credentials to the requests of one mirror. It is asked only for the origin the request was made to, never for a redirect's. */
export interface Authorizer {
  /** Headers to add; called for every attempt, so that a fresh token is used (hostile-inputs R12). */
  authorize(request: AuthorizeRequest): Promise<RequestHeaders | undefined>;
  /** A 401 arrived; true when `authorize` has something better to offer now. Called at most once per request (R11). */
  challenge(response: ChallengeResponse): Promise<boolean>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** `http` or `https`. User information in it is sent as Basic credentials to its own origin. */
  readonly url: string | URL;
  readonly headers?: RequestHeaders | undefined;
  /** Opened anew for every attempt and every 307 or 308. */
  readonly body?: ByteSource | Uint8Array | undefined;
  readonly signal: AbortSignal;
  readonly auth?: Authorizer | undefined;
  /** Whether sending it twice does no harm. Default: `repeatable`, but `never` for POST and PATCH. */
  readonly retry?: 'repeatable' | 'never' | undefined;
  /** Statuses that are answers; any other rejects with `HttpStatusError`. Default: 200 to 299. */
  readonly expect?: readonly number[] | undefined;
  /** 0 hands a redirect to the caller if it is expected. Default: the limit `redirects`. */
  readonly maxRedirects?: number | undefined;
}

/**
 * An answer. The body of a GET, and any that is long, holds one of the host's connections: read it to its end, or
 * `dispose()`. Its failures are BerthErrors (`io`, `protocol`).
 */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** After redirects. It may hold a signed query, so redact it before it is shown. */
  readonly url: string;
  readonly body: Readable;
  /** Lets go of the body; a second call does nothing. */
  dispose(): void;
}

/** Bytes `start` up to, not including, `end` (the end of the resource). */
export interface DownloadRange {
  readonly start: number;
  readonly end?: number | undefined;
}

export interface DownloadRequest {
  readonly url: string | URL;
  readonly headers?: RequestHeaders | undefined;
  readonly signal: AbortSignal;
  readonly auth?: Authorizer | undefined;
  /** What the bytes must be; with `range`, the bytes of the range. */
  readonly expected: ExpectedBytes;
  readonly range?: DownloadRange | undefined;
  /** Further statuses that are answers (304, 404); their body is empty. */
  readonly expect?: readonly number[] | undefined;
}

/** The head of a download that has begun. */
export interface Download {
  readonly status: number;
  /** Of the first answer. */
  readonly headers: ResponseHeaders;
  readonly url: string;
  /** Fails with `digest` ERR_DIGEST_MISMATCH or `size` ERR_SIZE_MISMATCH when the bytes are not the expected ones. */
  readonly body: Readable;
}

/** The one way out to HTTP servers. */
export interface HttpClient {
  /**
   * One request with redirects, authorization and retries. Rejects with `HttpStatusError` for a status that is not
   * expected; with `io` ERR_HTTP_CONNECTION, ERR_HTTP_TIMEOUT, ERR_HTTP_DNS, ERR_HTTP_TLS; `protocol` ERR_HTTP_PROTOCOL,
   * ERR_HTTP_REDIRECT; `limit` ERR_HTTP_QUEUE; ERR_HTTP_PROXY; `config` ERR_HTTP_URL; or with the reason of the signal.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Bytes, checked as they pass and never held; a connection that is cut or stalls is made again where it ended. Rejects as
   * `request` does, and with `protocol` ERR_HTTP_CHANGED, ERR_HTTP_ENCODING, ERR_HTTP_HTML.
   */
  openDownload(request: DownloadRequest): Promise<Download>;
  /** The body of `openDownload`; whatever fails, this stream fails. */
  download(request: DownloadRequest): Readable;
  /** Closes every connection; what still runs fails. */
  [Symbol.asyncDispose](): Promise<void>;
}
