import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { readBody, sendError, sendJson } from './registry-double-routes.ts';

/** How the double wants to be logged in to. */
export type DoubleAuth =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'bearer';
      /** Absent: tokens for anyone. */
      readonly username?: string;
      readonly password?: string;
      /** What a refresh token of OAuth2 must be. */
      readonly identityToken?: string;
      /** Default: `/token` of the double itself. */
      readonly realm?: string;
      readonly expiresIn?: number | undefined;
      /** Instead of the usual reply of the token server. */
      readonly reply?: (token: string) => { readonly status?: number; readonly body: string };
    };

const SERVICE = 'demo-registry';

/** The login side of the double: challenges, and a token server under `/token`. */
export class DoubleLogin {
  readonly #auth: DoubleAuth | undefined;
  readonly #origin: string;
  /** Valid tokens and the scopes they are for. */
  readonly tokens = new Map<string, readonly string[]>();

  constructor(auth: DoubleAuth | undefined, origin: string) {
    this.#auth = auth;
    this.#origin = origin;
  }

  /** True when the request may go on; else it has been answered. */
  admits(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    const auth = this.#auth;
    if (auth === undefined) return true;
    const sent = request.headers.authorization ?? '';
    if (auth.kind === 'basic') {
      if (sent === basic(auth.username, auth.password)) return true;
      this.#challenge(response, 'Basic realm="demo registry"');
      return false;
    }
    const wanted = wantedScopes(request, url);
    const granted = this.tokens.get(sent.replace(/^Bearer /, '')) ?? [];
    if (wanted.every((scope) => granted.some((given) => covers(given, scope)))) return true;
    const realm = auth.realm ?? `${this.#origin}/token`;
    this.#challenge(response, `Bearer realm="${realm}",service="${SERVICE}",scope="${wanted.join(' ')}"`);
    return false;
  }

  /** The token server. */
  async token(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const auth = this.#auth;
    if (auth?.kind !== 'bearer') {
      sendError(response, 404, 'NOT_FOUND');
      return;
    }
    const form = request.method === 'POST' ? new URLSearchParams((await readBody(request)).toString()) : undefined;
    const asked = form ?? url.searchParams;
    if (!this.#knows(request, form)) {
      sendError(response, 401, 'UNAUTHORIZED');
      return;
    }
    const token = `tok-${randomBytes(6).toString('hex')}`;
    this.tokens.set(
      token,
      asked.getAll('scope').flatMap((scope) => scope.split(' ')),
    );
    if (auth.reply !== undefined) {
      const { status = 200, body } = auth.reply(token);
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
      return;
    }
    const name = form === undefined ? 'token' : 'access_token';
    sendJson(
      response,
      200,
      { [name]: token, expires_in: auth.expiresIn ?? 300 },
      { 'Content-Type': 'application/json' },
    );
  }

  #knows(request: IncomingMessage, form: URLSearchParams | undefined): boolean {
    const auth = this.#auth;
    if (auth?.kind !== 'bearer') return false;
    if (form?.get('grant_type') === 'refresh_token') {
      return form.get('refresh_token') === auth.identityToken;
    }
    if (form?.get('grant_type') === 'password') {
      return form.get('username') === auth.username && form.get('password') === auth.password;
    }
    if (auth.username === undefined) return true;
    return request.headers.authorization === basic(auth.username, auth.password ?? '');
  }

  #challenge(response: ServerResponse, challenge: string): void {
    response.req.resume();
    response.setHeader('WWW-Authenticate', challenge);
    response.writeHead(401, { 'Content-Type': 'application/json' });
    const body = { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] };
    response.end(response.req.method === 'HEAD' ? undefined : JSON.stringify(body));
  }
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function wantedScopes(request: IncomingMessage, url: URL): string[] {
  const name = /^\/v2\/(.+?)\/(?:manifests|blobs|tags)\//.exec(url.pathname)?.[1] ?? '';
  const from = url.searchParams.get('from');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const action = request.method === 'DELETE' ? 'delete' : 'pull,push';
  const scopes = [`repository:${name}:${reading ? 'pull' : action}`];
  return from === null ? scopes : [...scopes, `repository:${from}:pull`];
}

function covers(given: string, wanted: string): boolean {
  const [, name, actions = ''] = /^repository:(.+):([^:]+)$/.exec(given) ?? [];
  const [, wantedName, wantedActions = ''] = /^repository:(.+):([^:]+)$/.exec(wanted) ?? [];
  return name === wantedName && wantedActions.split(',').every((action) => actions.split(',').includes(action));
}
