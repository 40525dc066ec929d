import { type LookupFunction } from 'node:net';
import { type SecureContext } from 'node:tls';
import { Agent, type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { type Proxies, type Proxy } from '../proxy/environment.ts';
import { type HttpLimits, type HttpTimeouts } from '../settings.ts';

/** How one URL is reached. */
export interface Route {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  /** For the proxy, on this route only. */
  readonly headers: Readonly<Record<string, string>>;
  /** The proxy without its credentials. */
  readonly proxy: string | undefined;
}

/** Owns the connections. */
export interface Router {
  /** `upload` for a request with a body. */
  routeTo(url: URL, options: { readonly upload: boolean }): Promise<Route>;
  close(): Promise<void>;
}

export interface RouterOptions {
  readonly proxies: Proxies;
  /** Called before the first encrypted connection. */
  readonly trust: () => Promise<SecureContext>;
  readonly verifyTls: boolean;
  readonly http2: boolean;
  readonly timeouts: HttpTimeouts;
  readonly limits: HttpLimits;
  readonly connectionsPerOrigin: number;
  readonly lookup: LookupFunction | undefined;
}

const NEXT_ADDRESS_AFTER_MS = 250;

export function createRouter(options: RouterOptions): Router {
  const agents = new Map<string, Promise<Dispatcher>>();
  const once = (key: string, create: () => Promise<Dispatcher>): Promise<Dispatcher> => {
    const agent = agents.get(key) ?? create();
    agents.set(key, agent);
    return agent;
  };
  // Over HTTP/2 an upload whose connection is cut may never hear of it (undici 7.30), so a body goes by HTTP/1.1.
  const agentFor = (secure: boolean, upload: boolean): Promise<Dispatcher> => {
    const http2 = secure && options.http2 && !upload;
    return once(`${secure ? 'tls' : 'plain'} ${http2 ? 2 : 1}`, () => directAgent(options, { secure, http2 }));
  };
  return {
    routeTo: async (url, { upload }) => {
      const proxy = options.proxies.proxyFor(url);
      const secure = url.protocol === 'https:' || proxy?.origin.startsWith('https:') === true;
      if (proxy === undefined) {
        return { ...direct(url), dispatcher: await agentFor(secure, upload) };
      }
      if (url.protocol === 'https:') {
        return {
          ...direct(url),
          proxy: proxy.origin,
          dispatcher: await once(`tunnel ${proxy.key}`, () => tunnelAgent(options, proxy)),
        };
      }
      return {
        ...forwarded(url, proxy),
        dispatcher: await agentFor(secure, upload),
      };
    },
    close: async () => {
      const open = await Promise.allSettled([...agents.values()]);
      await Promise.all(open.flatMap((agent) => (agent.status === 'fulfilled' ? [agent.value.destroy()] : [])));
    },
  };
}

function direct(url: URL): Omit<Route, 'dispatcher'> {
  return { origin: url.origin, path: `${url.pathname}${url.search}`, headers: {}, proxy: undefined };
}

/** Plain HTTP goes through a proxy by its absolute form (RFC 9112 §3.2.2), not through a tunnel. */
function forwarded(url: URL, proxy: Proxy): Omit<Route, 'dispatcher'> {
  const credentials = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
  const path = `${url.origin}${url.pathname}${url.search}`;
  return { origin: proxy.origin, path, headers: { host: url.host, ...credentials }, proxy: proxy.origin };
}

async function connectOptions(options: RouterOptions, secure: boolean): Promise<buildConnector.BuildOptions> {
  const tls = secure ? { secureContext: await options.trust(), rejectUnauthorized: options.verifyTls } : {};
  return {
    ...tls,
    timeout: options.timeouts.connectMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
    ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
  };
}

function poolOptions(options: RouterOptions): Agent.Options {
  return {
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    maxHeaderSize: options.limits.headerBytes,
    headersTimeout: options.timeouts.firstByteMs,
    bodyTimeout: options.timeouts.noProgressMs,
  };
}

async function directAgent(
  options: RouterOptions,
  { secure, http2 }: { readonly secure: boolean; readonly http2: boolean },
): Promise<Dispatcher> {
  return new Agent({
    ...poolOptions(options),
    allowH2: http2,
    connect: await connectOptions(options, secure),
  });
}

async function tunnelAgent(options: RouterOptions, proxy: Proxy): Promise<Dispatcher> {
  const connect = await connectOptions(options, true);
  return new ProxyAgent({
    ...poolOptions(options),
    uri: proxy.origin,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    requestTls: connect,
    proxyTls: connect,
    // A proxy that takes the connection and then says nothing is as dead as one that does not take it.
    clientFactory: (origin, given) => new Pool(origin, { ...given, headersTimeout: options.timeouts.connectMs }),
  });
}
