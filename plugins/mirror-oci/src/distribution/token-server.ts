import { BerthError, DEFAULT_LIMITS, isBerthError, isJsonObject, type JsonValue } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import {
  basicAuthorization,
  type BearerToken,
  type Clock,
  type HttpClient,
  isHttpStatusError,
  parseTokenReply,
  readJson,
} from '@berth/http';
import { type RegistryCredentials } from '../credentials/credentials.ts';

export interface TokenRequest extends CallOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Checked: credentials may go there. */
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  /** Absent: a token for anyone. */
  readonly credentials: Exclude<RegistryCredentials, { readonly kind: 'bearer' }> | undefined;
}

export interface TokenReply {
  readonly token: BearerToken;
  /** In place of the one that was sent. */
  readonly refreshToken: string | undefined;
}

const CLIENT_ID = 'berth';

/**
 * Buys an access token: by GET with Basic credentials or none, by OAuth2 POST with a refresh token (distribution, "Token
 * authentication" and "OAuth2 token"). Rejects with `auth`, ERR_OCI_TOKEN or ERR_HTTP_TOKEN (hostile-inputs R10).
 */
export async function fetchToken(request: TokenRequest): Promise<TokenReply> {
  const what = `token server ${request.realm.host}`;
  const response = await (
    request.credentials?.kind === 'identity' ? postForm(request, request.credentials.token) : getToken(request)
  ).catch((cause: unknown) => {
    throw refusal(what, cause);
  });
  const reply = await readJson(response, { what, maxBytes: DEFAULT_LIMITS.errorBodyBytes }).catch((cause: unknown) => {
    throw unreadable(what, cause);
  });
  return { token: parseTokenReply(reply, { what, nowMs: request.clock.now() }), refreshToken: refreshTokenOf(reply) };
}

function getToken({
  http,
  realm,
  service,
  scopes,
  credentials,
  signal,
}: TokenRequest): ReturnType<HttpClient['request']> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.delete('scope');
  for (const scope of scopes) url.searchParams.append('scope', scope);
  url.searchParams.set('client_id', CLIENT_ID);
  const headers = credentials?.kind === 'password' ? { authorization: basicAuthorization(credentials) } : {};
  return http.request({ method: 'GET', url, headers, signal, expect: [200] });
}

/** A refresh token must not follow a redirect in the body of a request. */
function postForm(
  { http, realm, service, scopes, signal }: TokenRequest,
  refreshToken: string,
): ReturnType<HttpClient['request']> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: refreshToken });
  if (service !== undefined) form.set('service', service);
  form.set('scope', scopes.join(' '));
  return http.request({
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    retry: 'repeatable',
    maxRedirects: 0,
    expect: [200],
    signal,
  });
}

function refreshTokenOf(reply: JsonValue): string | undefined {
  const token = isJsonObject(reply) ? reply.get('refresh_token') : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function refusal(what: string, cause: unknown): unknown {
  // Only what the server decided is a refusal; a connection that failed stays what it is.
  if (!isHttpStatusError(cause) || cause.status >= 500 || cause.kind === 'busy') return cause;
  return new BerthError('auth', 'ERR_OCI_TOKEN', `${what}: it answered ${cause.status}`, {
    hint: 'Check the user name and password or token of this registry, and what they are permitted.',
    details: { status: cause.status },
    cause,
  });
}

function unreadable(what: string, cause: unknown): unknown {
  if (!isBerthError(cause, 'ERR_JSON') && !isBerthError(cause, 'ERR_LIMIT')) return cause;
  // Its text may hold a token, so neither it nor the parser's message is kept.
  return new BerthError('auth', 'ERR_OCI_TOKEN', `${what}: its answer is not a short JSON document`);
}
