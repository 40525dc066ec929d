import { type BytePatch } from '../c-string.ts';
import { SECTION_TYPE, SEGMENT_TYPE, type ElfCodec } from './layout.ts';
import { isSectionOf, type ElfImage, type ElfSegment } from './read.ts';

/** Bytes of the file itself, as they are once every other change is made. */
export interface CopiedBytes {
  readonly from: number;
  readonly length: number;
}

/** A block that is written at `offset`, at or behind the present end of the file. */
export interface ElfAppend {
  readonly offset: number;
  readonly parts: readonly (Buffer | CopiedBytes)[];
}

export interface ElfGrowth {
  readonly patches: readonly BytePatch[];
  readonly append: ElfAppend;
}

const READABLE = 4;
const BLOCK_ALIGNMENT = 16;
const MIN_PAGE = 0x1000;
/** A program may be padded by this much (with a hole, not with data) rather than give up its only note. */
const MAX_PADDING = 1024 * 1024;
/** Above this a program without a note relies on a kernel that looks the table up by address (Linux 5.18). */
const MAX_HOLE = 1024 * 1024 * 1024;

/**
 * Makes room for strings that do not fit where they are: one more loaded segment at the end of the file holds them, and
 * a copy of the string table when the search path grows. The rest of the file keeps its offsets and addresses.
 *
 * The program header of that segment takes the place of an unused or note header, or the whole table moves into
 * the new segment. Older kernels take the table's address from its file offset, so in programs the two then keep the
 * distance that they have in the first segment.
 */
export function growElf(
  image: ElfImage,
  sizeBytes: number,
  change: { readonly searchPath?: Buffer; readonly interpreter?: Buffer },
): ElfGrowth | undefined {
  if (change.searchPath === undefined && change.interpreter === undefined) return undefined;
  const place = placeSegment(image, sizeBytes);
  const block = new Block(place);
  const tableOffset =
    place.slot === undefined
      ? block.add([Buffer.alloc((image.segments.length + 1) * image.codec.layout.segmentBytes)])
      : undefined;
  const patches: BytePatch[] = [];
  let interpreterAt: number | undefined;
  if (change.interpreter !== undefined) {
    interpreterAt = block.add([terminated(change.interpreter)]);
    patches.push(
      ...movedInterpreterSection(image, {
        offset: interpreterAt,
        vaddr: block.vaddrOf(interpreterAt),
        sizeBytes: change.interpreter.length + 1,
      }),
    );
  }
  if (change.searchPath !== undefined) patches.push(...growStrings(image, block, change.searchPath));
  const table = segmentTable(image, {
    block,
    slot: place.slot,
    interpreterAt,
    interpreter: change.interpreter,
    tableOffset,
  });
  if (tableOffset === undefined) patches.push({ offset: image.phoff, bytes: table });
  else patches.push(...movedTable(image, tableOffset));
  const parts = tableOffset === undefined ? block.parts : [table, ...block.parts.slice(1)];
  return { patches, append: { offset: place.offset, parts } };
}

interface Place {
  readonly offset: number;
  readonly vaddr: number;
  readonly align: number;
  /** Program header that the new one replaces; `undefined`: the table moves. */
  readonly slot: number | undefined;
}

function placeSegment(image: ElfImage, sizeBytes: number): Place {
  const loads = image.segments.filter(({ type }) => type === SEGMENT_TYPE.load);
  const align = Math.max(
    MIN_PAGE,
    Math.min(...loads.map((load) => load.align).filter((value) => value > 1 && Number.isInteger(Math.log2(value)))),
  );
  const safeAlign = Number.isFinite(align) ? align : MIN_PAGE;
  const memoryEnd = Math.max(0, ...loads.map(({ vaddr, memsz }) => vaddr + memsz));
  const offset = roundUp(sizeBytes, BLOCK_ALIGNMENT);
  const inPlace = { offset, vaddr: roundUp(memoryEnd, safeAlign) + (offset % safeAlign), align: safeAlign };
  const slot = spareSlot(image);
  if (slot?.lossless === true) return { ...inPlace, slot: slot.index };
  const first = loads[0];
  if (image.interpreter === undefined || first === undefined) return { ...inPlace, slot: undefined };
  const bias = first.vaddr - first.offset;
  const padded = Math.max(offset, roundUp(memoryEnd - bias, safeAlign));
  if (slot !== undefined && padded - offset > MAX_PADDING) return { ...inPlace, slot: slot.index };
  if (padded - offset > MAX_HOLE) return { ...inPlace, slot: undefined };
  return { offset: padded, vaddr: padded + bias, align: safeAlign, slot: undefined };
}

/** An unused header, a note that another header covers as well, or as a last resort any note. */
function spareSlot({ segments }: ElfImage): { readonly index: number; readonly lossless: boolean } | undefined {
  const covered = new Set(segments.filter(({ type }) => type === SEGMENT_TYPE.property).map(({ offset }) => offset));
  const lossless = segments.findIndex(
    ({ type, offset }) => type === SEGMENT_TYPE.null || (type === SEGMENT_TYPE.note && covered.has(offset)),
  );
  if (lossless !== -1) return { index: lossless, lossless: true };
  const note = segments.findIndex(({ type }) => type === SEGMENT_TYPE.note);
  return note === -1 ? undefined : { index: note, lossless: false };
}

/** The bytes of the new segment, part by part. */
class Block {
  readonly parts: (Buffer | CopiedBytes)[] = [];
  readonly place: Place;
  #length = 0;

  constructor(place: Place) {
    this.place = place;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends one aligned item; returns its file offset. */
  add(parts: readonly (Buffer | CopiedBytes)[]): number {
    const at = this.#length;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const padding = Buffer.alloc(roundUp(length, BLOCK_ALIGNMENT) - length);
    this.parts.push(...parts, ...(padding.length === 0 ? [] : [padding]));
    this.#length += length + padding.length;
    return this.place.offset + at;
  }

  vaddrOf(offset: number): number {
    return this.place.vaddr + (offset - this.place.offset);
  }
}

/** A copy of the string table with the new search path behind the old strings. */
function growStrings(image: ElfImage, block: Block, text: Buffer): readonly BytePatch[] {
  const { strings, searchPath, codec } = image;
  if (strings === undefined || searchPath === undefined) return [];
  const sizeBytes = strings.sizeBytes + text.length + 1;
  const offset = block.add([{ from: strings.fileOffset, length: strings.sizeBytes }, terminated(text)]);
  const vaddr = block.vaddrOf(offset);
  const section = image.sections.find((candidate) => isSectionOf(candidate, strings, SECTION_TYPE.strings));
  return [
    { offset: strings.addressValueOffset, bytes: codec.wordBytes(vaddr) },
    { offset: strings.sizeValueOffset, bytes: codec.wordBytes(sizeBytes) },
    { offset: searchPath.valueOffset, bytes: codec.wordBytes(strings.sizeBytes) },
    ...(section === undefined ? [] : movedSection(codec, section.headerOffset, { offset, vaddr, sizeBytes })),
  ];
}

interface Extent {
  readonly offset: number;
  readonly vaddr: number;
  readonly sizeBytes: number;
}

function movedInterpreterSection(image: ElfImage, extent: Extent): readonly BytePatch[] {
  const { interpreter } = image;
  if (interpreter === undefined) return [];
  const section = image.sections.find((candidate) => isSectionOf(candidate, interpreter, SECTION_TYPE.progbits));
  return section === undefined ? [] : movedSection(image.codec, section.headerOffset, extent);
}

/** Keeps the section headers true, for the tools that go by them. */
function movedSection(codec: ElfCodec, headerOffset: number, extent: Extent): readonly BytePatch[] {
  const { section } = codec.layout;
  return [
    { offset: headerOffset + section.addr, bytes: codec.wordBytes(extent.vaddr) },
    { offset: headerOffset + section.offset, bytes: codec.wordBytes(extent.offset) },
    { offset: headerOffset + section.size, bytes: codec.wordBytes(extent.sizeBytes) },
  ];
}

function movedTable({ codec, segments }: ElfImage, tableOffset: number): readonly BytePatch[] {
  const { header } = codec.layout;
  return [
    { offset: header.phoff, bytes: codec.wordBytes(tableOffset) },
    { offset: header.phentsize + 2, bytes: codec.u16Bytes(segments.length + 1) },
  ];
}

interface TableOptions {
  readonly block: Block;
  readonly slot: number | undefined;
  readonly tableOffset: number | undefined;
  readonly interpreterAt: number | undefined;
  readonly interpreter: Buffer | undefined;
}

/** The program header table with the new segment behind the last loaded one: their addresses must ascend. */
function segmentTable({ codec, segments }: ElfImage, options: TableOptions): Buffer {
  const { block, slot, tableOffset, interpreterAt, interpreter } = options;
  const rows = segments.flatMap((segment, index) =>
    index === slot ? [] : [{ type: segment.type, raw: adjusted(segment) }],
  );
  const lastLoad = rows.findLastIndex(({ type }) => type === SEGMENT_TYPE.load);
  const own = segmentRow(codec, { ...block.place, sizeBytes: block.length });
  rows.splice(lastLoad + 1, 0, { type: SEGMENT_TYPE.load, raw: own });
  return Buffer.concat(rows.map(({ raw }) => raw));

  function adjusted(segment: ElfSegment): Buffer {
    if (segment.type === SEGMENT_TYPE.interpreter && interpreterAt !== undefined) {
      return resized(segment, interpreterAt, (interpreter?.length ?? 0) + 1);
    }
    if (segment.type === SEGMENT_TYPE.table && tableOffset !== undefined) {
      return resized(segment, tableOffset, (segments.length + 1) * codec.layout.segmentBytes);
    }
    return segment.raw;
  }

  function resized(segment: ElfSegment, offset: number, sizeBytes: number): Buffer {
    const raw = Buffer.from(segment.raw);
    writeExtent(codec, raw, { offset, vaddr: block.vaddrOf(offset), sizeBytes });
    return raw;
  }
}

function segmentRow(codec: ElfCodec, extent: Extent & { readonly align: number }): Buffer {
  const raw = Buffer.alloc(codec.layout.segmentBytes);
  codec.u32Bytes(SEGMENT_TYPE.load).copy(raw, 0);
  codec.u32Bytes(READABLE).copy(raw, codec.layout.segment.flags);
  codec.wordBytes(extent.align).copy(raw, codec.layout.segment.align);
  writeExtent(codec, raw, extent);
  return raw;
}

function writeExtent(codec: ElfCodec, raw: Buffer, extent: Extent): void {
  const { segment } = codec.layout;
  codec.wordBytes(extent.offset).copy(raw, segment.offset);
  codec.wordBytes(extent.vaddr).copy(raw, segment.vaddr);
  codec.wordBytes(extent.vaddr).copy(raw, segment.paddr);
  codec.wordBytes(extent.sizeBytes).copy(raw, segment.filesz);
  codec.wordBytes(extent.sizeBytes).copy(raw, segment.memsz);
}

function terminated(text: Buffer): Buffer {
  return Buffer.concat([text, Buffer.alloc(1)]);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
