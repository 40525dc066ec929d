import { type BerthError } from '@berth/base';
import { Readable } from 'node:stream';
import { type Dispatcher } from 'undici';
import { type Clock } from '../clock.ts';
import { type HttpResponse } from '../contract.ts';
import { protocolError, shownUrl } from '../failures.ts';
import { ResponseHeaders } from '../headers/response-headers.ts';
import { type HttpLimits, type HttpTimeouts } from '../settings.ts';
import { type Exchange, type Handler } from './exchange.ts';
import { headFailure, proxyStatusError, timeoutError, transportFailure } from './failures.ts';
import { type Route, type Router } from './routes.ts';
import { steady } from './steady.ts';
import { uploadStream } from './upload.ts';
import { Watchdog } from './watchdog.ts';

export interface SendOptions {
  readonly router: Router;
  readonly timeouts: HttpTimeouts;
  readonly limits: HttpLimits;
  readonly clock: Clock;
}

/** The end of the chain: one request and its answer on the wire, every failure a BerthError. */
export function createSender(options: SendOptions): Handler {
  return async (exchange) => {
    exchange.signal.throwIfAborted();
    const route = await options.router.routeTo(exchange.url, { upload: exchange.body !== undefined });
    const watchdog = new Watchdog(exchange.signal);
    try {
      const answer = await dispatch(exchange, { ...options, route, watchdog });
      watchdog.calm();
      if (answer.statusCode === 407 && route.proxy !== undefined) {
        answer.body.on('error', ignore).destroy();
        throw proxyStatusError(`${exchange.method} ${shownUrl(exchange.url)}`, 407, { proxy: route.proxy });
      }
      return responseOf(exchange, answer, { ...options, route, watchdog });
    } catch (error) {
      watchdog.release();
      throw failureOf(exchange, watchdog, error);
    }
  };
}

interface Sending extends SendOptions {
  readonly route: Route;
  readonly watchdog: Watchdog;
}

async function dispatch(
  exchange: Exchange,
  { route, watchdog, timeouts, limits }: Sending,
): Promise<Dispatcher.ResponseData> {
  let informational = 0;
  let sourceFailure: { readonly error: unknown } | undefined;
  const late = (): unknown =>
    timeoutError(exchange.method, exchange.url, `no answer within ${timeouts.firstByteMs} ms`);
  const stuck = (): unknown =>
    timeoutError(exchange.method, exchange.url, `the upload made no progress for ${timeouts.noProgressMs} ms`);
  const awaitAnswer = (): void => {
    watchdog.expectWithin(timeouts.firstByteMs, late);
  };
  const body =
    exchange.body &&
    uploadStream(exchange.body, {
      signal: watchdog.signal,
      moved: () => {
        watchdog.expectWithin(timeouts.noProgressMs, stuck);
      },
      done: awaitAnswer,
      failed: (error) => {
        sourceFailure = { error };
      },
    });
  awaitAnswer();
  try {
    return await route.dispatcher.request({
      origin: route.origin,
      path: route.path,
      method: exchange.method,
      headers: wireHeaders(exchange, route),
      body: body ?? null,
      signal: watchdog.signal,
      headersTimeout: 0,
      bodyTimeout: timeouts.noProgressMs,
      onInfo: () => {
        informational += 1;
        if (informational > limits.informationalResponses) watchdog.abort(endlessPreamble(exchange));
      },
    });
  } catch (error) {
    throw sourceFailure === undefined ? headFailure(exchange.url, error) : sourceFailure.error;
  }
}

function endlessPreamble(exchange: Exchange): BerthError {
  return protocolError(
    `${exchange.method} ${shownUrl(exchange.url)}`,
    'too many informational responses before the answer',
  );
}

function wireHeaders(exchange: Exchange, route: Route): Record<string, string> {
  const headers: Record<string, string> = { ...exchange.headers, ...route.headers };
  if (exchange.body !== undefined) headers['content-length'] = String(exchange.body.sizeBytes);
  return headers;
}

const BODILESS_STATUS: ReadonlySet<number> = new Set([204, 205, 304]);

function responseOf(exchange: Exchange, answer: Dispatcher.ResponseData, sending: Sending): HttpResponse {
  const headers = new ResponseHeaders(Object.entries(answer.headers));
  const empty = exchange.method === 'HEAD' || BODILESS_STATUS.has(answer.statusCode) || headers.contentLength() === 0;
  const body = empty ? emptyBody(answer, sending.watchdog) : watchedBody(exchange, answer, sending);
  return {
    status: answer.statusCode,
    headers,
    url: exchange.url.href,
    body,
    dispose: () => {
      body.destroy();
    },
  };
}

/** A connection must not wait for someone to read nothing. */
function emptyBody(answer: Dispatcher.ResponseData, watchdog: Watchdog): Readable {
  answer.body.on('error', ignore);
  void answer.body.dump().catch(ignore);
  watchdog.release();
  const body = Readable.from([], { objectMode: false });
  body.resume();
  return body;
}

function watchedBody(exchange: Exchange, answer: Dispatcher.ResponseData, sending: Sending): Readable {
  const body = Readable.from(pieces(exchange, answer.body, sending), { objectMode: false });
  answer.body.on('error', ignore);
  body.once('close', () => {
    sending.watchdog.release();
    answer.body.destroy();
  });
  return body;
}

async function* pieces(
  exchange: Exchange,
  body: AsyncIterable<Uint8Array>,
  sending: Sending,
): AsyncIterable<Uint8Array> {
  const { clock, timeouts, limits, watchdog } = sending;
  const stalled = (): unknown => timeoutError(exchange.method, exchange.url, 'the answer comes too slowly');
  try {
    yield* steady(body, { clock, windowMs: timeouts.noProgressMs, leastBytes: limits.stallBytes, stalled });
  } catch (error) {
    throw failureOf(exchange, watchdog, error);
  }
}

function failureOf(exchange: Exchange, watchdog: Watchdog, error: unknown): unknown {
  if (watchdog.signal.aborted) return watchdog.signal.reason;
  return transportFailure(exchange.method, exchange.url, error);
}

function ignore(): undefined {
  return undefined;
}
