import { createPrefixFinder, finderOf, PrefixCursor, type PrefixFinder } from './prefix-finder.ts';
import { type PrefixMap } from './prefix-map.ts';

const SLASH = 0x2f;
const DASH = 0x2d;

/** 1 for the bytes of names (`A-Z a-z 0-9 _ -`), 2 for the slash; 0 ends a path (buildcache-formats §12.6). */
const CLASS: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === SLASH) return 2;
  return byte === DASH || /\w/.test(String.fromCharCode(byte)) ? 1 : 0;
});

/**
 * Finds the prefixes that the text rule replaces: a prefix counts unless the name characters directly before it follow a
 * slash; the path characters behind it belong to the match and are not looked at again (buildcache-formats §12.6).
 * Works window by window, so that one line may be as long as it likes.
 */
export class TextScanner {
  readonly #finder: PrefixFinder;
  /** The name characters that touch the start of the window follow a slash. */
  #afterSlash = false;
  /** The window starts among the path characters behind a match. */
  #inTail = false;

  constructor(finder: PrefixFinder) {
    this.#finder = finder;
  }

  /**
   * Reports each match as (offset in the window, index of the key) and returns how many bytes are decided; the rest must
   * start the next window. `onMatch` returns false to stop.
   */
  scan(window: Buffer, final: boolean, onMatch: (offset: number, index: number) => boolean): number {
    const limit = final ? window.length : window.length - this.#finder.longest + 1;
    let at = this.#inTail ? skipPath(window, 0) : 0;
    if (at === window.length) return at;
    this.#inTail = false;
    const cursor = new PrefixCursor(this.#finder, window);
    for (let hit = cursor.next(at); hit !== undefined && hit.offset < limit; hit = cursor.next(at)) {
      if (this.#blocked(window, hit.offset)) {
        at = hit.offset + 1;
        continue;
      }
      if (!onMatch(hit.offset, hit.index)) return window.length;
      at = skipPath(window, hit.offset + this.#keyLength(hit.index));
      if (at === window.length) {
        this.#inTail = true;
        return at;
      }
    }
    const decided = Math.max(at, limit, 0);
    this.#afterSlash = this.#blocked(window, decided);
    return decided;
  }

  #blocked(window: Buffer, offset: number): boolean {
    let at = offset;
    while (at > 0 && CLASS[window[at - 1] ?? 0] === 1) at -= 1;
    return at === 0 ? this.#afterSlash : window[at - 1] === SLASH;
  }

  #keyLength(index: number): number {
    for (const group of this.#finder.groups) {
      for (const key of group.keys) if (key.index === index) return key.bytes.length;
    }
    return 0;
  }
}

function skipPath(window: Buffer, from: number): number {
  let at = from;
  while (at < window.length && CLASS[window[at] ?? 0] !== 0) at += 1;
  return at;
}

/** Rewrites text piece by piece, whatever its length. */
export class TextRewriter {
  readonly #map: PrefixMap;
  readonly #scanner: TextScanner;

  constructor(map: PrefixMap) {
    this.#map = map;
    this.#scanner = new TextScanner(finderOf(map));
  }

  /** The new bytes for the start of `window`, and how many bytes of it they stand for. */
  rewrite(
    window: Buffer,
    final: boolean,
  ): { readonly output: Buffer; readonly decided: number; readonly changed: boolean } {
    const parts: Buffer[] = [];
    let copied = 0;
    const decided = this.#scanner.scan(window, final, (offset, index) => {
      const pair = this.#map.pairs[index];
      if (pair === undefined) return true;
      parts.push(window.subarray(copied, offset), pair.to);
      copied = offset + pair.from.length;
      return true;
    });
    if (parts.length === 0) return { output: window.subarray(0, decided), decided, changed: false };
    parts.push(window.subarray(copied, decided));
    return { output: Buffer.concat(parts), decided, changed: true };
  }
}

/** The text with every old prefix replaced, or `undefined` when there is none in it (buildcache-formats §12.6). */
export function relocateText(bytes: Buffer, map: PrefixMap): Buffer | undefined {
  const { output, changed } = new TextRewriter(map).rewrite(bytes, true);
  return changed ? output : undefined;
}

/** True when the text rule finds one of `prefixes` in `bytes` (buildcache-formats §4.2). */
export function needsRelocation(bytes: Buffer, prefixes: readonly string[]): boolean {
  let found = false;
  new TextScanner(createPrefixFinder(prefixes.map((prefix) => Buffer.from(prefix)))).scan(bytes, true, () => {
    found = true;
    return false;
  });
  return found;
}

/** True when the text rule matches at the very start, after name characters at most (buildcache-formats §4.2, symlinks). */
export function startsWithPrefix(bytes: Buffer, prefixes: readonly string[]): boolean {
  let start = 0;
  while (start < bytes.length && CLASS[bytes[start] ?? 0] === 1) start += 1;
  return prefixes.some((prefix) => {
    const key = Buffer.from(prefix);
    return bytes.length - start >= key.length && bytes.compare(key, 0, key.length, start, start + key.length) === 0;
  });
}
