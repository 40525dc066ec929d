import { BLOCK_BYTES, checksumOf, FIELDS, GNU_MAGIC, USTAR_MAGIC } from './block.ts';
import { parseNumberField } from './number.ts';

/** One header block as it stands, before extended headers are applied. */
export interface TarHeader {
  /** One character, U+0000 to U+00FF. */
  readonly typeFlag: string;
  /** Raw bytes up to the first NUL; views of the block. */
  readonly name: Buffer;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly sizeBytes: number;
}

/** Reads one 512-byte block; a sentence saying what is wrong when it is not a valid header (hostile-inputs A26, A28). */
export function parseHeader(block: Buffer): TarHeader | string {
  const checksum = parseNumberField(block, ...FIELDS.checksum);
  if (checksum === undefined || checksum !== checksumOf(block)) return 'a header has a wrong checksum';
  const [magicStart, magicLength] = FIELDS.magic;
  const magic = block.toString('latin1', magicStart, magicStart + magicLength);
  if (magic !== USTAR_MAGIC && magic !== GNU_MAGIC) return 'a header is in no known tar format';

  const mode = parseNumberField(block, ...FIELDS.mode);
  const sizeBytes = parseNumberField(block, ...FIELDS.sizeBytes);
  const unused = [FIELDS.uid, FIELDS.gid, FIELDS.mtime].map((field) => parseNumberField(block, ...field));
  if (mode === undefined || sizeBytes === undefined || unused.includes(undefined)) {
    return 'a header holds a malformed number';
  }
  const name = nameOf(block, magic);
  const linkName = textField(block, ...FIELDS.linkName);
  if (name === undefined || linkName === undefined) return 'a header holds a name with a NUL inside';
  return { typeFlag: block.toString('latin1', ...range(FIELDS.typeFlag)), name, linkName, mode, sizeBytes };
}

function nameOf(block: Buffer, magic: string): Buffer | undefined {
  const name = textField(block, ...FIELDS.name);
  if (magic === GNU_MAGIC) return name;
  const prefix = textField(block, ...FIELDS.prefix);
  if (name === undefined || prefix === undefined) return undefined;
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

/** Bytes before the first NUL; `undefined` when something other than NULs follows (hostile-inputs A32). */
function textField(block: Buffer, start: number, length: number): Buffer | undefined {
  const field = block.subarray(start, Math.min(start + length, BLOCK_BYTES));
  const end = field.indexOf(0);
  if (end < 0) return field;
  return field.subarray(end).every((byte) => byte === 0) ? field.subarray(0, end) : undefined;
}

function range([start, length]: readonly [number, number]): [number, number] {
  return [start, start + length];
}
