import { BerthError, escapeControls, parseSha256, redactUrl, type Sha256 } from '@berth/base';

/** An image reference taken apart (buildcache-formats §8.1). */
export interface ImageReference {
  /** `host[:port]`, as written: credentials are looked up under it. */
  readonly domain: string;
  /** Lower case. */
  readonly name: string;
  readonly tag: string;
  readonly digest: Sha256 | undefined;
}

/** A repository that a mirror's address names. */
export interface OciAddress extends ImageReference {
  readonly scheme: 'https' | 'http';
}

const DEFAULT_DOMAIN = 'index.docker.io';
const DEFAULT_TAG = 'latest';
const MAX_LENGTH = 4096;

const ALNUM = '[a-zA-Z0-9]';
const COMPONENT = `${ALNUM}+(?:(?:[._]|__|-+)${ALNUM}+)*`;
const LABEL = `(?:${ALNUM}[a-zA-Z0-9-]*${ALNUM}|${ALNUM})`;
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const TAG = '[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`, 'u');

/**
 * Reads `[host[:port]/]path[:tag][@digest]`. Without a host it is Docker Hub. Throws `config`, ERR_OCI_REFERENCE, for
 * anything outside the grammar (hostile-inputs R25, R30).
 */
export function parseImageReference(text: string): ImageReference {
  const match = text.length > MAX_LENGTH ? null : REFERENCE.exec(text);
  const [, domain, path = '', tag = DEFAULT_TAG, digest] = match ?? [];
  if (match === null) throw badReference(text, 'it is not of the form [host[:port]/]name[:tag][@digest]');
  const place = placeOf(domain, path);
  return { ...place, tag, digest: digest === undefined ? undefined : digestOf(digest, text) };
}

function placeOf(domain: string | undefined, path: string): Pick<ImageReference, 'domain' | 'name'> {
  if (domain === undefined) return { domain: DEFAULT_DOMAIN, name: `library/${path.toLowerCase()}` };
  const isPartOfName =
    !/[.:]/.test(domain) && domain !== 'localhost' && domain === domain.toLowerCase() && !domain.startsWith('[');
  if (isPartOfName) return { domain: DEFAULT_DOMAIN, name: `${domain}/${path.toLowerCase()}` };
  return { domain, name: path.toLowerCase() };
}

function digestOf(digest: string, text: string): Sha256 {
  try {
    return parseOciDigest(digest, 'image reference');
  } catch (cause) {
    throw badReference(text, 'its digest is not sha256: and 64 lower-case hexadecimal digits', cause);
  }
}

/** `sha256:` and 64 lower-case hexadecimal digits. Throws `format`, ERR_DIGEST_FORMAT (hostile-inputs J12). */
export function parseOciDigest(text: string, what: string): Sha256 {
  return parseSha256(text.startsWith('sha256:') ? text.slice('sha256:'.length) : '', what);
}

export function formatOciDigest(digest: Sha256): string {
  return `sha256:${digest}`;
}

/** The reference in full: `index.docker.io/library/ubuntu:latest`; with a digest, that in place of the tag. */
export function formatImageReference({ domain, name, tag, digest }: ImageReference): string {
  return digest === undefined ? `${domain}/${name}:${tag}` : `${domain}/${name}@${formatOciDigest(digest)}`;
}

const ADDRESS = /^(oci|oci\+http):\/\/(.*)$/s;

/** True for an address in a registry; the scheme is lower case only. */
export function isOciUrl(url: string): boolean {
  return ADDRESS.test(url);
}

/** Reads `oci://REF` or `oci+http://REF`. Throws `config`, ERR_OCI_REFERENCE. A slash at the end is ignored. */
export function parseOciUrl(url: string): OciAddress {
  const [, scheme, rest = ''] = ADDRESS.exec(url) ?? [];
  if (scheme === undefined) throw badReference(url, 'it does not begin with oci:// or oci+http://');
  const reference = /^[^/]+\/.+\/$/s.test(rest) ? rest.replace(/\/+$/, '') : rest;
  return { scheme: scheme === 'oci' ? 'https' : 'http', ...parseImageReference(reference) };
}

function badReference(text: string, why: string, cause?: unknown): BerthError {
  // Whatever stands before an @ and is no digest may be a password.
  const hidden = redactUrl(text).replace(/^[^/]*@(?!sha\d+:)/, '***@');
  const shown = JSON.stringify(escapeControls(hidden.slice(0, 200)));
  return new BerthError('config', 'ERR_OCI_REFERENCE', `image reference ${shown}: ${why}`, {
    hint: 'Write it like ghcr.io/organisation/name:tag.',
    cause,
  });
}
