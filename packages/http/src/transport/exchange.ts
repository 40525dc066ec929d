import { type ByteSource } from '@berth/base';
import { type Authorizer, type HttpResponse, type RequestHeaders } from '../contract.ts';

/** What all attempts and redirects of one request share. */
export interface ExchangeState {
  /** A 401 was answered with a log-in (hostile-inputs R11). */
  loggedIn: boolean;
  /** Values of headers that were sent in confidence: no message may repeat them. */
  readonly secrets: Set<string>;
  /** When nothing more is tried, in milliseconds of the clock. */
  readonly deadlineMs: number;
}

/** One request on its way through the interceptors. */
export interface Exchange {
  readonly method: string;
  /** Without user information and fragment. */
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: RequestHeaders;
  readonly body: ByteSource | undefined;
  readonly signal: AbortSignal;
  readonly auth: Authorizer | undefined;
  readonly repeatable: boolean;
  readonly expect: readonly number[] | undefined;
  readonly maxRedirects: number;
  /** From 1. */
  readonly attempt: number;
  readonly state: ExchangeState;
}

export type Handler = (exchange: Exchange) => Promise<HttpResponse>;

/** Wraps what comes after it; the list in `client.ts` shows the order. */
export type Interceptor = (next: Handler) => Handler;

/** True when `status` is an answer to this request. */
export function isExpected(exchange: Pick<Exchange, 'expect'>, status: number): boolean {
  return exchange.expect === undefined ? status >= 200 && status <= 299 : exchange.expect.includes(status);
}
