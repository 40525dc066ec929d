import { BerthError, escapeControls, isSha256, type Sha256 } from '@berth/base';
import { canonicalHost, type RegistryScheme } from '../credentials/registry-key.ts';
import { formatOciDigest } from '../reference.ts';
import { checkTag } from '../tags.ts';

/** Where one repository's requests go. */
export interface Endpoint {
  /** `https://host[:port]/v2/`; what a registry answers is resolved against it (buildcache-formats §8.1). */
  readonly base: URL;
  readonly name: string;
  /** For messages: `ghcr.io/org/cache`. */
  readonly label: string;
  /** Canonical `host[:port]`. */
  readonly host: string;
}

/** OCI distribution-spec 1.1, "Pulling manifests". */
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const LONGEST_NAME = 255;

/** Docker Hub answers under another name than the one in references. */
const SERVERS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

export interface RepositoryAddress {
  readonly domain: string;
  readonly name: string;
  readonly scheme: RegistryScheme;
}

/** Rejects with `config` ERR_OCI_REGISTRY or ERR_OCI_NAME, before any request, what registries have no name for (hostile-inputs R25). */
export function endpointOf({ domain, name, scheme }: RepositoryAddress): Endpoint {
  const host = canonicalHost(domain, scheme);
  const base = new URL(`${scheme}://${SERVERS[host] ?? host}/v2/`);
  return { base, name: checkName(name), label: `${host}/${name}`, host };
}

/** A repository of the same registry. */
export function checkName(name: string): string {
  if (name.length <= LONGEST_NAME && NAME.test(name)) return name;
  const shown = escapeControls(name.slice(0, LONGEST_NAME));
  throw new BerthError(
    'config',
    'ERR_OCI_NAME',
    `repository ${JSON.stringify(shown)}: not a name that registries accept`,
    {
      hint: 'Use lower-case letters and digits, separated by ".", "_", "-" or "/".',
    },
  );
}

export function manifestUrl(endpoint: Endpoint, reference: string): URL {
  return pathUrl(
    endpoint,
    `manifests/${reference.startsWith('sha256:') ? checkDigest(reference) : checkTag(reference)}`,
  );
}

export function blobUrl(endpoint: Endpoint, digest: Sha256): URL {
  return pathUrl(endpoint, `blobs/${formatOciDigest(digest)}`);
}

export function uploadsUrl(endpoint: Endpoint): URL {
  return pathUrl(endpoint, 'blobs/uploads/');
}

export function tagsUrl(endpoint: Endpoint, pageSize: number): URL {
  return pathUrl(endpoint, `tags/list?n=${pageSize}`);
}

function pathUrl({ base, name }: Endpoint, path: string): URL {
  return new URL(`${name}/${path}`, base);
}

function checkDigest(reference: string): string {
  if (isSha256(reference.slice('sha256:'.length))) return reference;
  throw new BerthError(
    'format',
    'ERR_DIGEST_FORMAT',
    `digest ${JSON.stringify(reference.slice(0, 100))}: not a SHA-256`,
  );
}
