import { BerthError } from '@berth/base';
import { type HttpResponse } from '../contract.ts';
import { shownUrl } from '../failures.ts';
import { withoutCredentials } from '../headers/request-headers.ts';
import { type Exchange, type Handler, type Interceptor } from '../transport/exchange.ts';
import { discard } from '../transport/response.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Follows redirects by hand (hostile-inputs R13): at most `maxRedirects`, no credentials to another origin, never from https
 * to http, no address twice; 307 and 308 send the body again from its source. Rejects with `protocol` ERR_HTTP_REDIRECT.
 */
export const followRedirects: Interceptor =
  (next: Handler) =>
  async (exchange: Exchange): Promise<HttpResponse> => {
    const seen = new Set<string>();
    for (let current = exchange; ;) {
      seen.add(`${current.method} ${current.url.href}`);
      const response = await next(current);
      if (!REDIRECTS.has(response.status) || exchange.maxRedirects === 0) return response;
      discard(response);
      current = redirected(current, response);
      if (seen.has(`${current.method} ${current.url.href}`)) throw refused(current.url, 'the redirects go in a circle');
      if (seen.size > exchange.maxRedirects) throw refused(current.url, `more than ${exchange.maxRedirects} redirects`);
    }
  };

function redirected(from: Exchange, response: HttpResponse): Exchange {
  const url = targetOf(from, response);
  if (from.url.protocol === 'https:' && url.protocol === 'http:') throw refused(url, 'a redirect from https to http');
  const to = { ...from, ...methodAfter(from, response.status), url };
  return url.origin === from.url.origin ? to : { ...to, headers: withoutCredentials(to.headers), auth: undefined };
}

function targetOf(from: Exchange, response: HttpResponse): URL {
  const location = response.headers.get('location') ?? '';
  if (location === '' || !URL.canParse(location, from.url.href)) throw refused(from.url, 'a redirect to nowhere');
  const url = new URL(location, from.url.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(url, 'a redirect to something else than http');
  // Credentials come from the user, not from a server.
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

function methodAfter(from: Exchange, status: number): Partial<Exchange> {
  if (status === 307 || status === 308 || from.method === 'GET' || from.method === 'HEAD') return {};
  if (status === 303) return { method: 'GET', body: undefined };
  throw refused(from.url, `a redirect with status ${status} to a ${from.method} does not say what to send`);
}

function refused(url: URL, why: string): BerthError {
  return new BerthError('protocol', 'ERR_HTTP_REDIRECT', `redirect to ${shownUrl(url)}: ${why}`, {
    hint: 'Give the mirror the address that the redirects lead to.',
    details: { url: shownUrl(url), host: url.host },
  });
}
