import type { Limits } from '@berth/base';
import { archiveError, limitError, memberError } from '../failures.ts';
import { BLOCK_BYTES, isZero, paddingAfter, type TarMember } from './block.ts';
import { parseHeader, type TarHeader } from './header.ts';
import { effectiveName, type Extensions, refuseGlobal, resolveMember } from './member.ts';
import { parsePaxRecords, type PaxRecords } from './pax.ts';

/** Receives the members of an archive while they pass. Whatever it throws ends the reading. */
export interface TarSink {
  /** A member begins; exactly `sizeBytes` bytes of it follow through `data`. */
  begin(member: TarMember): void;
  /** `chunk` is only lent: it must not be kept after the return. */
  data(chunk: Buffer, start: number, end: number): void;
  finish(): void;
}

export interface TarReaderOptions {
  /** Names the archive in messages. */
  readonly what: string;
  readonly limits: Limits;
}

type ExtensionFlag = 'x' | 'g' | 'L' | 'K';
type Phase = 'header' | 'data' | 'extension' | 'padding' | 'end';

/**
 * Reads an uncompressed tar file from chunks of any size, synchronously and strictly: what a member is follows from the
 * effective headers alone, and doubt is an error of kind `archive` (hostile-inputs A13, A17, A21–A32). Memory is bounded by
 * the limit on extended headers.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #what: string;
  readonly #limits: Limits;
  readonly #block: Buffer = Buffer.alloc(BLOCK_BYTES);
  #blockFill = 0;
  #phase: Phase = 'header';
  /** Bytes of the present phase still to come. */
  #remaining = 0;
  /** Bytes to skip once the present data or extension is complete. */
  #padding = 0;
  #extension: { readonly flag: ExtensionFlag; readonly body: Buffer } | undefined;
  #extensions: Extensions = {};
  #pending = false;
  #headers = 0;

  constructor(sink: TarSink, options: TarReaderOptions) {
    this.#sink = sink;
    this.#what = options.what;
    this.#limits = options.limits;
  }

  /** Takes the next bytes of the archive. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
  }

  /** No more bytes: throws unless the archive stops after a complete member (hostile-inputs A26, A27). */
  end(): void {
    if (this.#phase === 'end') return;
    if (this.#phase !== 'header' || this.#blockFill > 0) throw archiveError(this.#what, 'the archive is cut short');
    this.#requireNothingPending();
  }

  #step(chunk: Buffer, at: number): number {
    if (this.#phase === 'header') return this.#readHeader(chunk, at);
    if (this.#phase === 'end') return this.#readEnd(chunk, at);
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#phase === 'data') this.#sink.data(chunk, at, end);
    else if (this.#extension !== undefined) chunk.copy(this.#extension.body, this.#filled(end - at), at, end);
    if (this.#remaining === 0) this.#complete();
    return end;
  }

  /** Where in the extension's body the bytes just taken belong. */
  #filled(taken: number): number {
    return (this.#extension?.body.length ?? 0) - this.#remaining - taken;
  }

  #readHeader(chunk: Buffer, at: number): number {
    const wanted = BLOCK_BYTES - this.#blockFill;
    const end = Math.min(chunk.length, at + wanted);
    if (wanted === BLOCK_BYTES && end - at === BLOCK_BYTES) {
      this.#takeHeader(chunk.subarray(at, end));
      return end;
    }
    chunk.copy(this.#block, this.#blockFill, at, end);
    this.#blockFill += end - at;
    if (this.#blockFill === BLOCK_BYTES) {
      this.#blockFill = 0;
      this.#takeHeader(this.#block);
    }
    return end;
  }

  /** After the first block of zeros there must be nothing else: other tools might read on. */
  #readEnd(chunk: Buffer, at: number): number {
    if (!isZero(chunk, at, chunk.length)) throw archiveError(this.#what, 'data follows the end of the archive');
    return chunk.length;
  }

  #takeHeader(block: Buffer): void {
    if (isZero(block, 0, BLOCK_BYTES)) {
      this.#requireNothingPending();
      this.#phase = 'end';
      return;
    }
    this.#headers += 1;
    if (this.#headers > this.#limits.tarEntries) throw limitError(this.#what, 'tarEntries', this.#limits.tarEntries);
    const header = parseHeader(block);
    if (typeof header === 'string') throw archiveError(this.#what, header);
    const { typeFlag } = header;
    if (typeFlag === 'x' || typeFlag === 'g' || typeFlag === 'L' || typeFlag === 'K') {
      this.#beginExtension(typeFlag, header);
    } else {
      this.#beginMember(header);
    }
  }

  #beginMember(header: TarHeader): void {
    const member = resolveMember(header, this.#extensions);
    if (typeof member === 'string') {
      throw memberError(this.#what, effectiveName(header, this.#extensions).toString(), member);
    }
    this.#extensions = {};
    this.#pending = false;
    this.#sink.begin(member);
    this.#enter('data', member.sizeBytes);
  }

  #beginExtension(flag: ExtensionFlag, header: TarHeader): void {
    const isLong = flag === 'L' || flag === 'K';
    const limit = isLong ? 'tarHeaderValueBytes' : 'tarHeaderBytes';
    if (header.sizeBytes > this.#limits[limit]) throw limitError(this.#what, limit, this.#limits[limit]);
    if (this.#conflicts(flag)) throw archiveError(this.#what, `an extended header of type ${flag} is out of place`);
    this.#extension = { flag, body: Buffer.alloc(header.sizeBytes) };
    this.#enter('extension', header.sizeBytes);
  }

  /** Only one `x`, or one `L` and one `K`, may stand before a member. */
  #conflicts(flag: ExtensionFlag): boolean {
    if (!this.#pending) return false;
    if (flag === 'x' || flag === 'g' || this.#extensions.pax !== undefined) return true;
    return (flag === 'L' ? this.#extensions.longName : this.#extensions.longLink) !== undefined;
  }

  #enter(phase: 'data' | 'extension', sizeBytes: number): void {
    this.#phase = phase;
    this.#remaining = sizeBytes;
    this.#padding = paddingAfter(sizeBytes);
    if (sizeBytes === 0) this.#complete();
  }

  #complete(): void {
    if (this.#phase === 'data') this.#sink.finish();
    if (this.#phase === 'extension') this.#takeExtension();
    this.#phase = this.#padding === 0 ? 'header' : 'padding';
    this.#remaining = this.#padding;
    this.#padding = 0;
  }

  #takeExtension(): void {
    if (this.#extension === undefined) return;
    const { flag, body } = this.#extension;
    this.#extension = undefined;
    if (flag === 'g') {
      const refusal = refuseGlobal(this.#parsePax(body));
      if (refusal !== undefined) throw archiveError(this.#what, refusal);
      return;
    }
    this.#pending = true;
    if (flag === 'x') this.#extensions = { pax: this.#parsePax(body) };
    else if (flag === 'L') this.#extensions = { ...this.#extensions, longName: withoutFinalNuls(body) };
    else this.#extensions = { ...this.#extensions, longLink: withoutFinalNuls(body) };
  }

  #parsePax(body: Buffer): PaxRecords {
    const records = parsePaxRecords(body);
    if (typeof records === 'string') throw archiveError(this.#what, records);
    const limit = this.#limits.tarHeaderValueBytes;
    for (const value of records.values()) {
      if (value.length > limit) throw limitError(this.#what, 'tarHeaderValueBytes', limit);
    }
    return records;
  }

  #requireNothingPending(): void {
    if (this.#pending) throw archiveError(this.#what, 'an extended header is followed by no member');
  }
}

function withoutFinalNuls(body: Buffer): Buffer {
  let end = body.length;
  while (end > 0 && body[end - 1] === 0) end -= 1;
  return body.subarray(0, end);
}
