import { isAscii, isUtf8 } from 'node:buffer';

/** What a file is for relocation (buildcache-formats §4.2). `unknown` is never relocated. */
export type FileKind = 'binary' | 'text' | 'unknown';

const MIN_BYTES = 8;
const ELF = 0x7f454c46;
const MACH_O: ReadonlySet<number> = new Set([0xcffaedfe, 0xfeedfacf, 0xcefaedfe, 0xfeedface]);
const FAT = 0xcafebabe;
const FAT_SWAPPED = 0xbebafeca;
/** A universal file has fewer architectures than a Java class has as its version. */
const MAX_ARCHITECTURES = 9;

/** True for ELF, Mach-O and universal files, by their first 8 bytes. */
export function hasBinaryMagic(start: Buffer): boolean {
  if (start.length < MIN_BYTES) return false;
  const magic = start.readUInt32BE(0);
  if (magic === ELF || MACH_O.has(magic)) return true;
  if (magic === FAT) return start.readUInt32BE(4) <= MAX_ARCHITECTURES;
  return magic === FAT_SWAPPED && start.readUInt32LE(4) <= MAX_ARCHITECTURES;
}

/** Classifies a file from its bytes in pieces of any size; memory does not grow with the file. */
export class FileClassifier {
  #start: Buffer = Buffer.alloc(0);
  #utf8 = true;
  /** Start of a character that the last piece cut. */
  #cut: Buffer = Buffer.alloc(0);
  #latin1 = true;
  #binary = false;

  /** Takes the next bytes; true while more of them can still change the answer. */
  push(bytes: Buffer): boolean {
    if (this.#start.length < MIN_BYTES) {
      this.#start = Buffer.concat([this.#start, bytes.subarray(0, MIN_BYTES - this.#start.length)]);
      this.#binary = hasBinaryMagic(this.#start);
    }
    if (this.#binary) return false;
    this.#latin1 &&= isLatin1Text(bytes);
    if (this.#utf8) this.#checkUtf8(bytes);
    return this.#utf8 || this.#latin1;
  }

  get kind(): FileKind {
    if (this.#start.length < MIN_BYTES) return 'unknown';
    if (this.#binary) return 'binary';
    return (this.#utf8 && this.#cut.length === 0) || this.#latin1 ? 'text' : 'unknown';
  }

  #checkUtf8(bytes: Buffer): void {
    const joined = this.#cut.length === 0 ? bytes : Buffer.concat([this.#cut, bytes]);
    const whole = joined.length - cutLength(joined);
    this.#utf8 = isUtf8(joined.subarray(0, whole));
    this.#cut = Buffer.from(joined.subarray(whole));
  }
}

/** Bytes at the end that begin a UTF-8 character and do not finish it. */
function cutLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

function characterLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** No byte of 00 and 7f to 9f. */
function isLatin1Text(bytes: Buffer): boolean {
  if (bytes.includes(0) || bytes.includes(0x7f)) return false;
  if (isAscii(bytes)) return true;
  for (const byte of bytes) if (byte >= 0x80 && byte <= 0x9f) return false;
  return true;
}

/** The kind of a file that is held in memory. */
export function classifyFile(bytes: Buffer): FileKind {
  const classifier = new FileClassifier();
  classifier.push(bytes);
  return classifier.kind;
}
