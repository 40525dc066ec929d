import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';
import { type DoubleAuth, DoubleLogin } from './registry-double-auth.ts';
import { route, type RouteOptions } from './registry-double-routes.ts';
import { DoubleStorage } from './registry-double-storage.ts';

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0 while unanswered. */
  status: number;
  responseHeaders: Readonly<Record<string, string>>;
}

/** Answers instead of the registry, or lets it: `next()`. */
export type Misbehaviour = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => Promise<void>,
) => Promise<void> | void;

export interface Rule {
  readonly method?: string;
  readonly path?: RegExp;
  /** How often the rule applies; default: once. */
  readonly times?: number;
}

export interface RegistryDoubleOptions extends Omit<RouteOptions, 'origin'> {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly auth?: DoubleAuth;
}

/** A registry that records what it is asked and misbehaves on demand. Without rules it answers as docker-registry 2.8 does. */
export class RegistryDouble implements AsyncDisposable {
  readonly storage: DoubleStorage = new DoubleStorage();
  readonly requests: RecordedRequest[] = [];
  readonly #options: RegistryDoubleOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rules: { rule: Rule; left: number; misbehave: Misbehaviour }[] = [];
  #login: DoubleLogin | undefined;

  constructor(options: RegistryDoubleOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    };
    this.#server = options.tls === undefined ? createHttpServer(listener) : createHttpsServer(options.tls, listener);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#login = new DoubleLogin(this.#options.auth, this.origin);
    return this;
  }

  get scheme(): 'http' | 'https' {
    return this.#options.tls === undefined ? 'http' : 'https';
  }

  /** `127.0.0.1:port` */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `${this.scheme}://${this.host}`;
  }

  get login(): DoubleLogin {
    if (this.#login === undefined) throw new Error('the double does not listen yet');
    return this.#login;
  }

  /** The newest rule is asked first. Rules come before the login. */
  on(rule: Rule, misbehave: Misbehaviour): this {
    this.#rules.unshift({ rule, left: rule.times ?? 1, misbehave });
    return this;
  }

  /** Requests so far as `GET /v2/…`, ports hidden. */
  get log(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`);
  }

  count(method: string, path: RegExp): number {
    return this.requests.filter((request) => request.method === method && path.test(request.path)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const record = this.#record(request, response, { method, path });
    const rule = this.#rules.find(
      ({ rule: { method: m, path: p }, left }) => left > 0 && (m ?? method) === method && (p?.test(path) ?? true),
    );
    const next = async (): Promise<void> => this.#answer(request, response, new URL(path, this.origin));
    this.requests.push(record);
    if (rule === undefined) return next();
    rule.left -= 1;
    return rule.misbehave(request, response, next);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/token') return this.login.token(request, response, url);
    if (!this.login.admits(request, response, url)) return;
    const options = { ...this.#options, origin: this.origin };
    return route({ storage: this.storage, options, request, response, url });
  }

  #record(
    request: IncomingMessage,
    response: ServerResponse,
    line: { readonly method: string; readonly path: string },
  ): RecordedRequest {
    const headers = request.headers as Record<string, string>;
    const record: RecordedRequest = { ...line, headers, status: 0, responseHeaders: {} };
    response.once('close', () => {
      record.status = response.headersSent ? response.statusCode : 0;
      record.responseHeaders = response.getHeaders() as Record<string, string>;
    });
    return record;
  }
}

export async function startRegistryDouble(options: RegistryDoubleOptions = {}): Promise<RegistryDouble> {
  return new RegistryDouble(options).listen();
}
