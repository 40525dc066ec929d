const STRONG_QUOTED = /^"([\x21\x23-\x7e\x80-\xff]+)"$/;
const BARE = /^[\x21\x23-\x7e\x80-\xff]+$/;

/**
 * The opaque part of a strong entity tag; a bare token, as some servers send, counts too. `undefined` for weak, empty and
 * malformed tags (vectors http-headers.json).
 */
export function parseStrongEtag(header: string | undefined): string | undefined {
  if (header === undefined || header.startsWith('W/')) return undefined;
  return STRONG_QUOTED.exec(header)?.[1] ?? (BARE.test(header) ? header : undefined);
}
