import { BerthError, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '@berth/base';
import { type Clock } from '../clock.ts';

export interface BearerToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** What one token is good for. */
export interface TokenKey {
  readonly realm: string;
  readonly service: string;
  readonly scope: string;
}

const DEFAULT_LIFETIME_S = 60;
const LONGEST_LIFETIME_S = 24 * 3600;
/** RFC 6750 §2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * A token server's reply: `token`, else `access_token`, and `expires_in` in seconds; 60 s when that is absent or makes no
 * sense. Rejects with `auth` ERR_HTTP_TOKEN a reply without a token that HTTP can carry (hostile-inputs R10).
 */
export function parseTokenReply(
  reply: JsonValue,
  options: { readonly what: string; readonly nowMs: number },
): BearerToken {
  if (!isJsonObject(reply)) throw unusable(options.what, 'not an object');
  const token = reply.get('token') ?? reply.get('access_token');
  if (typeof token !== 'string' || token === '') throw unusable(options.what, 'no token');
  if (!TOKEN.test(token)) throw unusable(options.what, 'the token has characters that HTTP cannot carry');
  return { token, expiresAtMs: options.nowMs + 1000 * lifetimeOf(reply) };
}

function lifetimeOf(reply: JsonObject): number {
  const seconds = reply.get('expires_in');
  if (!(seconds instanceof JsonNumber) || !(seconds.value > 0)) return DEFAULT_LIFETIME_S;
  return Math.min(seconds.value, LONGEST_LIFETIME_S);
}

function unusable(what: string, why: string): BerthError {
  return new BerthError('auth', 'ERR_HTTP_TOKEN', `${what}: ${why}`, { hint: 'Check the credentials of this mirror.' });
}

/** Tokens by what they are good for; who asks for one that is being fetched gets the same. */
export interface TokenCache {
  /** A token that is good for a while yet, from the cache or from `fetch`. */
  token(key: TokenKey, fetch: () => Promise<BearerToken>): Promise<string>;
  /** The server refused this token: the next one asked for is new. */
  forget(key: TokenKey): void;
}

const AHEAD_MS = 30_000;

interface CachedToken {
  readonly fetched: Promise<BearerToken>;
  refreshAtMs: number;
}

export function createTokenCache({ clock }: { readonly clock: Clock }): TokenCache {
  const cached = new Map<string, CachedToken>();
  const start = (key: string, fetch: () => Promise<BearerToken>): CachedToken => {
    const entry: CachedToken = { fetched: fetch(), refreshAtMs: Infinity };
    entry.fetched.then(
      ({ expiresAtMs }) => {
        // A short-lived token is still used for three quarters of its life.
        entry.refreshAtMs = expiresAtMs - Math.min(AHEAD_MS, (expiresAtMs - clock.now()) / 4);
      },
      () => {
        if (cached.get(key) === entry) cached.delete(key);
      },
    );
    cached.set(key, entry);
    return entry;
  };
  return {
    token: async (key, fetch) => {
      const name = nameOf(key);
      const known = cached.get(name);
      const entry = known !== undefined && known.refreshAtMs > clock.now() ? known : start(name, fetch);
      return (await entry.fetched).token;
    },
    forget: (key) => {
      cached.delete(nameOf(key));
    },
  };
}

function nameOf({ realm, service, scope }: TokenKey): string {
  return JSON.stringify([realm, service, scope]);
}
