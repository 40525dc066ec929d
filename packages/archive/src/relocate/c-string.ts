import { BerthError } from '@berth/base';
import { finderOf, PrefixCursor, type PrefixFinder } from './prefix-finder.ts';
import { type PrefixMap, type PrefixPair } from './prefix-map.ts';

/** Bytes to write over those at `offset` of a file. */
export interface BytePatch {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Bytes `start` to `end` (exclusive) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How many bytes before the terminator another string may share (buildcache-formats §12.7). */
const SHARED_TAIL = 7;

export interface CStringOptions {
  /** Names the package in messages. */
  readonly what: string;
  /** Names the file in messages. */
  readonly file: string;
  /** Parts of the file that have been taken care of in another way. */
  readonly masks?: readonly ByteRange[];
}

/**
 * Finds the old prefixes in a compiled file and decides, without moving any byte behind them, what replaces each
 * (buildcache-formats §12.7). Rejects with `relocate` ERR_RELOCATE_GROW or ERR_RELOCATE_SHRINK, naming file, offset and
 * both prefixes, when a string cannot hold its new prefix (hostile-inputs E03).
 */
export class CStringScanner {
  readonly #map: PrefixMap;
  readonly #finder: PrefixFinder;
  readonly #options: CStringOptions;
  readonly #padded: (Buffer | undefined)[] = [];

  constructor(map: PrefixMap, options: CStringOptions) {
    this.#map = map;
    this.#finder = finderOf(map);
    this.#options = options;
  }

  /** Reports patches at offsets of the file, `base` being that of the window; returns how many bytes are decided. */
  scan(
    window: Buffer,
    place: { readonly base: number; readonly final: boolean },
    onPatch: (patch: BytePatch) => void,
  ): number {
    const { base, final } = place;
    const limit = final ? window.length : window.length - this.#finder.longest - SHARED_TAIL;
    const cursor = new PrefixCursor(this.#finder, window);
    let at = 0;
    for (let hit = cursor.next(at); hit !== undefined && hit.offset < limit; hit = cursor.next(at)) {
      const pair = this.#map.pairs[hit.index];
      if (pair === undefined) break;
      const masked = this.#maskedUntil(base + hit.offset, pair.from.length);
      if (masked !== undefined) {
        at = Math.min(masked - base, window.length);
        continue;
      }
      const suffix = terminatedSuffix(window, hit.offset + pair.from.length);
      onPatch({
        offset: base + hit.offset,
        bytes: this.#replacement(pair, { index: hit.index, suffix, offset: base + hit.offset }),
      });
      at = hit.offset + pair.from.length + (suffix?.length ?? 0);
    }
    return Math.max(at, limit, 0);
  }

  #maskedUntil(offset: number, length: number): number | undefined {
    return this.#options.masks?.find(({ start, end }) => offset < end && offset + length > start)?.end;
  }

  #replacement(pair: PrefixPair, match: { index: number; suffix: Buffer | undefined; offset: number }): Buffer {
    const spare = pair.from.length - pair.to.length;
    if (spare < 0) throw this.#growError(pair, match.offset);
    if (match.suffix === undefined || tailsAgree(pair, match.suffix.length - 1)) return this.#pad(pair, match.index);
    if (spare > SHARED_TAIL) return Buffer.concat([pair.to, match.suffix]);
    throw this.#shrinkError(pair, match.offset, match.suffix);
  }

  /** One buffer a pair: a file may hold a prefix a million times. */
  #pad(pair: PrefixPair, index: number): Buffer {
    const known = this.#padded[index];
    if (known !== undefined) return known;
    const padded = Buffer.concat([Buffer.alloc(pair.from.length - pair.to.length, '/'), pair.to]);
    this.#padded[index] = padded;
    return padded;
  }

  #growError(pair: PrefixPair, offset: number): BerthError {
    const longest = pair.from.length;
    return this.#error('ERR_RELOCATE_GROW', {
      pair,
      offset,
      why: `the new one is ${pair.to.length - longest} bytes too long`,
      longest,
    });
  }

  #shrinkError(pair: PrefixPair, offset: number, suffix: Buffer): BerthError {
    const text = pair.from.toString() + suffix.subarray(0, -1).toString();
    const why = `the string ${JSON.stringify(text)} may share its end with another one, which a shorter prefix would damage`;
    return this.#error('ERR_RELOCATE_SHRINK', { pair, offset, why, longest: pair.from.length });
  }

  #error(
    code: 'ERR_RELOCATE_GROW' | 'ERR_RELOCATE_SHRINK',
    at: { readonly pair: PrefixPair; readonly offset: number; readonly why: string; readonly longest: number },
  ): BerthError {
    const { what, file } = this.#options;
    const [from, to] = [at.pair.from.toString(), at.pair.to.toString()];
    const message = `relocate ${what}: ${file}: cannot replace ${from} by ${to} at byte ${at.offset}: ${at.why}`;
    return new BerthError('relocate', code, message, {
      details: { file, offset: at.offset, from, to, longestPrefixBytes: at.longest },
      hint: `Install where this prefix has exactly or, ending in the same 7 characters, at most ${at.longest} bytes, or build the package in a padded install tree (config:install_tree:padded_length).`,
    });
  }
}

/** What follows a prefix up to and with its NUL, when that is within 8 bytes. */
function terminatedSuffix(window: Buffer, from: number): Buffer | undefined {
  const near = window.subarray(from, from + SHARED_TAIL + 1);
  const nul = near.indexOf(0);
  return nul === -1 ? undefined : Buffer.from(near.subarray(0, nul + 1));
}

/** True when the last bytes that another string might share stay the same. */
function tailsAgree({ from, to }: PrefixPair, suffixBytes: number): boolean {
  if (suffixBytes >= SHARED_TAIL) return true;
  const shared = SHARED_TAIL - suffixBytes;
  return from.subarray(-shared).equals(to.subarray(-shared));
}

/** A copy of a compiled file's bytes with its strings relocated, or `undefined` when none has to be. */
export function relocateBinary(bytes: Buffer, map: PrefixMap, options: CStringOptions): Buffer | undefined {
  const patches: BytePatch[] = [];
  new CStringScanner(map, options).scan(bytes, { base: 0, final: true }, (patch) => patches.push(patch));
  if (patches.length === 0) return undefined;
  const copy = Buffer.from(bytes);
  for (const patch of patches) patch.bytes.copy(copy, patch.offset);
  return copy;
}
