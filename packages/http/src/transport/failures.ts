import { BerthError, type BerthErrorOptions, escapeControls, isAbortError, isBerthError, messageOf } from '@berth/base';
import { types } from 'node:util';
import { protocolError, shownUrl } from '../failures.ts';

const TLS_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UND_ERR_PRX_TLS',
]);
const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const PROTOCOL_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_INFO',
  'UND_ERR_NOT_SUPPORTED',
]);
/** The client itself was closed. */
const CLOSED_CODES: ReadonlySet<string> = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);
const DNS_CODES: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);

/** Why the server was not heard, or not to its end, as a BerthError; what is one already and aborts pass through. */
export function transportFailure(what: string, url: URL, cause: unknown): unknown {
  const code = codeOf(cause);
  // undici calls what it gave up by itself an abort too.
  if (isBerthError(cause) || (isAbortError(cause) && code !== 'UND_ERR_ABORTED')) return cause;
  const details = { url: shownUrl(url), host: url.host, errno: code };
  const failure = { what: `${what}: ${shownUrl(url)}`, url, code, cause, details };
  return (
    tlsFailure(failure) ??
    proxyFailure(failure) ??
    protocolFailure(failure) ??
    dnsFailure(failure) ??
    connectionFailure(failure)
  );
}

/**
 * undici tells of framing that contradicts itself as of a body that is too short; before there is a body it must be the
 * former, or a head that was cut.
 */
export function headFailure(url: URL, cause: unknown): unknown {
  if (codeOf(cause) !== 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return cause;
  const details = { url: shownUrl(url), host: url.host, transient: true };
  return protocolError(shownUrl(url), 'the head of the answer contradicts itself', { cause, details });
}

interface Failure {
  readonly what: string;
  readonly url: URL;
  readonly code: string;
  readonly cause: unknown;
  readonly details: Readonly<Record<string, unknown>>;
}

function codeOf(error: unknown): string {
  const code = deepest(error, (each) => ('code' in each && typeof each.code === 'string' ? each.code : undefined));
  return code ?? '';
}

// Several addresses that all failed come as one AggregateError, which has the code of the first.
function deepest(error: unknown, read: (error: Error) => string | undefined): string | undefined {
  if (!types.isNativeError(error)) return undefined;
  return read(error) ?? deepest(error.cause, read);
}

function textOf({ cause, code }: Failure): string {
  const errors = types.isNativeError(cause) && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [];
  const text = messageOf(cause) || errors.map(messageOf).join('; ') || code || 'the connection failed';
  return escapeControls(text.slice(0, 300));
}

function tlsFailure(failure: Failure): BerthError | undefined {
  if (!TLS_CODES.has(failure.code)) return undefined;
  return error('io', 'ERR_HTTP_TLS', failure, {
    hint:
      failure.code === 'CERT_HAS_EXPIRED' || failure.code === 'CERT_NOT_YET_VALID'
        ? 'Check the clock of this machine, and ask the owner of the server to renew its certificate.'
        : "If the server's certificate was issued by your own organisation, name the file of its authority in config:ssl_certs or SSL_CERT_FILE.",
  });
}

const TUNNEL = /^Proxy response \((\d+)\)/;

function proxyFailure(failure: Failure): BerthError | undefined {
  const status = TUNNEL.exec(messageOf(failure.cause))?.[1];
  if (status === undefined) return undefined;
  return proxyStatusError(failure.what, Number(status), failure.details);
}

/** The proxy itself refused: 407 is `auth`, anything else `io`. */
export function proxyStatusError(what: string, status: number, details: Readonly<Record<string, unknown>>): BerthError {
  const message = `${what}: the proxy answered ${status}`;
  if (status === 407) {
    return new BerthError('auth', 'ERR_HTTP_PROXY', message, {
      hint: 'Put a user name and password for the proxy into its address (http://user:password@proxy:port).',
      details: { ...details, status },
    });
  }
  return new BerthError('io', 'ERR_HTTP_PROXY', message, {
    hint: 'Ask for this host to be allowed by the proxy, or name it in no_proxy.',
    details: { ...details, status, transient: status >= 500 },
  });
}

function protocolFailure(failure: Failure): BerthError | undefined {
  const { cause, code } = failure;
  const misread = types.isNativeError(cause) && (cause.name === 'HTTPParserError' || cause.message === 'bad response');
  if (!misread && !PROTOCOL_CODES.has(code)) return undefined;
  return error('protocol', 'ERR_HTTP_PROTOCOL', failure);
}

function dnsFailure(failure: Failure): BerthError | undefined {
  if (!DNS_CODES.has(failure.code)) return undefined;
  return error('io', 'ERR_HTTP_DNS', failure, {
    transient: failure.code === 'EAI_AGAIN',
    hint: 'Check the name of the host and whether this machine is on the network.',
  });
}

function connectionFailure(failure: Failure): BerthError {
  if (TIMEOUT_CODES.has(failure.code)) return error('io', 'ERR_HTTP_TIMEOUT', failure, { transient: true });
  const network = failure.code.startsWith('UND_ERR') || failure.code.startsWith('E');
  return error('io', 'ERR_HTTP_CONNECTION', failure, { transient: network && !CLOSED_CODES.has(failure.code) });
}

function error(
  kind: 'io' | 'protocol',
  code: 'ERR_HTTP_TLS' | 'ERR_HTTP_PROTOCOL' | 'ERR_HTTP_DNS' | 'ERR_HTTP_TIMEOUT' | 'ERR_HTTP_CONNECTION',
  failure: Failure,
  { transient = false, hint }: { readonly transient?: boolean; readonly hint?: string } = {},
): BerthError {
  const options: BerthErrorOptions = { cause: failure.cause, hint, details: { ...failure.details, transient } };
  return new BerthError(kind, code, `${failure.what}: ${textOf(failure)}`, options);
}

/** Nothing came for too long. */
export function timeoutError(what: string, url: URL, why: string): BerthError {
  return new BerthError('io', 'ERR_HTTP_TIMEOUT', `${what}: ${shownUrl(url)}: ${why}`, {
    details: { url: shownUrl(url), host: url.host, transient: true },
  });
}
