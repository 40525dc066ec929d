/** A small ELF file, made field by field. */
export interface ElfShape {
  readonly bits?: 32 | 64;
  readonly littleEndian?: boolean;
  readonly type?: number;
  /** Pairs of tag and value; the string table's address and size come first. */
  readonly dynamic?: readonly (readonly [number, number])[];
  readonly strings?: Buffer;
  readonly interpreter?: string;
  /** Adds a note header that may be given up. */
  readonly note?: boolean;
  /** Read-only data behind the tables. */
  readonly data?: Buffer;
}

export const RPATH = 15;
export const RUNPATH = 29;
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const;

export interface BuiltElf {
  readonly bytes: Buffer;
  /** Offsets of the tables in the file. */
  readonly at: {
    readonly table: number;
    readonly interpreter: number;
    readonly dynamic: number;
    readonly strings: number;
    readonly data: number;
  };
}

/** One loaded segment at address 0x10000 that holds everything; no sections. */
// eslint-disable-next-line complexity -- each field differs between the two word sizes
export function buildElf(shape: ElfShape): BuiltElf {
  const { bits = 64, littleEndian = true, type = 3, strings = Buffer.from('\0'), data = Buffer.alloc(0) } = shape;
  const word = bits / 8;
  const put = (bytes: Buffer, at: number, size: number, value: number): void => {
    const little = Buffer.alloc(8);
    little.writeBigUInt64LE(BigInt(value));
    const chosen = little.subarray(0, size);
    (littleEndian ? chosen : Buffer.from(chosen).reverse()).copy(bytes, at);
  };
  const headerBytes = bits === 64 ? 64 : 52;
  const entryBytes = bits === 64 ? 56 : 32;
  const interpreter = shape.interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${shape.interpreter}\0`);
  const count = 2 + (interpreter.length > 0 ? 1 : 0) + (shape.note === true ? 1 : 0);
  const BASE = 0x10000;
  const interpreterAt = headerBytes + count * entryBytes;
  const dynamicAt = Math.ceil((interpreterAt + interpreter.length) / 8) * 8;
  const extra = shape.dynamic ?? [];
  const stringsAt = dynamicAt + (extra.length + 3) * 2 * word;
  const dynamic = [[5, BASE + stringsAt], [10, strings.length], ...extra, [0, 0]] as const;
  const dataAt = stringsAt + strings.length;
  const bytes = Buffer.alloc(dataAt + data.length);

  Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, littleEndian ? 1 : 2, 1]).copy(bytes);
  put(bytes, 16, 2, type);
  put(bytes, bits === 64 ? 32 : 28, word, headerBytes);
  put(bytes, bits === 64 ? 54 : 42, 2, entryBytes);
  put(bytes, bits === 64 ? 56 : 44, 2, count);

  let row = 0;
  const segment = (kind: number, offset: number, size: number): void => {
    const at = headerBytes + row * entryBytes;
    put(bytes, at, 4, kind);
    const fields = bits === 64 ? [8, 16, 24, 32, 40, 48] : [4, 8, 12, 16, 20, 28];
    [offset, BASE + offset, BASE + offset, size, size, 0x1000].forEach((value, index) => {
      put(bytes, at + (fields[index] ?? 0), word, value);
    });
    put(bytes, at + (bits === 64 ? 4 : 24), 4, 4);
    row += 1;
  };
  if (interpreter.length > 0) segment(SEGMENT.interpreter, interpreterAt, interpreter.length);
  segment(SEGMENT.load, 0, bytes.length);
  segment(SEGMENT.dynamic, dynamicAt, dynamic.length * 2 * word);
  if (shape.note === true) segment(SEGMENT.note, dataAt, 0);

  interpreter.copy(bytes, interpreterAt);
  dynamic.forEach(([tag, value], index) => {
    put(bytes, dynamicAt + index * 2 * word, word, tag);
    put(bytes, dynamicAt + (index * 2 + 1) * word, word, value);
  });
  strings.copy(bytes, stringsAt);
  data.copy(bytes, dataAt);
  return {
    bytes,
    at: { table: headerBytes, interpreter: interpreterAt, dynamic: dynamicAt, strings: stringsAt, data: dataAt },
  };
}
