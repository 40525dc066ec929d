import { type HttpResponse } from '../contract.ts';
import { withHeaders } from '../headers/request-headers.ts';
import { type HttpLimits } from '../settings.ts';
import { type Exchange, type Handler, type Interceptor } from '../transport/exchange.ts';
import { holdBody } from '../transport/response.ts';

/** Adds the mirror's credentials; answers one 401 per request with a log-in (hostile-inputs R11). */
export function authorize({ limits }: { readonly limits: HttpLimits }): Interceptor {
  return (next) => async (exchange) => {
    const response = await sendAuthorized(next, exchange);
    const { auth, state, signal } = exchange;
    if (response.status !== 401 || auth === undefined || state.loggedIn) return response;
    state.loggedIn = true;
    // The log-in may need a connection to the same host.
    const held = await holdBody(response, limits.errorBodyBytes);
    const again = await auth.challenge({ status: 401, headers: held.headers, url: held.url, signal });
    return again ? sendAuthorized(next, exchange) : held;
  };
}

async function sendAuthorized(next: Handler, exchange: Exchange): Promise<HttpResponse> {
  const { auth, method, url, signal } = exchange;
  const added = await auth?.authorize({ method, url: url.href, signal });
  for (const value of Object.values(added ?? {})) exchange.state.secrets.add(value);
  return next(added === undefined ? exchange : { ...exchange, headers: withHeaders(exchange.headers, added) });
}
