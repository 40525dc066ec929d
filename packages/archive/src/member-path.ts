import type { Limits } from '@berth/base';
import { limitError, memberError } from './failures.ts';

export interface MemberPathOptions {
  /** Names the archive in messages. */
  readonly what: string;
  readonly limits: Limits;
  /** Whose rules for names hold where the archive is unpacked. */
  readonly platform: NodeJS.Platform;
}

/**
 * The name of a member as components joined by single slashes, relative to the root of the archive; empty for the root
 * itself. Throws `archive` for absolute names and `..`, `limit` for names that no file system takes (hostile-inputs A01–A03, A33).
 */
export function memberPath(name: string, options: MemberPathOptions): string {
  const { what, limits } = options;
  if (Buffer.byteLength(name) > limits.tarPathBytes) throw limitError(what, 'tarPathBytes', limits.tarPathBytes);
  if (name === '' || name.startsWith('/')) throw memberError(what, name, 'its name is empty or absolute');
  if (options.platform === 'win32' && /[\\:]/.test(name)) {
    throw memberError(what, name, 'its name means another place on Windows');
  }
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) throw memberError(what, name, 'its name leads upwards');
  if (components.length > limits.tarDepth) throw limitError(what, 'tarDepth', limits.tarDepth);
  const longest = limits.tarComponentBytes;
  if (components.some((component) => Buffer.byteLength(component) > longest)) {
    throw limitError(what, 'tarComponentBytes', longest);
  }
  return components.join('/');
}

/** The path of the directory that holds `path`; empty at the top. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** True when `path` is `directory` or lies below it; textual likeness is not enough (hostile-inputs A04). */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
