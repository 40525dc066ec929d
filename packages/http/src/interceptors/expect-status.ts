import { type ErrorKind, escapeControls } from '@berth/base';
import { STATUS_CODES } from 'node:http';
import { type HttpResponse } from '../contract.ts';
import { HttpStatusError, isHtml, shownUrl } from '../failures.ts';
import { type HttpLimits } from '../settings.ts';
import { type Exchange, type Interceptor, isExpected } from '../transport/exchange.ts';
import { readErrorBody } from '../transport/response.ts';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  401: 'auth',
  403: 'auth',
  407: 'auth',
  404: 'notfound',
  410: 'notfound',
  408: 'busy',
  409: 'busy',
  412: 'busy',
  423: 'busy',
  425: 'busy',
  429: 'busy',
  503: 'busy',
  413: 'limit',
  507: 'io',
};

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check the credentials of this mirror.',
  403: 'These credentials do not allow it: check what they are permitted.',
  429: 'The server limits the rate of requests: wait a while, or lower the number of parallel jobs.',
};

/** Turns an answer that the request did not expect into an HttpStatusError. */
export function expectStatus({ limits }: { readonly limits: HttpLimits }): Interceptor {
  return (next) => async (exchange) => {
    const response = await next(exchange);
    if (isExpected(exchange, response.status)) return response;
    throw await statusError(exchange, response, limits.errorBodyBytes);
  };
}

async function statusError(exchange: Exchange, response: HttpResponse, maxBytes: number): Promise<HttpStatusError> {
  const { status, headers, url } = response;
  const body = await readErrorBody(response, maxBytes);
  const told = isHtml(headers) ? '' : excerpt(body.toString('utf8'), exchange);
  const name = STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`;
  const message = `${exchange.method} ${shownUrl(url)}: ${status}${name}${told === '' ? '' : `: ${told}`}`;
  const details = { status, url: shownUrl(url), host: new URL(url).host };
  return new HttpStatusError(KINDS[status] ?? 'protocol', message, {
    status,
    headers,
    body,
    details,
    hint: HINTS[status],
  });
}

const EXCERPT_CHARACTERS = 200;

/** The beginning of what the server said, without what we said to it in confidence. */
function excerpt(text: string, exchange: Exchange): string {
  let shown = text.slice(0, 10 * EXCERPT_CHARACTERS);
  for (const secret of secretsOf(exchange)) shown = shown.replaceAll(secret, '***');
  shown = shown.replace(/https?:\/\/[^\s"'<>]+/gi, (url) => shownUrl(url)).trim();
  return escapeControls(shown.slice(0, EXCERPT_CHARACTERS));
}

function secretsOf(exchange: Exchange): readonly string[] {
  const { authorization } = exchange.headers;
  const sent = [...exchange.state.secrets, ...(authorization === undefined ? [] : [authorization])];
  const values = [...exchange.url.searchParams.values(), ...sent.flatMap(partsOf)];
  return values.filter((value) => value.length >= 8);
}

/** A header's value, its words, and the password in Basic credentials. */
function partsOf(value: string): readonly string[] {
  const words = value.split(' ');
  const [scheme = '', credentials = ''] = words;
  if (scheme.toLowerCase() !== 'basic') return [value, ...words];
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return [value, ...words, pair, pair.slice(pair.indexOf(':') + 1)];
}
