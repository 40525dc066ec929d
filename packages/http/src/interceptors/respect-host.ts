import { BerthError } from '@berth/base';
import { type Clock } from '../clock.ts';
import { type HttpResponse } from '../contract.ts';
import { isTransient, shownUrl } from '../failures.ts';
import { type Hosts, type HostState } from '../hosts/hosts.ts';
import { type Slot } from '../hosts/slots.ts';
import { type Exchange, type Handler, type Interceptor } from '../transport/exchange.ts';

const OVERLOAD: ReadonlySet<number> = new Set([429, 503]);

/** Waits for a connection of the host and until its back-off is over; keeps the connection until the body has ended. */
export function respectHost({ hosts, clock }: { readonly hosts: Hosts; readonly clock: Clock }): Interceptor {
  return (next) => async (exchange) => {
    const host = hosts.of(exchange.url.host);
    const lane = exchange.body === undefined ? host.downloads : host.uploads;
    const slot = await lane.acquire(exchange.signal);
    try {
      await outwait(host, exchange, clock);
      return holdUntilClosed(await observed(next, exchange, slot), slot);
    } catch (error) {
      slot.release();
      throw error;
    }
  };
}

async function outwait(host: HostState, exchange: Exchange, clock: Clock): Promise<void> {
  for (let pause = host.notBeforeMs - clock.now(); pause > 0; pause = host.notBeforeMs - clock.now()) {
    if (host.notBeforeMs > exchange.state.deadlineMs) throw tooBusy(exchange, pause);
    await clock.sleep(pause, exchange.signal);
  }
}

async function observed(next: Handler, exchange: Exchange, slot: Slot): Promise<HttpResponse> {
  try {
    const response = await next(exchange);
    if (OVERLOAD.has(response.status)) slot.overloaded();
    else slot.succeeded();
    return response;
  } catch (error) {
    if (isTransient(error)) slot.overloaded();
    throw error;
  }
}

function holdUntilClosed(response: HttpResponse, slot: Slot): HttpResponse {
  if (response.body.closed) slot.release();
  else
    response.body.once('close', () => {
      slot.release();
    });
  return response;
}

function tooBusy(exchange: Exchange, pauseMs: number): BerthError {
  const what = `${exchange.method} ${shownUrl(exchange.url)}`;
  return new BerthError(
    'busy',
    'ERR_HTTP_BUSY',
    `${what}: the server asks for a pause of ${Math.ceil(pauseMs / 1000)} s`,
    {
      hint: 'Wait a while, or lower the number of parallel jobs.',
      details: { host: exchange.url.host },
    },
  );
}
