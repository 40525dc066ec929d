import { finderOf } from './prefix-finder.ts';
import { type PrefixMap } from './prefix-map.ts';

/** Notices old prefixes that are written with two bytes a character; they cannot be relocated (hostile-inputs E07). */
export class WideStringScanner {
  readonly #anchors: readonly Buffer[];
  #reported = false;

  constructor(map: PrefixMap) {
    // Without the last byte the little-endian pattern occurs in big-endian text, too.
    this.#anchors = finderOf(map).groups.map(({ anchor }) =>
      Buffer.from(anchor.toString('utf8'), 'utf16le').subarray(0, -1),
    );
  }

  /** True once for a file: at the first window that holds one. */
  found(window: Buffer): boolean {
    if (this.#reported || !this.#anchors.some((anchor) => window.includes(anchor))) return false;
    this.#reported = true;
    return true;
  }
}
