import { BerthError, forEachInTurns, ioError } from '@berth/base';
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { shown } from '../failures.ts';

/** One path of a prefix, as it is on disk. */
export interface PrefixEntry {
  /** Relative to the prefix; empty for the prefix itself. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** Of a symlink, verbatim. */
  readonly linkTarget?: string;
  /** Path of the first entry that is a name of the same file. */
  readonly hardLinkOf?: string;
}

/**
 * What a prefix consists of, in archive order: a directory, then what it holds that is no directory by name, then its
 * directories by name (buildcache-formats §3.1). Links are not followed; devices, FIFOs and sockets are left out. Rejects
 * with `io` when the prefix is no directory, or holds a name that is not valid UTF-8 (hostile-inputs A31).
 */
export async function walkPrefix(prefix: string, options: { readonly signal: AbortSignal }): Promise<PrefixEntry[]> {
  try {
    return await walk(prefix, options.signal);
  } catch (error) {
    throw ioError(`cannot read the prefix ${prefix}`, error);
  }
}

async function walk(prefix: string, signal: AbortSignal): Promise<PrefixEntry[]> {
  const top = lstatSync(prefix);
  if (!top.isDirectory()) {
    throw new BerthError('io', 'ERR_PACK_PREFIX', `cannot read the prefix ${prefix}: not a directory`);
  }
  const entries: PrefixEntry[] = [];
  const firstNames = new Map<string, string>();
  const directories: PrefixEntry[] = [describe('', top, 'directory')];
  await forEachInTurns(popped(directories), { signal }, async (directory) => {
    entries.push(directory);
    const inside: PrefixEntry[] = [];
    for (const name of namesIn(join(prefix, directory.path))) {
      const path = directory.path === '' ? name : `${directory.path}/${name}`;
      const entry = entryAt(prefix, path, firstNames);
      if (entry?.kind === 'directory') inside.push(entry);
      else if (entry !== undefined) entries.push(entry);
    }
    directories.push(...inside.reverse());
  });
  return entries;
}

function* popped<T>(stack: T[]): Generator<T> {
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) yield item;
}

function namesIn(directory: string): string[] {
  const names = readdirSync(directory);
  // What is no UTF-8 reads as U+FFFD, but so does that character itself: the bytes decide.
  if (names.some((name) => name.includes('\ufffd'))) requireUtf8(directory);
  return names.sort(compareCodePoints);
}

function requireUtf8(directory: string): void {
  for (const bytes of readdirSync(directory, { encoding: 'buffer' })) {
    const name = bytes.toString();
    if (Buffer.from(name).equals(bytes)) continue;
    throw new BerthError(
      'io',
      'ERR_PACK_NAME',
      `cannot pack ${shown(join(directory, name))}: its name is not valid UTF-8`,
      {
        hint: 'Rename the file: other systems could not restore its name.',
      },
    );
  }
}

/** Code point order, which differs from that of UTF-16 code units above U+D7FF. */
function compareCodePoints(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return codePointRank(a, at) - codePointRank(b, at);
}

/** Surrogates stand for the highest code points, and so come after everything else. */
function codePointRank(text: string, at: number): number {
  if (at >= text.length) return -1;
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function entryAt(prefix: string, path: string, firstNames: Map<string, string>): PrefixEntry | undefined {
  const place = `${prefix}/${path}`;
  const found = lstatSync(place);
  if (found.isDirectory()) return describe(path, found, 'directory');
  if (found.isSymbolicLink()) return { ...describe(path, found, 'symlink'), linkTarget: readlinkSync(place) };
  if (!found.isFile()) return undefined;
  const entry = describe(path, found, 'file');
  if (found.nlink < 2) return entry;

  // Inode numbers may need all of their 64 bits.
  const { dev, ino } = lstatSync(place, { bigint: true });
  const identity = `${dev}:${ino}`;
  const first = firstNames.get(identity);
  if (first !== undefined) return { ...entry, hardLinkOf: first };
  firstNames.set(identity, path);
  return entry;
}

function describe(path: string, found: Stats, kind: PrefixEntry['kind']): PrefixEntry {
  return { path, kind, mode: found.mode & 0o7777, sizeBytes: kind === 'file' ? found.size : 0 };
}
