import { DEFAULT_LIMITS } from '@berth/base';

/** In milliseconds; 0 means no limit (hostile-inputs §0). */
export interface HttpTimeouts {
  /** Name look-up, TCP and TLS together. */
  readonly connectMs: number;
  /** From the end of the request to the head of the answer. */
  readonly firstByteMs: number;
  /** Without a byte in either direction while a body is on its way. */
  readonly noProgressMs: number;
}

export const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 10_000, firstByteMs: 60_000, noProgressMs: 60_000 };

/** Sizes in bytes, durations in milliseconds (hostile-inputs §0). */
export interface HttpLimits {
  readonly headerBytes: number;
  readonly redirects: number;
  /** Of one request, the first one included. */
  readonly attempts: number;
  /** No attempt starts later than this after the first one. */
  readonly retryTotalMs: number;
  /** The longest `Retry-After` that is waited for. */
  readonly retryAfterMs: number;
  readonly errorBodyBytes: number;
  /** Requests that wait for a connection to one host. */
  readonly waitingRequests: number;
  /** 1xx answers in front of one response. */
  readonly informationalResponses: number;
  /** A body that gives less than this in a `noProgressMs` of waiting is stalled. */
  readonly stallBytes: number;
  /** What a content coding may expand to where the size is not known. */
  readonly decodedBytes: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  headerBytes: 64 * 1024,
  redirects: 5,
  attempts: 5,
  retryTotalMs: 300_000,
  retryAfterMs: 120_000,
  errorBodyBytes: DEFAULT_LIMITS.errorBodyBytes,
  waitingRequests: 10_000,
  informationalResponses: 16,
  stallBytes: 1024,
  decodedBytes: DEFAULT_LIMITS.archiveBytes,
};

/** Requests to one host at a time, for downloads and for uploads each. */
export const DEFAULT_PER_HOST_CONNECTIONS = 16;
