import { type Emit, messageOf } from '@berth/base';
import { type Clock } from '../clock.ts';
import { type HttpResponse } from '../contract.ts';
import { shownUrl } from '../failures.ts';
import { type Exchange, type Interceptor } from '../transport/exchange.ts';

/** One debug line for each request on the wire. */
export function logRequests({ emit, clock }: { readonly emit: Emit; readonly clock: Clock }): Interceptor {
  return (next) => async (exchange) => {
    const start = clock.now();
    const log = (outcome: string): void => {
      emit({ type: 'debug', message: line(exchange, outcome, clock.now() - start) });
    };
    try {
      const response: HttpResponse = await next(exchange);
      log(`status=${response.status}`);
      return response;
    } catch (error) {
      log(`error=${JSON.stringify(shownUrl(messageOf(error)))}`);
      throw error;
    }
  };
}

function line(exchange: Exchange, outcome: string, ms: number): string {
  return `http.request method=${exchange.method} url=${shownUrl(exchange.url)} attempt=${exchange.attempt} ${outcome} ms=${ms}`;
}
