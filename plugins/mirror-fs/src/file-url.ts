import { fileURLToPath } from 'node:url';
import { BerthError, redactUrl } from '@berth/base';

/**
 * The folder that a `file://` URL names, percent-escapes decoded exactly (hostile-inputs F06). Throws `config`, ERR_FILE_URL, for
 * another host, a query, a fragment, a broken escape, or an escaped `/`.
 */
export function folderOfUrl(url: string): string {
  const match = /^file:\/\/([^/?#]*)(\/[^?#]*)$/i.exec(url);
  const [, host = '', path = ''] = match ?? [];
  if (match === null) throw badUrl(url, 'not of the form file:///path', 'Write "?" as %3F and "#" as %23.');
  if (host !== '' && host.toLowerCase() !== 'localhost')
    throw badUrl(url, `it names the host ${host}`, 'Use file:///path.');
  return process.platform === 'win32' ? fileURLToPath(`file://${path}`) : decodePath(url, path);
}

function decodePath(url: string, path: string): string {
  if (/%2f|%00/i.test(path)) throw badUrl(url, 'an escaped "/" or NUL is not part of any path');
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw badUrl(url, 'a percent-escape in it is broken', 'Write a plain "%" as %25.', cause);
  }
}

function badUrl(url: string, why: string, hint?: string, cause?: unknown): BerthError {
  return new BerthError('config', 'ERR_FILE_URL', `mirror ${redactUrl(url)}: ${why}`, { hint, cause });
}
