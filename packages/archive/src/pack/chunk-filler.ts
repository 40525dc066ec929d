/** Large enough that a round trip through the thread pool costs little beside the compression of one. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Collects small pieces into large chunks. The generators yield each chunk that is full; nobody writes to it afterwards, unless
 * it is recycled.
 */
export class ChunkFiller {
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #spare: Buffer | undefined;
  #used = 0;
  #sizeBytes = 0;

  /** Bytes taken in all. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Lets `read` put at most `wanted` bytes into the chunk at hand, and returns the bytes that it put there. */
  fill(wanted: number, read: (chunk: Buffer, start: number, length: number) => number): Buffer {
    const start = this.#used;
    const taken = read(this.#chunk, start, Math.min(wanted, CHUNK_BYTES - start));
    this.#used += taken;
    this.#sizeBytes += taken;
    return this.#chunk.subarray(start, this.#used);
  }

  *append(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      at += this.fill(bytes.length - at, (chunk, start, length) => {
        chunk.set(bytes.subarray(at, at + length), start);
        return length;
      }).length;
      yield* this.full();
    }
  }

  /** The chunk at hand, if there is no room left in it. */
  *full(): Generator<Buffer> {
    if (this.#used === CHUNK_BYTES) yield* this.rest();
  }

  /** What was collected since the last chunk. */
  *rest(): Generator<Buffer> {
    if (this.#used === 0) return;
    const chunk = this.#chunk.subarray(0, this.#used);
    this.#chunk = this.#spare ?? Buffer.allocUnsafe(CHUNK_BYTES);
    this.#spare = undefined;
    this.#used = 0;
    yield chunk;
  }

  /** Gives back a yielded chunk that nobody reads any more: new memory for each would keep the garbage collector busy. */
  recycle(chunk: Buffer): void {
    this.#spare = Buffer.from(chunk.buffer, chunk.byteOffset, CHUNK_BYTES);
  }
}
