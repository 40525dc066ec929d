import { fileURLToPath } from 'node:url';
import { BerthError, redactUrl } from '@berth/base';

const SCHEME = 'oci-layout://';

export function isLayoutUrl(url: string): boolean {
  return url.startsWith(SCHEME);
}

/**
 * The folder that `oci-layout:///path` names, percent-escapes decoded exactly (hostile-inputs F06). Throws `config`, ERR_OCI_LAYOUT_URL,
 * for a host, a query, a fragment, a broken escape, or an escaped `/`.
 */
export function folderOfLayoutUrl(url: string): string {
  const [, host = '', path] = /^oci-layout:\/\/([^/?#]*)(\/[^?#]*)$/.exec(url) ?? [];
  if (path === undefined) throw badUrl(url, 'not of the form oci-layout:///path');
  if (host !== '' && host.toLowerCase() !== 'localhost') throw badUrl(url, `it names the host ${host}`);
  if (/%2f|%00/i.test(path)) throw badUrl(url, 'an escaped "/" or NUL is not part of any path');
  try {
    return process.platform === 'win32' ? fileURLToPath(`file://${path}`) : decodeURIComponent(path);
  } catch (cause) {
    throw badUrl(url, 'a percent-escape in it is broken', cause);
  }
}

/** As `folderOfLayoutUrl`, for `oci-layout:///path:tag`; the tag is `latest` unless given. */
export function layoutReference(url: string): { readonly folder: string; readonly tag: string } {
  const [, place = url, tag = 'latest'] = /^(.*\/[^/:]+):([^/:]+)$/s.exec(url) ?? [];
  return { folder: folderOfLayoutUrl(place), tag };
}

function badUrl(url: string, why: string, cause?: unknown): BerthError {
  return new BerthError('config', 'ERR_OCI_LAYOUT_URL', `image layout ${redactUrl(url)}: ${why}`, {
    hint: 'Write it like oci-layout:///path/to/folder, with "?" as %3F, "#" as %23 and "%" as %25.',
    cause,
  });
}
