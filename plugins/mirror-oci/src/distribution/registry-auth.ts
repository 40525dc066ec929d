import { BerthError, type Emit, isAbortError } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import {
  type Authorizer,
  basicAuthorization,
  type BearerToken,
  type Challenge,
  challengesOf,
  checkRealm,
  type Clock,
  createTokenCache,
  type HttpClient,
  isLoopback,
  type TokenCache,
  type TokenKey,
} from '@berth/http';
import { type CredentialSource, type FoundCredentials } from '../credentials/credentials.ts';
import { type Access } from './access.ts';
import { type Endpoint } from './endpoint.ts';
import { tokenHostsOf } from './token-hosts.ts';
import { fetchToken } from './token-server.ts';

export interface RegistryAuthOptions {
  readonly endpoint: Endpoint;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** `host[:port]` of further token servers that may see the credentials. */
  readonly realmHosts: readonly string[];
  readonly emit: Emit;
}

/** How the registry wants to be logged in to, as far as it has told. */
type Scheme =
  | { readonly kind: 'basic'; readonly authorization: string }
  /** A token that was given to us ready-made. */
  | { readonly kind: 'fixed'; readonly authorization: string }
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string | undefined };

/**
 * The log-in to one registry. Nothing is sent until the registry asks; from then on every request carries what it needs, tokens
 * are kept per scope and renewed ahead of their end. Credentials go to the registry's own host, or to a token server that belongs
 * to it (hostile-inputs R08 to R12).
 */
export class RegistryAuth {
  readonly #options: RegistryAuthOptions;
  readonly #tokens: TokenCache;
  /** Scopes that the registry asked for on top of what an access says, by the scopes of that access. */
  readonly #askedScopes = new Map<string, readonly string[]>();
  #scheme: Scheme | undefined;
  readonly #secrets = new Set<string>();
  #refreshToken: string | undefined;
  #warned = false;

  constructor(options: RegistryAuthOptions) {
    this.#options = options;
    this.#tokens = createTokenCache({ clock: options.clock });
  }

  /** For one request. */
  authorizer(access: Access): Authorizer {
    let sent: string | undefined;
    return {
      authorize: async ({ signal }) => {
        sent = await this.#authorization(access, { signal });
        return sent === undefined ? undefined : { authorization: sent };
      },
      challenge: async ({ headers, signal }) => {
        const challenges = challengesOf(headers);
        return this.#logIn(challenges, { access, sent, signal });
      },
    };
  }

  /** `text` without what was sent in confidence. */
  redact(text: string): string {
    return [...this.#secrets].reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  }

  /** Where the credentials come from; for messages. */
  async origin(options: CallOptions): Promise<string | undefined> {
    return (await this.#options.credentials(options))?.origin;
  }

  async #authorization(access: Access, options: CallOptions): Promise<string | undefined> {
    const scheme = this.#scheme;
    if (scheme === undefined) return undefined;
    if (scheme.kind !== 'bearer') return scheme.authorization;
    return `Bearer ${await this.#token(this.#keyOf(scheme, access), options)}`;
  }

  async #logIn(
    challenges: readonly Challenge[],
    { access, sent, signal }: { readonly access: Access; readonly sent: string | undefined } & CallOptions,
  ): Promise<boolean> {
    const found = await this.#options.credentials({ signal });
    this.#keepSecret(...secretsOf(found));
    const [scheme, challenge] = this.#schemeFor(challenges, found);
    this.#scheme = scheme;
    if (scheme.kind !== 'bearer') return scheme.authorization !== sent;
    this.#remember(access, challenge.parameters.get('scope'));
    const key = this.#keyOf(scheme, access);
    // Another request may have logged in again meanwhile: what it got is as good.
    if (sent !== undefined && `Bearer ${await this.#token(key, { signal })}` === sent) this.#tokens.forget(key);
    await this.#token(key, { signal });
    return true;
  }

  #schemeFor(challenges: readonly Challenge[], found: FoundCredentials | undefined): readonly [Scheme, Challenge] {
    for (const challenge of challenges) {
      const scheme = challenge.scheme === 'bearer' ? this.#bearer(challenge, found) : this.#basic(challenge, found);
      if (scheme !== undefined) return [scheme, challenge];
    }
    throw this.#noWayIn(challenges, found);
  }

  #bearer(challenge: Challenge, found: FoundCredentials | undefined): Scheme | undefined {
    if (found?.credentials.kind === 'bearer') {
      return { kind: 'fixed', authorization: `Bearer ${found.credentials.token}` };
    }
    const realm = challenge.parameters.get('realm');
    if (realm === undefined) return undefined;
    const { endpoint, realmHosts } = this.#options;
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    // Asking without credentials gives nothing away, but nobody sends us to our own machine.
    const anyone = found === undefined && url !== undefined && !isLoopback(url) ? [url.host] : [];
    checkRealm(realm, {
      server: endpoint.base,
      allowedHosts: [...tokenHostsOf(endpoint.host), ...realmHosts, ...anyone],
    });
    return { kind: 'bearer', realm, service: challenge.parameters.get('service') };
  }

  #basic(challenge: Challenge, found: FoundCredentials | undefined): Scheme | undefined {
    if (challenge.scheme !== 'basic' || found?.credentials.kind !== 'password') return undefined;
    this.#warnOfHttp();
    return { kind: 'basic', authorization: basicAuthorization(found.credentials) };
  }

  #remember(access: Access, scope: string | undefined): void {
    const asked = (scope ?? '').split(' ').filter((each) => each !== '' && !access.scopes.includes(each));
    this.#askedScopes.set(access.scopes.join(' '), asked);
  }

  #keyOf(scheme: Extract<Scheme, { readonly kind: 'bearer' }>, access: Access): TokenKey {
    const own = access.scopes.join(' ');
    const scope = [own, ...(this.#askedScopes.get(own) ?? [])].join(' ');
    return { realm: scheme.realm, service: scheme.service ?? '', scope };
  }

  async #token(key: TokenKey, { signal }: CallOptions): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#tokens.token(key, async () => this.#fetch(key, signal));
      } catch (error) {
        // The request that was shared belonged to someone who gave up.
        if (!isAbortError(error) || signal.aborted) throw error;
      }
    }
  }

  async #fetch(key: TokenKey, signal: AbortSignal): Promise<BearerToken> {
    const { http, clock, credentials } = this.#options;
    const found = (await credentials({ signal }))?.credentials;
    const reply = await fetchToken({
      http,
      clock,
      realm: new URL(key.realm),
      service: key.service === '' ? undefined : key.service,
      scopes: key.scope.split(' '),
      credentials:
        found?.kind === 'identity'
          ? { kind: 'identity', token: this.#refreshToken ?? found.token }
          : passwordOnly(found),
      signal,
    });
    this.#refreshToken = reply.refreshToken ?? this.#refreshToken;
    this.#keepSecret(reply.token.token, ...(reply.refreshToken === undefined ? [] : [reply.refreshToken]));
    return reply.token;
  }

  #keepSecret(...secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= SHORTEST_SECRET) this.#secrets.add(secret);
  }

  #warnOfHttp(): void {
    const { endpoint, emit } = this.#options;
    if (this.#warned || endpoint.base.protocol === 'https:' || isLoopback(endpoint.base)) return;
    this.#warned = true;
    emit({
      type: 'warning',
      code: 'OCI_PLAIN_PASSWORD',
      message: `registry ${endpoint.host}: the password goes over the network unencrypted`,
      hint: 'Use an oci:// address if the registry speaks https.',
    });
  }

  #noWayIn(challenges: readonly Challenge[], found: FoundCredentials | undefined): BerthError {
    const { host } = this.#options.endpoint;
    const schemes = [...new Set(challenges.map(({ scheme }) => scheme))].join(', ').slice(0, 100);
    if (found === undefined) {
      return new BerthError(
        'auth',
        'ERR_OCI_LOGIN',
        `registry ${host}: it asks for a log-in (${schemes}), and there are no credentials for it`,
        {
          hint: `Run podman login ${host}, or name a user and a password variable in the mirror's entry.`,
        },
      );
    }
    return new BerthError(
      'auth',
      'ERR_OCI_LOGIN',
      `registry ${host}: it asks for a kind of log-in (${schemes}) that the credentials from ${found.origin} are not good for`,
      {
        hint: 'Give the mirror credentials of the kind that this registry takes.',
      },
    );
  }
}

/** Shorter ones would take letters out of every message. */
const SHORTEST_SECRET = 4;

function secretsOf(found: FoundCredentials | undefined): readonly string[] {
  if (found === undefined) return [];
  if (found.credentials.kind !== 'password') return [found.credentials.token];
  return [found.credentials.password, basicAuthorization(found.credentials).replace('Basic ', '')];
}

function passwordOnly(
  found: FoundCredentials['credentials'] | undefined,
): Extract<FoundCredentials['credentials'], { readonly kind: 'password' }> | undefined {
  return found?.kind === 'password' ? found : undefined;
}
