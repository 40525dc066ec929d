import { type ByteReader } from '../byte-reader.ts';
import { DYNAMIC_TAG, ELF32, ELF64, elfCodec, SECTION_TYPE, SEGMENT_TYPE, type ElfCodec } from './layout.ts';

export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
  /** The entry as it stands in the program header table. */
  readonly raw: Buffer;
}

export interface ElfSection {
  readonly type: number;
  readonly vaddr: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Where its header stands in the file. */
  readonly headerOffset: number;
}

/** A string in the file that may be written over. */
export interface ElfString {
  readonly text: Buffer;
  readonly fileOffset: number;
}

export interface ElfSearchPath extends ElfString {
  readonly tag: 'RPATH' | 'RUNPATH';
  /** Where the number in the dynamic section stands that says where the string is. */
  readonly valueOffset: number;
}

export interface ElfStringTable {
  readonly vaddr: number;
  readonly fileOffset: number;
  readonly sizeBytes: number;
  readonly addressValueOffset: number;
  readonly sizeValueOffset: number;
}

/** What of an ELF executable or shared library matters when it moves. */
export interface ElfImage {
  readonly codec: ElfCodec;
  readonly phoff: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  readonly interpreter?: ElfString & { readonly segmentIndex: number };
  readonly strings?: ElfStringTable;
  readonly searchPath?: ElfSearchPath;
}

/** `none`: not an executable or shared library. `malformed`: claims to be one and cannot be edited safely. */
export type ElfReading =
  | { readonly kind: 'image'; readonly image: ElfImage }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly why: string };

/** First bytes of every ELF file. */
export const ELF_MAGIC: Buffer = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const EXECUTABLE = 2;
const SHARED = 3;
/** Above this the tables are not those of a program. */
const MAX_TABLE_BYTES = 8 * 1024 * 1024;
const MAX_INTERPRETER_BYTES = 4096;
/** Leaves room for one more segment. */
const MAX_ADDRESS_32 = 2 ** 32 - 2 ** 25;
const MAX_ADDRESS_64 = 2 ** 52;

class Malformed extends Error {}

/**
 * Reads headers, dynamic section and the strings they name; 32 and 64 bit, both byte orders (buildcache-formats §12.4).
 * Never reads outside the file (hostile-inputs E06).
 */
export function readElf(reader: ByteReader): ElfReading {
  const ident = reader.read(0, 16);
  if (ident?.subarray(0, 4).equals(ELF_MAGIC) !== true) return { kind: 'none' };
  try {
    return readIdentified(reader, ident);
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', why: error.message };
    throw error;
  }
}

function readIdentified(reader: ByteReader, ident: Buffer): ElfReading {
  const [wordSize, byteOrder] = [ident[4], ident[5]];
  if (wordSize !== 1 && wordSize !== 2) throw new Malformed('unknown word size');
  if (byteOrder !== 1 && byteOrder !== 2) throw new Malformed('unknown byte order');
  const codec = elfCodec(wordSize === 1 ? ELF32 : ELF64, byteOrder === 1);
  const header = take(reader, { offset: 0, length: codec.layout.headerBytes, what: 'header' });
  const type = codec.u16(header, 16);
  if (type !== EXECUTABLE && type !== SHARED) return { kind: 'none' };
  const segments = readSegments(reader, codec, header);
  checkAddresses(codec, segments);
  const sections = readSections(reader, codec, header);
  const interpreter = readInterpreter(reader, segments);
  const dynamic = readDynamic(reader, codec, segments);
  return {
    kind: 'image',
    image: {
      codec,
      phoff: codec.word(header, codec.layout.header.phoff),
      segments,
      sections,
      ...interpreter,
      ...dynamic,
    },
  };
}

function take(reader: ByteReader, range: { offset: number; length: number; what: string }): Buffer {
  if (range.length > MAX_TABLE_BYTES) throw new Malformed(`${range.what} is too large`);
  const bytes = reader.read(range.offset, range.length);
  if (bytes === undefined) throw new Malformed(`${range.what} lies outside the file`);
  return bytes;
}

function readSegments(reader: ByteReader, codec: ElfCodec, header: Buffer): readonly ElfSegment[] {
  const { layout } = codec;
  const entryBytes = codec.u16(header, layout.header.phentsize);
  const count = codec.u16(header, layout.header.phentsize + 2);
  if (count === 0) return [];
  if (count === 0xffff) throw new Malformed('too many program headers');
  if (entryBytes !== layout.segmentBytes) throw new Malformed('program header entries of an unknown size');
  const table = take(reader, {
    offset: codec.word(header, layout.header.phoff),
    length: count * entryBytes,
    what: 'program header table',
  });
  return Array.from({ length: count }, (_, index) => {
    const raw = table.subarray(index * entryBytes, (index + 1) * entryBytes);
    const field = (name: 'offset' | 'vaddr' | 'filesz' | 'memsz' | 'align'): number =>
      codec.word(raw, layout.segment[name]);
    return {
      type: codec.u32(raw, 0),
      offset: field('offset'),
      vaddr: field('vaddr'),
      filesz: field('filesz'),
      memsz: field('memsz'),
      align: field('align'),
      raw,
    };
  });
}

function checkAddresses(codec: ElfCodec, segments: readonly ElfSegment[]): void {
  const end = codec.layout.wordBytes === 4 ? MAX_ADDRESS_32 : MAX_ADDRESS_64;
  const outside = segments.some(
    ({ type, vaddr, memsz, offset }) => type === SEGMENT_TYPE.load && !(vaddr + memsz <= end && offset <= end),
  );
  if (outside) throw new Malformed('loaded segment lies outside the address space');
}

function readSections(reader: ByteReader, codec: ElfCodec, header: Buffer): readonly ElfSection[] {
  const { layout } = codec;
  const start = codec.word(header, layout.header.shoff);
  const entryBytes = codec.u16(header, layout.header.phentsize + 4);
  const count = codec.u16(header, layout.header.phentsize + 6);
  if (start === 0 || count === 0) return [];
  if (entryBytes !== layout.sectionBytes) throw new Malformed('section header entries of an unknown size');
  const table = take(reader, { offset: start, length: count * entryBytes, what: 'section header table' });
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes;
    const field = (name: 'addr' | 'offset' | 'size'): number => codec.word(table, at + layout.section[name]);
    return {
      type: codec.u32(table, at + 4),
      vaddr: field('addr'),
      offset: field('offset'),
      sizeBytes: field('size'),
      headerOffset: start + at,
    };
  });
}

function readInterpreter(reader: ByteReader, segments: readonly ElfSegment[]): Pick<ElfImage, 'interpreter'> {
  const segmentIndex = segments.findIndex(({ type }) => type === SEGMENT_TYPE.interpreter);
  const segment = segments[segmentIndex];
  if (segment === undefined || segment.filesz === 0) return {};
  if (segment.filesz > MAX_INTERPRETER_BYTES) throw new Malformed('interpreter name is too long');
  const bytes = take(reader, { offset: segment.offset, length: segment.filesz, what: 'interpreter name' });
  return { interpreter: { text: untilNul(bytes, 'interpreter name'), fileOffset: segment.offset, segmentIndex } };
}

function untilNul(bytes: Buffer, what: string): Buffer {
  const nul = bytes.indexOf(0);
  if (nul === -1) throw new Malformed(`${what} is not terminated`);
  return bytes.subarray(0, nul);
}

interface DynamicEntry {
  readonly value: number;
  readonly valueOffset: number;
}

function readDynamic(
  reader: ByteReader,
  codec: ElfCodec,
  segments: readonly ElfSegment[],
): Pick<ElfImage, 'strings' | 'searchPath'> {
  const segment = segments.find(({ type }) => type === SEGMENT_TYPE.dynamic);
  // A file of debug information keeps the header of a dynamic section that has no bytes.
  if (segment === undefined || segment.filesz === 0) return {};
  const entries = dynamicEntries(
    take(reader, { offset: segment.offset, length: segment.filesz, what: 'dynamic section' }),
    codec,
    segment.offset,
  );
  const strings = readStringTable(reader, entries, segments);
  const paths = [...tagged(entries, DYNAMIC_TAG.rpath, 'RPATH'), ...tagged(entries, DYNAMIC_TAG.runpath, 'RUNPATH')];
  const [path] = paths;
  if (paths.length > 1) throw new Malformed('more than one search path');
  if (path === undefined) return { strings };
  if (path.value >= strings.sizeBytes) throw new Malformed('search path lies outside the string table');
  const rest = take(reader, {
    offset: strings.fileOffset + path.value,
    length: strings.sizeBytes - path.value,
    what: 'string table',
  });
  const fileOffset = strings.fileOffset + path.value;
  return {
    strings,
    searchPath: { tag: path.tag, text: untilNul(rest, 'search path'), fileOffset, valueOffset: path.valueOffset },
  };
}

function dynamicEntries(bytes: Buffer, codec: ElfCodec, base: number): ReadonlyMap<number, readonly DynamicEntry[]> {
  const word = codec.layout.wordBytes;
  const entries = new Map<number, DynamicEntry[]>();
  for (let at = 0; at + 2 * word <= bytes.length; at += 2 * word) {
    const tag = codec.word(bytes, at);
    if (tag === DYNAMIC_TAG.end) break;
    const entry = { value: codec.word(bytes, at + word), valueOffset: base + at + word };
    const same = entries.get(tag);
    if (same === undefined) entries.set(tag, [entry]);
    else same.push(entry);
  }
  return entries;
}

function tagged(
  entries: ReadonlyMap<number, readonly DynamicEntry[]>,
  tag: number,
  name: 'RPATH' | 'RUNPATH',
): readonly (DynamicEntry & { readonly tag: 'RPATH' | 'RUNPATH' })[] {
  return (entries.get(tag) ?? []).map((entry) => ({ ...entry, tag: name }));
}

function readStringTable(
  reader: ByteReader,
  entries: ReadonlyMap<number, readonly DynamicEntry[]>,
  segments: readonly ElfSegment[],
): ElfStringTable {
  const [address, ...others] = entries.get(DYNAMIC_TAG.strings) ?? [];
  const [size] = entries.get(DYNAMIC_TAG.stringsSize) ?? [];
  if (address === undefined || others.length > 0) throw new Malformed('not exactly one string table');
  if (size === undefined || size.value === 0) throw new Malformed('string table without a size');
  const load = segments.find(
    ({ type, vaddr, filesz }) => type === SEGMENT_TYPE.load && address.value >= vaddr && address.value < vaddr + filesz,
  );
  if (load === undefined) throw new Malformed('string table is not in a loaded segment');
  const fileOffset = load.offset + (address.value - load.vaddr);
  const last = reader.read(fileOffset + size.value - 1, 1);
  if (last === undefined) throw new Malformed('string table lies outside the file');
  return {
    vaddr: address.value,
    fileOffset,
    sizeBytes: size.value,
    addressValueOffset: address.valueOffset,
    sizeValueOffset: size.valueOffset,
  };
}

/**
 * True when a dynamic symbol's name lies inside the search path's bytes: linkers let strings share their ends, so that
 * writing over the path would rename the symbol.
 */
export function sharesBytes(image: ElfImage, reader: ByteReader, path: ElfSearchPath): boolean {
  const { strings, codec } = image;
  const symbols = image.sections.find(({ type }) => type === SECTION_TYPE.dynamicSymbols);
  if (strings === undefined || symbols === undefined) return false;
  const table = reader.read(symbols.offset, symbols.sizeBytes);
  if (table === undefined) return false;
  const start = path.fileOffset - strings.fileOffset;
  const end = start + path.text.length;
  for (let at = 0; at + codec.layout.symbolBytes <= table.length; at += codec.layout.symbolBytes) {
    const name = codec.u32(table, at);
    if (name >= start && name < end) return true;
  }
  return false;
}

export function isSectionOf(section: ElfSection, string: { readonly fileOffset: number }, type: number): boolean {
  return section.type === type && section.offset === string.fileOffset;
}
