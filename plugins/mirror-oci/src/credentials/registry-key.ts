import { BerthError, escapeControls } from '@berth/base';

export type RegistryScheme = 'http' | 'https';

/** The names that Docker Hub goes by in references, in auth files and on the network. */
const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/**
 * The one spelling of a registry's `host[:port]` that credentials are kept under: lower case, without the scheme's own port,
 * IPv6 in brackets, Docker Hub as `docker.io` (hostile-inputs R30). Rejects anything else with `config`, ERR_OCI_REGISTRY.
 */
export function canonicalHost(domain: string, scheme: RegistryScheme): string {
  const host = hostOf(domain, scheme);
  if (host === undefined) {
    throw new BerthError(
      'config',
      'ERR_OCI_REGISTRY',
      `registry ${escapeControls(domain)}: not a host name with an optional port`,
      {
        hint: 'Write the mirror as oci://HOST[:PORT]/NAME.',
      },
    );
  }
  return DOCKER_HUB.has(host) ? 'docker.io' : host;
}

/** What a credential helper is asked for. */
export function helperKey(host: string): string {
  return host === 'docker.io' ? DOCKER_HUB_KEY : host;
}

export interface AuthKey {
  readonly host: string;
  /** `ns` or `ns/repo` that the credentials are limited to; empty for the whole registry. */
  readonly path: string;
}

/** A key of `auths` or `credHelpers` in an auth file; `undefined` for what names no host. */
export function parseAuthKey(key: string, scheme: RegistryScheme): AuthKey | undefined {
  const [, written, rest = ''] = /^(?:(https?):\/\/)?(.*)$/is.exec(key) ?? [];
  const [domain = '', ...segments] = rest.split('/');
  const host = hostOf(domain, written?.toLowerCase() === 'http' ? 'http' : written === undefined ? scheme : 'https');
  if (host === undefined) return undefined;
  const path = segments.filter((segment) => segment !== '').join('/');
  // `https://index.docker.io/v1/` and `host/v2/` are addresses of an interface, not of a namespace.
  const whole = path === 'v1' || path === 'v2';
  return { host: DOCKER_HUB.has(host) ? 'docker.io' : host, path: whole ? '' : path };
}

function hostOf(domain: string, scheme: RegistryScheme): string | undefined {
  if (!/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(domain)) return undefined;
  return URL.canParse(`${scheme}://${domain}`) ? new URL(`${scheme}://${domain}`).host : undefined;
}
