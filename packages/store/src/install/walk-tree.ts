import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { escapeControls, ioError } from '@berth/base';

/** A path as system calls take it: bytes where it is not UTF-8. */
export type Location = string | Buffer;

export interface TreeEntry {
  /**
   * Absolute if the root was. Bytes of a name that are no UTF-8 stand as U+DC80 to U+DCFF, as Python writes them; use
   * `location` to reach the file.
   */
  readonly path: string;
  readonly location: Location;
  /** Of the entry itself: links are not followed. */
  readonly stats: Stats;
}

type Place = Omit<TreeEntry, 'stats'>;

/**
 * `root` and everything below it, parents before their entries, in the order of names. Links are listed, never followed. Each
 * folder is read when it is passed: for trees of many small files a promise each would cost more than the system calls.
 */
export function* walkTree(root: string): Generator<TreeEntry> {
  const open: Place[] = [{ path: root, location: root }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { path, location } = place;
    const stats = attempt(path, () => lstatSync(location));
    yield { path, location, stats };
    if (!stats.isDirectory()) continue;
    const names = attempt(path, () => readdirSync(location, { encoding: 'buffer' }));
    for (const name of names.sort((a, b) => Buffer.compare(b, a))) open.push(placeBelow(place, name));
  }
}

function placeBelow(parent: Place, name: Buffer): Place {
  const path = `${parent.path}/${decodeName(name)}`;
  if (typeof parent.location === 'string' && isUtf8(name)) return { path, location: path };
  return { path, location: Buffer.concat([Buffer.from(parent.location), Buffer.from('/'), name]) };
}

/** UTF-8 text, else every byte outside ASCII as Python's `surrogateescape`. */
function decodeName(name: Buffer): string {
  if (isUtf8(name)) return name.toString('utf8');
  return Array.from(name, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw ioError(`read ${escapeControls(path)}`, error);
  }
}
