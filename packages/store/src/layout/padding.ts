/** What fills a padded path, so that a package built there can later move to any shorter place. */
const PLACEHOLDER = '__spack_path_placeholder__';

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
