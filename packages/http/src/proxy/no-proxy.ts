import { BlockList, isIP } from 'node:net';

interface HostEntry {
  readonly name: string;
  readonly port: string | undefined;
}

/**
 * Which hosts are reached without a proxy. Entries are split at commas and white space:
 * `*` all; `host` the host and what is below it; `.host` and `*.host` the same; an address; `address/bits` a network; each
 * but the network may end in `:port`, an IPv6 address then stands in brackets. Case and a final dot do not count.
 */
export function parseNoProxy(text: string): (url: URL) => boolean {
  const networks = new BlockList();
  const hosts: HostEntry[] = [];
  for (const entry of text.toLowerCase().split(/[\s,]+/)) {
    if (entry !== '' && !addNetwork(networks, entry)) hosts.push(parseEntry(entry));
  }
  return (url) => {
    const name = hostName(url);
    const family = isIP(name);
    if (family !== 0 && networks.check(name, family === 6 ? 'ipv6' : 'ipv4')) return true;
    return hosts.some((entry) => matches(entry, name, url));
  };
}

function hostName(url: URL): string {
  return url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

function addNetwork(networks: BlockList, entry: string): boolean {
  const [address = '', bits = '', ...rest] = entry.split('/');
  const bare = address.replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  if (family === 0 || rest.length > 0) return false;
  const longest = family === 6 ? 128 : 32;
  const prefix = bits === '' ? longest : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) return false;
  networks.addSubnet(bare, prefix, family === 6 ? 'ipv6' : 'ipv4');
  return true;
}

function parseEntry(entry: string): HostEntry {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: normalAddress(bracketed[1] ?? ''), port: bracketed[2] };
  const [, host = entry, port] = /^([^:]*):(\d+)$/.exec(entry) ?? [];
  return { name: host.replace(/^\*?\./, '').replace(/\.$/, ''), port };
}

function normalAddress(address: string): string {
  return URL.canParse(`http://[${address}]/`) ? hostName(new URL(`http://[${address}]/`)) : address;
}

function matches(entry: HostEntry, name: string, url: URL): boolean {
  if (entry.port !== undefined && entry.port !== portOf(url)) return false;
  return entry.name === '*' || name === entry.name || (isIP(name) === 0 && name.endsWith(`.${entry.name}`));
}

function portOf(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
}
