import { type PrefixMap } from './prefix-map.ts';

/** Where a key was found, and which. */
export interface PrefixHit {
  readonly offset: number;
  /** Position of the key in the list that the finder was made of. */
  readonly index: number;
}

interface Group {
  /** What all keys of the group start with: searched for first. */
  readonly anchor: Buffer;
  readonly keys: readonly { readonly bytes: Buffer; readonly index: number }[];
}

/** Searches many keys at once. Keys that share their first two path components cost one search together. */
export interface PrefixFinder {
  readonly groups: readonly Group[];
  /** Length of the longest key; 0 without keys. */
  readonly longest: number;
}

export function createPrefixFinder(keys: readonly Buffer[]): PrefixFinder {
  const families = new Map<string, { bytes: Buffer; index: number }[]>();
  keys.forEach((bytes, index) => {
    const family = bytes.toString('latin1').split('/', 3).join('/');
    const members = families.get(family);
    if (members === undefined) families.set(family, [{ bytes, index }]);
    else members.push({ bytes, index });
  });
  const groups = [...families.values()].map((members) => ({
    anchor: commonStart(members.map(({ bytes }) => bytes)),
    keys: members,
  }));
  return { groups, longest: Math.max(0, ...keys.map((key) => key.length)) };
}

export function finderOf(map: PrefixMap): PrefixFinder {
  return createPrefixFinder(map.pairs.map(({ from }) => from));
}

function commonStart(keys: readonly Buffer[]): Buffer {
  const first = keys[0] ?? Buffer.alloc(0);
  let length = first.length;
  for (const key of keys) {
    let same = 0;
    while (same < length && same < key.length && key[same] === first[same]) same += 1;
    length = same;
  }
  return first.subarray(0, length);
}

/** Walks over the hits in `bytes` from left to right; at one position the key that comes first in the list wins. */
export class PrefixCursor {
  readonly #bytes: Buffer;
  readonly #groups: readonly Group[];
  /** Next hit of each group; `undefined` = not looked for yet, offset -1 = none left. */
  readonly #next: (PrefixHit | undefined)[];

  constructor(finder: PrefixFinder, bytes: Buffer) {
    this.#bytes = bytes;
    this.#groups = finder.groups;
    this.#next = finder.groups.map(() => undefined);
  }

  /** The leftmost hit at or after `from`; `from` never goes down from call to call. */
  next(from: number): PrefixHit | undefined {
    let best: PrefixHit | undefined;
    for (let at = 0; at < this.#groups.length; at += 1) {
      const hit = this.#nextOf(at, from);
      if (hit.offset === -1) continue;
      if (best === undefined || hit.offset < best.offset || (hit.offset === best.offset && hit.index < best.index))
        best = hit;
    }
    return best;
  }

  #nextOf(at: number, from: number): PrefixHit {
    const known = this.#next[at];
    if (known !== undefined && (known.offset === -1 || known.offset >= from)) return known;
    const group = this.#groups[at];
    const found = (group === undefined ? undefined : search(group, this.#bytes, from)) ?? { offset: -1, index: -1 };
    this.#next[at] = found;
    return found;
  }
}

function search(group: Group, bytes: Buffer, from: number): PrefixHit | undefined {
  for (
    let offset = bytes.indexOf(group.anchor, from);
    offset !== -1;
    offset = bytes.indexOf(group.anchor, offset + 1)
  ) {
    for (const key of group.keys) {
      const end = offset + key.bytes.length;
      if (end <= bytes.length && bytes.compare(key.bytes, 0, key.bytes.length, offset, end) === 0) {
        return { offset, index: key.index };
      }
    }
  }
  return undefined;
}
