/** Where the fields of the ELF structures lie; the two word sizes differ (System V ABI, "Object Files"). */
export interface ElfLayout {
  readonly wordBytes: 4 | 8;
  readonly headerBytes: number;
  readonly header: { readonly phoff: number; readonly shoff: number; readonly phentsize: number };
  readonly segmentBytes: number;
  readonly segment: {
    readonly flags: number;
    readonly offset: number;
    readonly vaddr: number;
    readonly paddr: number;
    readonly filesz: number;
    readonly memsz: number;
    readonly align: number;
  };
  readonly sectionBytes: number;
  readonly section: { readonly addr: number; readonly offset: number; readonly size: number };
  readonly symbolBytes: number;
}

export const ELF32: ElfLayout = {
  wordBytes: 4,
  headerBytes: 52,
  header: { phoff: 28, shoff: 32, phentsize: 42 },
  segmentBytes: 32,
  segment: { offset: 4, vaddr: 8, paddr: 12, filesz: 16, memsz: 20, flags: 24, align: 28 },
  sectionBytes: 40,
  section: { addr: 12, offset: 16, size: 20 },
  symbolBytes: 16,
};

export const ELF64: ElfLayout = {
  wordBytes: 8,
  headerBytes: 64,
  header: { phoff: 32, shoff: 40, phentsize: 54 },
  segmentBytes: 56,
  segment: { flags: 4, offset: 8, vaddr: 16, paddr: 24, filesz: 32, memsz: 40, align: 48 },
  sectionBytes: 64,
  section: { addr: 16, offset: 24, size: 32 },
  symbolBytes: 24,
};

export const SEGMENT_TYPE = {
  null: 0,
  load: 1,
  dynamic: 2,
  interpreter: 3,
  note: 4,
  table: 6,
  property: 0x6474e553,
} as const;
export const SECTION_TYPE = { progbits: 1, strings: 3, nobits: 8, dynamicSymbols: 11 } as const;
export const DYNAMIC_TAG = {
  end: 0,
  needed: 1,
  strings: 5,
  stringsSize: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
} as const;

/** Reads and writes numbers in one file's byte order and word size. */
export interface ElfCodec {
  readonly layout: ElfLayout;
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
  /** An address-sized number; `Infinity` when a double cannot hold it, so that every range check on it fails. */
  word(bytes: Buffer, at: number): number;
  u16Bytes(value: number): Buffer;
  u32Bytes(value: number): Buffer;
  wordBytes(value: number): Buffer;
}

export function elfCodec(layout: ElfLayout, littleEndian: boolean): ElfCodec {
  const u32 = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u32Bytes = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (littleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  return {
    layout,
    u32,
    u32Bytes,
    u16: (bytes, at) => (littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    word: (bytes, at) =>
      layout.wordBytes === 4
        ? u32(bytes, at)
        : safe(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at)),
    u16Bytes: (value) => {
      const bytes = Buffer.alloc(2);
      if (littleEndian) bytes.writeUInt16LE(value);
      else bytes.writeUInt16BE(value);
      return bytes;
    },
    wordBytes: (value) => {
      if (layout.wordBytes === 4) return u32Bytes(value);
      const bytes = Buffer.alloc(8);
      if (littleEndian) bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeBigUInt64BE(BigInt(value));
      return bytes;
    },
  };
}

function safe(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity;
}
