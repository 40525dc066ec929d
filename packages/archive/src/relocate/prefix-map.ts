import { BerthError } from '@berth/base';

/** One rule: what starts with `from` becomes `to`. Bytes, because files hold bytes. */
export interface PrefixPair {
  readonly from: Buffer;
  readonly to: Buffer;
}

/**
 * Old prefixes and their new places, in order: where several match at one position the first wins, and all are replaced
 * in one simultaneous pass (buildcache-formats §12.2; hostile-inputs E05). Identities are left out; empty means that
 * there is nothing to relocate.
 */
export interface PrefixMap {
  readonly pairs: readonly PrefixPair[];
}

export interface PrefixMapOptions {
  /** Names the package in messages: `greet@1.0/7y7a35n`. */
  readonly what?: string;
}

/**
 * Builds the ordered map and rejects with `relocate` ERR_RELOCATE_PREFIX what would rewrite half of every file: an old
 * prefix that is not absolute or has fewer than two components, a new one that is not absolute (hostile-inputs E02).
 * Trailing and doubled slashes are dropped first.
 */
export function createPrefixMap(
  pairs: Iterable<readonly [from: string, to: string]>,
  options: PrefixMapOptions = {},
): PrefixMap {
  const normal: (readonly [string, string])[] = [];
  for (const [from, to] of pairs) {
    const pair = [normalizePath(from), normalizePath(to)] as const;
    if (from === to || pair[0] === pair[1]) continue;
    checkOld(from, pair[0], options);
    checkNew(to, pair[1], options);
    normal.push(pair);
  }
  return prefixMapOf(normal);
}

/** The map as given, without the checks of untrusted input: identities are dropped, the first of equal keys is kept. */
export function prefixMapOf(pairs: Iterable<readonly [from: string, to: string]>): PrefixMap {
  const seen = new Set<string>();
  const kept: PrefixPair[] = [];
  for (const [from, to] of pairs) {
    if (from === to || seen.has(from)) continue;
    seen.add(from);
    kept.push({ from: Buffer.from(from), to: Buffer.from(to) });
  }
  return { pairs: kept };
}

/** The first pair whose old prefix starts `bytes`; no path boundary is asked for (buildcache-formats §12.4, §12.5). */
export function pairAtStart(bytes: Buffer, map: PrefixMap): PrefixPair | undefined {
  return map.pairs.find(
    ({ from }) => bytes.length >= from.length && bytes.compare(from, 0, from.length, 0, from.length) === 0,
  );
}

/** `bytes` with its start replaced, or `undefined` when no old prefix starts it. */
export function replaceStart(bytes: Buffer, map: PrefixMap): Buffer | undefined {
  const pair = pairAtStart(bytes, map);
  return pair === undefined ? undefined : Buffer.concat([pair.to, bytes.subarray(pair.from.length)]);
}

function normalizePath(path: string): string {
  const single = path.replace(/\/{2,}/g, '/');
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
}

const UNSAFE_COMPONENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

function checkOld(given: string, path: string, options: PrefixMapOptions): void {
  if (!path.startsWith('/')) throw prefixError('old', given, 'it is not an absolute path', options);
  if (path.split('/').length < 3) throw prefixError('old', given, 'it has fewer than two components', options);
  if (UNSAFE_COMPONENT.test(path) || path.includes('\0'))
    throw prefixError('old', given, 'it is not a plain path', options);
}

function checkNew(given: string, path: string, options: PrefixMapOptions): void {
  if (!path.startsWith('/') || path === '/') throw prefixError('new', given, 'it is not an absolute path', options);
  // eslint-disable-next-line no-control-regex -- neither can be part of a line or of a C string
  if (UNSAFE_COMPONENT.test(path) || /[\u0000\n]/.test(path)) {
    throw prefixError('new', given, 'it is not a plain path', options);
  }
  if (path.includes(':'))
    throw prefixError('new', given, 'it holds a colon, which ends an entry of a search path', options);
}

function prefixError(side: 'old' | 'new', prefix: string, why: string, options: PrefixMapOptions): BerthError {
  const shown = JSON.stringify(prefix.slice(0, 200));
  return new BerthError(
    'relocate',
    'ERR_RELOCATE_PREFIX',
    `relocate ${options.what ?? 'package'}: ${side} prefix ${shown}: ${why}`,
    {
      details: { side, prefix },
      hint:
        side === 'old'
          ? 'The package records an install tree that cannot be relocated: rebuild it in a tree at least two folders deep.'
          : 'Configure an absolute install tree root (config:install_tree:root).',
    },
  );
}
