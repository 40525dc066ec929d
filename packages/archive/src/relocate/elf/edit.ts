import { type ByteReader } from '../byte-reader.ts';
import { type BytePatch, type ByteRange } from '../c-string.ts';
import { replaceStart, type PrefixMap } from '../prefix-map.ts';
import { growElf, type ElfAppend } from './grow.ts';
import { sharesBytes, type ElfImage, type ElfString } from './read.ts';

/** How the search path and the interpreter of one file change. Offsets are those of the file as it is now. */
export interface ElfEdit {
  readonly patches: readonly BytePatch[];
  /** What to write at the end of the file, after every other change. */
  readonly append?: ElfAppend;
  /** The strings that were dealt with here. */
  readonly masks: readonly ByteRange[];
}

/** New values; what is absent stays. */
export interface ElfChange {
  readonly searchPath?: Buffer;
  readonly interpreter?: Buffer;
}

const COLON = ':';

/**
 * Rewrites each entry of the search path that starts with an old prefix, and the interpreter (buildcache-formats §12.4):
 * in place where the new string fits, else by giving the file room at its end. RUNPATH stays RUNPATH. `undefined` when
 * nothing has to change.
 */
export function planElf(image: ElfImage, reader: ByteReader, map: PrefixMap): ElfEdit | undefined {
  const searchPath = image.searchPath === undefined ? undefined : relocateSearchPath(image.searchPath.text, map);
  const interpreter = image.interpreter === undefined ? undefined : replaceStart(image.interpreter.text, map);
  return editElf(image, reader, {
    ...(searchPath === undefined ? {} : { searchPath }),
    ...(interpreter === undefined ? {} : { interpreter }),
  });
}

/** The path with its entries relocated and empty entries dropped, or `undefined` when no entry changes. */
export function relocateSearchPath(path: Buffer, map: PrefixMap): Buffer | undefined {
  const entries = splitSearchPath(path).map((entry) => ({ entry, relocated: replaceStart(entry, map) }));
  if (entries.every(({ relocated }) => relocated === undefined)) return undefined;
  return joinSearchPath(entries.map(({ entry, relocated }) => relocated ?? entry));
}

/** The entries of a search path that are not empty. */
export function splitSearchPath(path: Buffer): readonly Buffer[] {
  const entries: Buffer[] = [];
  let start = 0;
  while (start <= path.length) {
    const colon = path.indexOf(COLON, start);
    const end = colon === -1 ? path.length : colon;
    if (end > start) entries.push(path.subarray(start, end));
    start = end + 1;
  }
  return entries;
}

export function joinSearchPath(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(entries.flatMap((entry, position) => (position === 0 ? [entry] : [Buffer.from(COLON), entry])));
}

/** The edit that gives `image` the new values, or `undefined` when there is none. */
export function editElf(image: ElfImage, reader: ByteReader, change: ElfChange): ElfEdit | undefined {
  const patches: BytePatch[] = [];
  const masks: ByteRange[] = [];
  const grow: { searchPath?: Buffer; interpreter?: Buffer } = {};
  if (change.searchPath !== undefined && image.searchPath !== undefined) {
    const shared = sharesBytes(image, reader, image.searchPath);
    if (shared || change.searchPath.length > image.searchPath.text.length) grow.searchPath = change.searchPath;
    if (!shared)
      patches.push(overwrite(image.searchPath, grow.searchPath === undefined ? change.searchPath : Buffer.alloc(0)));
    masks.push(rangeOf(image.searchPath));
  }
  if (change.interpreter !== undefined && image.interpreter !== undefined) {
    if (change.interpreter.length > image.interpreter.text.length) grow.interpreter = change.interpreter;
    else patches.push(overwrite(image.interpreter, change.interpreter));
    masks.push(rangeOf(image.interpreter));
  }
  if (masks.length === 0) return undefined;
  const grown = growElf(image, reader.sizeBytes, grow);
  return grown === undefined
    ? { patches, masks }
    : { patches: [...patches, ...grown.patches], append: grown.append, masks };
}

/** The new text and NULs up to the end of the old one. */
function overwrite(string: ElfString, text: Buffer): BytePatch {
  return { offset: string.fileOffset, bytes: Buffer.concat([text, Buffer.alloc(string.text.length - text.length)]) };
}

function rangeOf(string: ElfString): ByteRange {
  return { start: string.fileOffset, end: string.fileOffset + string.text.length };
}
