import { createHash } from 'node:crypto';
import { changed, type Running } from './running.ts';

/** Leaves out what is before the range and what was handed on already, and checks that the latter is still the same. */
export class Skipper {
  readonly #running: Running;
  readonly #handedOn: string;
  readonly #hash = createHash('sha256');
  #before: number;
  #again: number;

  constructor(running: Running, at: number) {
    const start = running.wanted.range?.start ?? 0;
    this.#running = running;
    this.#before = Math.max(0, start - at);
    this.#again = Math.max(0, start + running.progress.bytes - Math.max(at, start));
    this.#handedOn = this.#again === 0 ? '' : running.progress.digestSoFar();
  }

  /** What of `chunk` is new. Throws `protocol` ERR_HTTP_CHANGED. */
  fresh(chunk: Uint8Array): Uint8Array {
    const inRange = chunk.subarray(this.#before);
    this.#before = Math.max(0, this.#before - chunk.byteLength);
    if (this.#again === 0) return inRange;
    const repeated = inRange.subarray(0, this.#again);
    this.#hash.update(repeated);
    this.#again -= repeated.byteLength;
    if (this.#again === 0 && this.#hash.digest('hex') !== this.#handedOn)
      throw changed(this.#running, 'it changed meanwhile');
    return inRange.subarray(repeated.byteLength);
  }

  /** At the end of the answer. Throws `protocol` ERR_HTTP_CHANGED when not even the old bytes are all there. */
  finish(): void {
    if (this.#again > 0) throw changed(this.#running, 'it became shorter meanwhile');
  }
}
