import { BerthError, bytesSource, type Emit } from '@berth/base';
import { type LookupFunction } from 'node:net';
import { type SecureContext } from 'node:tls';
import { basicAuthorization, userInformation } from './auth/basic.ts';
import { type Clock, systemClock } from './clock.ts';
import { type HttpClient, type HttpRequest } from './contract.ts';
import { lateStream, startDownload } from './download/download.ts';
import { shownUrl } from './failures.ts';
import { withHeaders } from './headers/request-headers.ts';
import { Hosts } from './hosts/hosts.ts';
import { authorize } from './interceptors/authorize.ts';
import { expectStatus } from './interceptors/expect-status.ts';
import { followRedirects } from './interceptors/follow-redirects.ts';
import { holdShortAnswers } from './interceptors/hold-short-answers.ts';
import { logRequests } from './interceptors/log-requests.ts';
import { replayDeadConnection } from './interceptors/replay-dead-connection.ts';
import { respectHost } from './interceptors/respect-host.ts';
import { retryTransient } from './interceptors/retry-transient.ts';
import { proxiesFromEnvironment } from './proxy/environment.ts';
import {
  DEFAULT_HTTP_LIMITS,
  DEFAULT_PER_HOST_CONNECTIONS,
  DEFAULT_TIMEOUTS,
  type HttpLimits,
  type HttpTimeouts,
} from './settings.ts';
import { loadTrust } from './transport/certificates.ts';
import { type Exchange, type Handler, type Interceptor } from './transport/exchange.ts';
import { createRouter } from './transport/routes.ts';
import { createSender } from './transport/send.ts';

export interface HttpClientOptions {
  /** Read for proxies (`http_proxy` …) and certificate authorities (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, SSL_CERT_DIR). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `config:ssl_certs`: a PEM file or a directory of them, in addition to the system's. */
  readonly certificateAuthorities?: string | undefined;
  /** `config:verify_ssl`. `false` accepts any certificate, and says so. */
  readonly verifyTls: boolean;
  readonly emit: Emit;
  /** Value of `User-Agent`. */
  readonly userAgent: string;
  readonly timeouts?: Partial<HttpTimeouts> | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  /** Requests to one host at a time, for downloads and for uploads each; 16. */
  readonly perHostConnections?: number | undefined;
  /** Speak HTTP/2 with servers that choose it; `true`. */
  readonly http2?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** Instead of the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
}

/** Creates the client; it opens no connection and reads no file until the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const clock = options.clock ?? systemClock;
  const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const most = options.perHostConnections ?? DEFAULT_PER_HOST_CONNECTIONS;
  const hosts = new Hosts({ most, mostWaiting: limits.waitingRequests, clock });
  const router = createRouter({
    proxies: proxiesFromEnvironment(options.env),
    trust: trustOnce(options),
    verifyTls: options.verifyTls,
    http2: options.http2 ?? true,
    timeouts,
    limits,
    connectionsPerOrigin: 2 * most,
    lookup: options.lookup,
  });
  // Outermost first.
  const interceptors: readonly Interceptor[] = [
    expectStatus({ limits }),
    retryTransient({ clock, limits, hosts }),
    followRedirects,
    authorize({ limits }),
    holdShortAnswers,
    respectHost({ hosts, clock }),
    replayDeadConnection,
    logRequests({ emit: options.emit, clock }),
  ];
  const handler = interceptors.reduceRight<Handler>(
    (next, wrap) => wrap(next),
    createSender({ router, timeouts, limits, clock }),
  );
  const request: HttpClient['request'] = async (given) =>
    handler(exchangeOf(given, { limits, clock, userAgent: options.userAgent }));
  const openDownload: HttpClient['openDownload'] = async (given) => startDownload(given, { request, limits, clock });
  return {
    request,
    openDownload,
    download: (given) => lateStream(async () => (await openDownload(given)).body),
    [Symbol.asyncDispose]: () => router.close(),
  };
}

function trustOnce(options: HttpClientOptions): () => Promise<SecureContext> {
  let trust: Promise<SecureContext> | undefined;
  return () => {
    if (trust === undefined && !options.verifyTls) warnUnverified(options.emit);
    trust ??= loadTrust({
      env: options.env,
      certificateAuthorities: options.certificateAuthorities,
      emit: options.emit,
    });
    return trust;
  };
}

function warnUnverified(emit: Emit): void {
  emit({
    type: 'warning',
    code: 'ERR_HTTP_UNVERIFIED',
    message: 'certificates of servers are not checked: config:verify_ssl is false',
    hint: 'Name the authority of your server in config:ssl_certs and remove config:verify_ssl.',
  });
}

interface Defaults {
  readonly limits: HttpLimits;
  readonly clock: Clock;
  readonly userAgent: string;
}

const ONCE_ONLY: ReadonlySet<string> = new Set(['POST', 'PATCH']);

function exchangeOf(request: HttpRequest, { limits, clock, userAgent }: Defaults): Exchange {
  const { url, authorization } = parseUrl(request.url);
  const defaults = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': userAgent, ...authorization };
  const { body, method } = request;
  return {
    method,
    url,
    headers: withHeaders(defaults, request.headers ?? {}),
    body: body instanceof Uint8Array ? bytesSource(body) : body,
    signal: request.signal,
    auth: request.auth,
    repeatable: (request.retry ?? (ONCE_ONLY.has(method) ? 'never' : 'repeatable')) === 'repeatable',
    expect: request.expect,
    maxRedirects: request.maxRedirects ?? limits.redirects,
    attempt: 1,
    state: { loggedIn: false, secrets: new Set(), deadlineMs: clock.now() + limits.retryTotalMs },
  };
}

function parseUrl(text: string | URL): { readonly url: URL; readonly authorization: Readonly<Record<string, string>> } {
  const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw unusable(text);
  const credentials = userInformation(url, () => unusable(text));
  url.username = '';
  url.password = '';
  url.hash = '';
  return { url, authorization: credentials === undefined ? {} : { authorization: basicAuthorization(credentials) } };
}

function unusable(text: string | URL): BerthError {
  return new BerthError('config', 'ERR_HTTP_URL', `address ${shownUrl(text)}: not an http or https URL`);
}
