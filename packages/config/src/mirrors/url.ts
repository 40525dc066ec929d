import { domainToASCII } from 'node:url';
import { BerthError, escapeControls, redactUrl } from '@berth/base';

/** Schemes that are addresses wherever they stand; every other text is a path (configuration §8.3). */
export const MIRROR_SCHEMES: readonly string[] = [
  'file',
  'http',
  'https',
  'sftp',
  'ftp',
  's3',
  'gs',
  'oci',
  'oci+http',
];

/** Where a mirror is. */
export interface MirrorUrl {
  /** As it is used: an absolute address, its host in ASCII. */
  readonly url: string;
  /** Lower case, without the colon. */
  readonly scheme: string;
  /** True when there is a password or a token in it. */
  readonly hasSecret: boolean;
}

export interface MirrorUrlContext {
  /** A path made absolute, with its variables replaced (configuration §8.2). */
  readonly resolvePath: (path: string) => string;
  /** Schemes that plugins bring. */
  readonly extraSchemes?: ReadonlySet<string> | undefined;
}

const URL_SHAPE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s;
const SCHEME_ONLY = /^([A-Za-z][A-Za-z0-9+.-]+):(?!\/\/)/;
const SECRET_QUERY = /[?&][^=&#]*(?:token|secret|signature|password|credential|key|sig|auth)[^=&#]*=/i;

/** `address`, `path`, or an unknown scheme, by its looks alone. */
export function classifyMirrorUrl(
  text: string,
  extraSchemes: ReadonlySet<string> = new Set(),
): 'address' | 'path' | 'unknown-scheme' {
  const scheme = (URL_SHAPE.exec(text)?.[1] ?? SCHEME_ONLY.exec(text)?.[1])?.toLowerCase();
  if (scheme === undefined) return 'path';
  if (MIRROR_SCHEMES.includes(scheme) || extraSchemes.has(scheme)) return 'address';
  return URL_SHAPE.test(text) ? 'unknown-scheme' : 'path';
}

/**
 * Reads the address of a mirror as it is configured. A path becomes a `file://` address; an address stays letter for
 * letter but for its host. ERR_MIRROR_URL says what is wrong with any other text (hostile-inputs Y15).
 */
export function parseMirrorUrl(text: string, context: MirrorUrlContext): MirrorUrl {
  if (text.trim() === '') throw urlError(text, 'it is empty');
  const kind = classifyMirrorUrl(text, context.extraSchemes);
  if (kind === 'path') return pathAddress(text, context);
  const [, scheme = '', authority = '', path = '', rest = ''] = URL_SHAPE.exec(text) ?? [];
  if (kind === 'unknown-scheme') throw unknownScheme(text, scheme, context);
  if (scheme === '') throw urlError(text, 'two slashes are missing after the scheme');
  checkCharacters(text);
  checkPath(text, path);
  if (scheme.toLowerCase() === 'file') return fileAddress(text, authority);
  if (!MIRROR_SCHEMES.includes(scheme.toLowerCase())) return foreignAddress(text, { scheme, authority, path, rest });
  return remoteAddress(text, { scheme, authority, path, rest });
}

interface UrlParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly rest: string;
}

/** What an address of a plugin's scheme means is the plugin's to say. */
function foreignAddress(text: string, { scheme, authority, rest }: UrlParts): MirrorUrl {
  return { url: text, scheme: scheme.toLowerCase(), hasSecret: authority.includes('@') || SECRET_QUERY.test(rest) };
}

function remoteAddress(text: string, { scheme, authority, path, rest }: UrlParts): MirrorUrl {
  const { userInfo, host, port } = splitAuthority(text, authority);
  checkScheme(text, { scheme: scheme.toLowerCase(), path });
  return {
    url: `${scheme}://${userInfo}${asciiHost(text, host)}${port}${path}${rest}`,
    scheme: scheme.toLowerCase(),
    hasSecret: userInfo !== '' || SECRET_QUERY.test(rest),
  };
}

function unknownScheme(text: string, scheme: string, context: MirrorUrlContext): BerthError {
  const known = [...MIRROR_SCHEMES, ...(context.extraSchemes ?? [])].join(', ');
  return urlError(text, `the scheme "${scheme.toLowerCase()}" is not known (known: ${known})`);
}

/** The `file://` address of an absolute path, every unusual character percent-encoded. */
export function fileUrlOf(path: string): string {
  const encode = (part: string): string =>
    encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `file://${path.split('/').map(encode).join('/')}`;
}

function pathAddress(text: string, context: MirrorUrlContext): MirrorUrl {
  if (/^[A-Za-z]:[\\/]/.test(text)) throw urlError(text, 'it is a path of Windows');
  const resolved = context.resolvePath(text);
  // A variable may hold an address.
  if (!resolved.startsWith('/')) {
    if (classifyMirrorUrl(resolved, context.extraSchemes) !== 'path') return parseMirrorUrl(resolved, context);
    throw urlError(text, `it leads to ${resolved}, which is not an absolute path`);
  }
  return { url: fileUrlOf(resolved), scheme: 'file', hasSecret: false };
}

function fileAddress(text: string, authority: string): MirrorUrl {
  if (authority !== '' && authority.toLowerCase() !== 'localhost') {
    const hint =
      authority.startsWith('$') || authority.startsWith('~')
        ? `Write ${text.slice('file://'.length)} without file://.`
        : undefined;
    throw urlError(text, `a file address names no host, and "${authority}" stands where one would`, hint);
  }
  return { url: text, scheme: 'file', hasSecret: false };
}

function checkCharacters(text: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\u0000-\u001f\u007f\\]/.test(text))
    throw urlError(text, 'it contains a blank, a backslash or a control character');
}

function checkPath(text: string, path: string): void {
  const segments = path.split('/').map((segment) => segment.replace(/%2e/gi, '.'));
  if (segments.includes('..')) throw urlError(text, 'it contains ".."');
}

interface Authority {
  readonly userInfo: string;
  readonly host: string;
  readonly port: string;
}

const MAX_PORT = 65535;

function splitAuthority(text: string, authority: string): Authority {
  const at = authority.lastIndexOf('@');
  const userInfo = authority.slice(0, at + 1);
  const [, host = '', port] = /^(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::(.*))?$/.exec(authority.slice(at + 1)) ?? [];
  if (host === '') throw urlError(text, 'it names no host');
  if (port === undefined) return { userInfo, host, port: '' };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > MAX_PORT) throw urlError(text, `the port "${port}" is not between 1 and ${MAX_PORT}`);
  return { userInfo, host, port: `:${port}` };
}

function asciiHost(text: string, host: string): string {
  if (/^[\x21-\x7e]+$/.test(host)) return host;
  const ascii = domainToASCII(host);
  if (ascii === '') throw urlError(text, `"${host}" is not a host name`);
  return ascii;
}

const OCI_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const OCI_TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

function checkScheme(text: string, parts: { readonly scheme: string; readonly path: string }): void {
  if (parts.scheme !== 'oci' && parts.scheme !== 'oci+http') return;
  const [, repository = '', tag] = /^\/?([^:@]*)(?::(.*))?$/s.exec(parts.path.replace(/\/$/, '')) ?? [];
  if (repository === '') throw urlError(text, 'it names no repository after the host');
  const wrong = repository.split('/').find((component) => !OCI_COMPONENT.test(component));
  if (wrong !== undefined) {
    throw urlError(
      text,
      `"${wrong}" is not a part of a repository name: lower-case letters, digits, and single . _ - between them`,
    );
  }
  if (tag !== undefined && !OCI_TAG.test(tag)) throw urlError(text, `"${tag}" is not a tag`);
}

function urlError(text: string, why: string, hint?: string): BerthError {
  const shown = escapeControls(redactUrl(text));
  return new BerthError(
    'config',
    'ERR_MIRROR_URL',
    `mirror address ${JSON.stringify(shown)}: ${escapeControls(redactUrl(why))}`,
    {
      hint,
      details: { url: shown },
    },
  );
}
