import { type ByteReader } from './byte-reader.ts';
import { type ByteRange } from './c-string.ts';
import { type PrefixMap } from './prefix-map.ts';

/** What of a Mach-O file names other files, over all its architectures. */
export interface MachOImage {
  readonly id?: string;
  /** Names of the libraries it loads, each once. */
  readonly libraries: readonly string[];
  readonly rpaths: readonly string[];
  /** Headers with load commands of each architecture. */
  readonly headers: readonly ByteRange[];
}

export type MachOReading =
  | { readonly kind: 'image'; readonly image: MachOImage }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly why: string };

const FAT_MAGIC = 0xcafebabe;
const MAX_ARCHITECTURES = 9;
const MAX_COMMANDS_BYTES = 8 * 1024 * 1024;
const MAGICS: ReadonlyMap<number, { readonly headerBytes: number; readonly littleEndian: boolean }> = new Map([
  [0xfeedface, { headerBytes: 28, littleEndian: false }],
  [0xfeedfacf, { headerBytes: 32, littleEndian: false }],
  [0xcefaedfe, { headerBytes: 28, littleEndian: true }],
  [0xcffaedfe, { headerBytes: 32, littleEndian: true }],
]);

type CommandKind = 'id' | 'library' | 'rpath';
/** Load commands that hold a path: LC_ID_DYLIB, the five ways to load a library, LC_RPATH. */
const COMMANDS: ReadonlyMap<number, CommandKind> = new Map<number, CommandKind>([
  [0x0d, 'id'],
  [0x0c, 'library'],
  [0x20, 'library'],
  [0x80000018, 'library'],
  [0x8000001f, 'library'],
  [0x80000023, 'library'],
  [0x8000001c, 'rpath'],
]);

class Malformed extends Error {}

/** Reads the load commands of a thin or universal file; never outside it (Mach-O file format reference). */
export function readMachO(reader: ByteReader): MachOReading {
  const magic = reader.read(0, 8);
  if (magic === undefined) return { kind: 'none' };
  try {
    const slices = sliceOffsets(reader, magic);
    if (slices === undefined) return { kind: 'none' };
    return { kind: 'image', image: merged(slices.map((offset) => readSlice(reader, offset))) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', why: error.message };
    throw error;
  }
}

function sliceOffsets(reader: ByteReader, start: Buffer): readonly number[] | undefined {
  const magic = start.readUInt32BE(0);
  if (MAGICS.has(magic)) return [0];
  if (magic !== FAT_MAGIC) return undefined;
  const count = start.readUInt32BE(4);
  if (count > MAX_ARCHITECTURES) return undefined;
  const table = take(reader, { offset: 8, length: count * 20, what: 'list of architectures' });
  return Array.from({ length: count }, (_, index) => table.readUInt32BE(index * 20 + 8));
}

interface Slice {
  readonly header: ByteRange;
  readonly paths: readonly { readonly kind: CommandKind; readonly path: string }[];
}

function readSlice(reader: ByteReader, offset: number): Slice {
  const start = take(reader, { offset, length: 28, what: 'header' });
  const shape = MAGICS.get(start.readUInt32BE(0));
  if (shape === undefined) throw new Malformed('an architecture is not Mach-O');
  const u32 = (bytes: Buffer, at: number): number =>
    shape.littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const [count, length] = [u32(start, 16), u32(start, 20)];
  const commands = take(reader, { offset: offset + shape.headerBytes, length, what: 'load commands' });
  const paths: { kind: CommandKind; path: string }[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 8 > commands.length) throw new Malformed('load commands end early');
    const size = u32(commands, at + 4);
    if (size < 8 || at + size > commands.length) throw new Malformed('load command of a wrong size');
    const kind = COMMANDS.get(u32(commands, at));
    if (kind !== undefined) paths.push({ kind, path: commandPath(commands.subarray(at, at + size), u32) });
    at += size;
  }
  return { header: { start: offset, end: offset + shape.headerBytes + length }, paths };
}

function commandPath(command: Buffer, u32: (bytes: Buffer, at: number) => number): string {
  if (command.length < 12) throw new Malformed('load command of a wrong size');
  const start = u32(command, 8);
  const text = command.subarray(Math.min(start, command.length));
  const nul = text.indexOf(0);
  return text.toString('utf8', 0, nul === -1 ? text.length : nul);
}

function take(reader: ByteReader, range: { offset: number; length: number; what: string }): Buffer {
  const bytes = range.length > MAX_COMMANDS_BYTES ? undefined : reader.read(range.offset, range.length);
  if (bytes === undefined) throw new Malformed(`${range.what} lies outside the file`);
  return bytes;
}

function merged(slices: readonly Slice[]): MachOImage {
  const all = slices.flatMap(({ paths }) => paths);
  const of = (kind: CommandKind): readonly string[] => [
    ...new Set(all.filter((item) => item.kind === kind).map(({ path }) => path)),
  ];
  const [id] = of('id');
  return {
    libraries: of('library'),
    rpaths: of('rpath'),
    headers: slices.map(({ header }) => header),
    ...(id === undefined ? {} : { id }),
  };
}

/** Old and new name; several of them in the order of the file. */
export interface MachOEdit {
  readonly id?: string;
  readonly libraries: readonly (readonly [from: string, to: string])[];
  readonly rpaths: readonly (readonly [from: string, to: string])[];
  /** The load commands: `install_name_tool` writes them. */
  readonly masks: readonly ByteRange[];
}

/**
 * Decides the new id, library names and search path entries: of the old prefixes that start a name the longest wins
 * (buildcache-formats §12.8). `undefined` when nothing changes, and for `.o` files and those below a `libgcc_` name.
 */
export function planMachO(image: MachOImage, map: PrefixMap, file: string): MachOEdit | undefined {
  if (file.endsWith('.o') || file.includes('libgcc_')) return undefined;
  const longestFirst = map.pairs
    .map(({ from, to }) => [from.toString(), to.toString()] as const)
    .toSorted(([a], [b]) => b.length - a.length);
  const renamed = (name: string): string | undefined => {
    const pair = longestFirst.find(([from]) => name.startsWith(from));
    return pair === undefined ? undefined : pair[1] + name.slice(pair[0].length);
  };
  const pairsOf = (names: readonly string[]): readonly (readonly [string, string])[] =>
    names.flatMap((name) => {
      const to = renamed(name);
      return to === undefined ? [] : [[name, to] as const];
    });
  const id = image.id === undefined ? undefined : renamed(image.id);
  const edit = { libraries: pairsOf(image.libraries), rpaths: pairsOf(image.rpaths), masks: image.headers };
  if (id === undefined && edit.libraries.length === 0 && edit.rpaths.length === 0) return undefined;
  return id === undefined ? edit : { ...edit, id };
}

/** The arguments of `install_name_tool` for `edit`; the file comes last. */
export function installNameToolArguments(edit: MachOEdit, file: string): readonly string[] {
  return [
    ...(edit.id === undefined ? [] : ['-id', edit.id]),
    ...edit.rpaths.flatMap(([from, to]) => ['-rpath', from, to]),
    ...edit.libraries.flatMap(([from, to]) => ['-change', from, to]),
    file,
  ];
}
