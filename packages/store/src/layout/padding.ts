import { BerthError } from '@berth/base';

/** What fills a padded path, so that a package built there can later move to any shorter place. */
const PLACEHOLDER = '__spack_path_placeholder__';

/** How much shorter than the longest path `padded_length: true` makes the root. */
const RESERVED_LENGTH = 300;

/**
 * `root` lengthened to `paddedLength` characters (store-and-specs-on-disk C.1). With exactly one character to fill there is
 * only room for a slash; a root that is long enough is returned unchanged.
 */
export function paddedRoot(root: string, paddedLength: number): string {
  if (root.length >= paddedLength) return root;
  const length = paddedLength - root.length - 1;
  const repeated = `${PLACEHOLDER}/`.repeat(Math.ceil(length / (PLACEHOLDER.length + 1))).slice(0, length);
  return `${root}/${repeated.endsWith('/') ? `${repeated.slice(0, -1)}_` : repeated}`;
}

/** The length that `padded_length` of the configuration asks for; `pathMax` is the longest path of the system. */
export function paddedLengthOf(setting: boolean | number, pathMax: number): number {
  if (typeof setting === 'number') return setting;
  return setting ? pathMax - RESERVED_LENGTH : 0;
}

const OLD_TOKEN = /\/?\$(?:\{padding(?::(\d+))?\}|padding(?::(\d+))?)/;

/** Takes the old way to ask for padding, `$padding[:n]`, out of a root; `padding` is what it asked for. */
export function splitPaddingToken(root: string): { readonly root: string; readonly padding: boolean | number } {
  const match = OLD_TOKEN.exec(root);
  if (match === null) return { root, padding: false };
  const rest = root.slice(0, match.index) + root.slice(match.index + match[0].length);
  if (rest === '') {
    throw new BerthError(
      'config',
      'ERR_INSTALL_ROOT',
      `read config:install_tree:root: ${root}: nothing but padding in it`,
    );
  }
  const length = match[1] ?? match[2];
  return { root: rest, padding: length === undefined ? true : Number(length) };
}
