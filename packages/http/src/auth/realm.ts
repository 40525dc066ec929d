import { BerthError } from '@berth/base';
import { BlockList, isIP } from 'node:net';
import { shownUrl } from '../failures.ts';

export interface RealmOptions {
  /** The server that named the realm. */
  readonly server: URL;
  /** `host[:port]` of further token servers that may see this mirror's credentials. */
  readonly allowedHosts: readonly string[];
}

/**
 * The address of a token server, checked before credentials go there (hostile-inputs R08): https, on the server's own host
 * or an allowed one, never a link-local address; http only when the server itself is http on a loopback address. Rejects
 * with `auth` ERR_HTTP_REALM.
 */
export function checkRealm(realm: string, options: RealmOptions): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  const why = url === undefined ? 'not an address' : objectionTo(url, options);
  if (url === undefined || why !== undefined) throw refused(realm, why ?? '');
  return url;
}

function objectionTo(url: URL, { server, allowedHosts }: RealmOptions): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'not an https address';
  if (url.username !== '' || url.password !== '') return 'it holds credentials of its own';
  const amongUs = server.protocol === 'http:' && isLoopback(server) && isLoopback(url);
  if (url.protocol === 'http:' && !amongUs) return 'credentials do not travel over http';
  if (isIn(LINK_LOCAL, url)) return 'a link-local address';
  const allowed = allowedHosts.map((host) => host.toLowerCase());
  const known = url.hostname === server.hostname || allowed.includes(url.host);
  return known ? undefined : `not a host that belongs to ${server.host}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** True for `localhost` and for the loopback addresses. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || isIn(LOOPBACK, url);
}

function isIn(list: BlockList, url: URL): boolean {
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function refused(realm: string, why: string): BerthError {
  return new BerthError('auth', 'ERR_HTTP_REALM', `token server ${shownUrl(realm.slice(0, 300))}: refused: ${why}`, {
    hint: 'If you trust this token server with the credentials of the mirror, allow its host for this mirror.',
  });
}
