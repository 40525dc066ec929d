import { isBerthError } from '@berth/base';
import { type Clock } from '../clock.ts';
import { type HttpResponse } from '../contract.ts';
import { isTransient } from '../failures.ts';
import { parseRetryAfter } from '../headers/retry-after.ts';
import { type Hosts } from '../hosts/hosts.ts';
import { type HttpLimits } from '../settings.ts';
import { type Exchange, type Handler, type Interceptor, isExpected } from '../transport/exchange.ts';
import { discard } from '../transport/response.ts';

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface RetryOptions {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly hosts: Hosts;
}

type Outcome = { readonly response: HttpResponse } | { readonly error: unknown };

/**
 * Sends a repeatable request again after a transient failure. The pause is the server's `Retry-After`, else it grows with
 * jitter; it is kept by the host's gate, so that all requests to this host slow down together (hostile-inputs R20).
 */
export function retryTransient(options: RetryOptions): Interceptor {
  return (next) => async (exchange) => {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await outcomeOf(next, { ...exchange, attempt });
      const pauseMs = pauseAfter(outcome, { ...exchange, attempt }, options);
      // A host that asks for a pause gets it from all requests, also when this one is not sent again.
      const asked =
        'response' in outcome && isBusy(outcome.response) ? askedPause(outcome.response, options) : undefined;
      const hold = pauseMs ?? asked;
      if (hold !== undefined) options.hosts.backOff(hostOf(outcome, exchange), hold);
      if (pauseMs === undefined) return settled(outcome);
      if ('response' in outcome) discard(outcome.response);
    }
  };
}

async function outcomeOf(next: Handler, exchange: Exchange): Promise<Outcome> {
  try {
    return { response: await next(exchange) };
  } catch (error) {
    return { error };
  }
}

function settled(outcome: Outcome): HttpResponse {
  if ('response' in outcome) return outcome.response;
  throw outcome.error;
}

function pauseAfter(outcome: Outcome, exchange: Exchange, { clock, limits }: RetryOptions): number | undefined {
  if (!exchange.repeatable || exchange.attempt >= limits.attempts || exchange.signal.aborted) return undefined;
  if (!worthAnother(outcome, exchange)) return undefined;
  const asked = 'response' in outcome ? askedPause(outcome.response, { clock, limits }) : undefined;
  const pauseMs = asked ?? growingPause(exchange.attempt, clock);
  return clock.now() + pauseMs > exchange.state.deadlineMs ? undefined : pauseMs;
}

/** What `Retry-After` asks for, in milliseconds, as far as it is waited for. */
function askedPause({ headers }: HttpResponse, { clock, limits }: Omit<RetryOptions, 'hosts'>): number | undefined {
  const asked = parseRetryAfter(headers.get('retry-after'), clock.now());
  return asked === undefined ? undefined : Math.min(asked, limits.retryAfterMs);
}

function isBusy({ status }: HttpResponse): boolean {
  return status === 429 || status === 503;
}

function worthAnother(outcome: Outcome, exchange: Exchange): boolean {
  if ('error' in outcome) return isTransient(outcome.error);
  return AGAIN.has(outcome.response.status) && !isExpected(exchange, outcome.response.status);
}

/** Before attempt number `attempt` + 1, in milliseconds. Half of it certain, half of it chance, so that those who failed together do not come back together. */
export function growingPause(attempt: number, clock: Clock): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return ceiling / 2 + (clock.random() * ceiling) / 2;
}

function hostOf(outcome: Outcome, exchange: Exchange): string {
  if ('response' in outcome) return new URL(outcome.response.url).host;
  const host = isBerthError(outcome.error) ? outcome.error.details['host'] : undefined;
  return typeof host === 'string' ? host : exchange.url.host;
}
