import { BerthError, redactUrl } from '@berth/base';
import { basicAuthorization, userInformation } from '../auth/basic.ts';
import { parseNoProxy } from './no-proxy.ts';

export interface Proxy {
  /** `http://proxy:3128`, without credentials. */
  readonly origin: string;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
  /** Distinguishes proxies that differ in credentials only. */
  readonly key: string;
}

export interface Proxies {
  /** The proxy for `url`, or `undefined` for the direct way. Throws `config` ERR_HTTP_PROXY when its address is unusable. */
  proxyFor(url: URL): Proxy | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Proxies as the environment names them, the first that is set counts, empty means none:
 * for `http` URLs `http_proxy`, `HTTP_PROXY`, `all_proxy`, `ALL_PROXY`; for `https` URLs `https_proxy`, `HTTPS_PROXY`,
 * `all_proxy`, `ALL_PROXY`. `no_proxy`, else `NO_PROXY`, excepts hosts. In a CGI program (REQUEST_METHOD is set)
 * `HTTP_PROXY` is the client's `Proxy:` header and does not count.
 */
export function proxiesFromEnvironment(env: Environment): Proxies {
  const excepted = parseNoProxy(env['no_proxy'] ?? env['NO_PROXY'] ?? '');
  const named = {
    'http:': firstOf(env, httpNames(env)),
    'https:': firstOf(env, ['https_proxy', 'HTTPS_PROXY', ...ALL]),
  };
  const parsed = new Map<string, Proxy>();
  return {
    proxyFor: (url) => {
      const text = url.protocol === 'https:' ? named['https:'] : named['http:'];
      if (text === '' || excepted(url)) return undefined;
      const proxy = parsed.get(text) ?? parseProxy(text);
      parsed.set(text, proxy);
      return proxy;
    },
  };
}

const ALL = ['all_proxy', 'ALL_PROXY'] as const;

function httpNames(env: Environment): readonly string[] {
  return env['REQUEST_METHOD'] === undefined ? ['http_proxy', 'HTTP_PROXY', ...ALL] : ['http_proxy', ...ALL];
}

function firstOf(env: Environment, names: readonly string[]): string {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) return value.trim();
  }
  return '';
}

function parseProxy(text: string): Proxy {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw unusable(address);
  const credentials = userInformation(url, () => unusable(address));
  const authorization = credentials && basicAuthorization(credentials);
  return { origin: url.origin, authorization, key: url.href };
}

function unusable(address: string): BerthError {
  return new BerthError('config', 'ERR_HTTP_PROXY', `proxy ${redactUrl(address)}: not an http or https address`, {
    hint: 'Correct http_proxy, https_proxy or all_proxy, or name the host in no_proxy.',
  });
}
