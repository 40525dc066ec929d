import { isBerthError } from '@berth/base';
import { type HttpResponse } from '../contract.ts';
import { type Exchange, type Handler, type Interceptor } from '../transport/exchange.ts';

/** Once and at once: a kept-alive connection that the server closed as we wrote says nothing about the server (T04). */
export const replayDeadConnection: Interceptor =
  (next: Handler) =>
  async (exchange: Exchange): Promise<HttpResponse> => {
    try {
      return await next(exchange);
    } catch (error) {
      if (!exchange.repeatable || !diedUnderUs(error)) throw error;
      return next(exchange);
    }
  };

const DEATHS: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

function diedUnderUs(error: unknown): boolean {
  return isBerthError(error, 'ERR_HTTP_CONNECTION') && DEATHS.has(error.details['errno']);
}
