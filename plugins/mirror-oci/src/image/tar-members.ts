import { BerthError } from '@berth/base';

const BLOCK = 512;
const SIZE_START = 124;
const SIZE_END = 136;
const TYPE_AT = 156;
const MAX_PAX_BYTES = 1024 * 1024;
const PAX_HEADER = 0x78;
const PAX_GLOBAL = 0x67;

/**
 * The members of a tar archive without the blocks that end it, so that archives can be put one behind the other. Only what is needed to
 * find the end is read: the sizes of members. Rejects with `archive` when the archive is cut short or a size makes no sense.
 */
export async function* tarMembers(chunks: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  const scanner = new MemberScanner(what);
  for await (const chunk of chunks) yield* scanner.push(chunk);
  scanner.finish();
}

/** Follows the members of one archive through pieces of any size. */
class MemberScanner {
  readonly #what: string;
  readonly #header: Buffer = Buffer.alloc(BLOCK);
  #headerBytes = 0;
  /** Bytes of the current member and its padding that are still to come. */
  #left = 0;
  /** The extended header at hand, collected to find a size in it. */
  #pax: Buffer[] | undefined;
  #paxBytes = 0;
  /** The size that an extended header gives the next member. */
  #nextSize: number | undefined;
  #ended = false;

  constructor(what: string) {
    this.#what = what;
  }

  *push(chunk: Buffer): Generator<Buffer> {
    for (let at = 0; at < chunk.length && !this.#ended;) {
      if (this.#left > 0) {
        const data = chunk.subarray(at, at + this.#left);
        at += data.length;
        this.#takeData(data);
        yield data;
      } else {
        const taken = chunk.copy(this.#header, this.#headerBytes, at, at + BLOCK - this.#headerBytes);
        at += taken;
        this.#headerBytes += taken;
        if (this.#headerBytes === BLOCK) yield* this.#takeHeader();
      }
    }
  }

  finish(): void {
    if (this.#left > 0 || this.#headerBytes > 0) throw this.#fail('it ends in the middle of a member');
  }

  *#takeHeader(): Generator<Buffer> {
    this.#headerBytes = 0;
    if (this.#header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    const type = this.#header[TYPE_AT];
    if (type === PAX_GLOBAL) throw this.#fail('it has a global extended header');
    const stated = this.#statedSize();
    const size = type === PAX_HEADER ? stated : (this.#nextSize ?? stated);
    if (type === PAX_HEADER) this.#startPax(size);
    else this.#nextSize = undefined;
    this.#left = Math.ceil(size / BLOCK) * BLOCK;
    yield Buffer.from(this.#header);
  }

  #startPax(size: number): void {
    if (size > MAX_PAX_BYTES) throw this.#fail('an extended header is larger than 1 MiB');
    this.#pax = [];
    this.#paxBytes = size;
  }

  #takeData(data: Buffer): void {
    this.#left -= data.length;
    if (this.#pax === undefined) return;
    this.#pax.push(Buffer.from(data));
    if (this.#left > 0) return;
    const records = Buffer.concat(this.#pax).toString('latin1', 0, this.#paxBytes);
    const size = /(?:^|\n)\d+ size=(\d+)(?=\n)/.exec(records)?.[1];
    if (size !== undefined) this.#nextSize = this.#checked(Number(size));
    this.#pax = undefined;
  }

  #statedSize(): number {
    const field = this.#header.subarray(SIZE_START, SIZE_END);
    const text = field
      .toString('latin1')
      .replace(/[\0 ]+$/, '')
      .replace(/^ +/, '');
    if (!/^[0-7]*$/.test(text)) throw this.#fail('a member has no size in octal digits');
    return this.#checked(text === '' ? 0 : parseInt(text, 8));
  }

  #checked(size: number): number {
    if (Number.isSafeInteger(size)) return size;
    throw this.#fail('a member is too large');
  }

  #fail(why: string): BerthError {
    return new BerthError('archive', 'ERR_OCI_LAYER', `${this.#what}: not a tar archive that can be read: ${why}`);
  }
}
