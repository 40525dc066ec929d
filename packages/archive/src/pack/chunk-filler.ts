/** Large enough that a round trip through the thread pool costs little beside the compression of one. */
const CHUNK_BYTES = 256 * 1024;

/** Collects small pieces into large chunks. The generators yield each chunk that is full; nobody writes to it afterwards. */
export class ChunkFiller {
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;
  #sizeBytes = 0;

  /** Bytes taken in all. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Lets `read` put at most `wanted` bytes into the chunk at hand, and returns how many it put there. */
  fill(wanted: number, read: (chunk: Buffer, start: number, length: number) => number): number {
    const taken = read(this.#chunk, this.#used, Math.min(wanted, CHUNK_BYTES - this.#used));
    this.#used += taken;
    this.#sizeBytes += taken;
    return taken;
  }

  *append(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      at += this.fill(bytes.length - at, (chunk, start, length) => {
        chunk.set(bytes.subarray(at, at + length), start);
        return length;
      });
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
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    this.#used = 0;
    yield chunk;
  }
}
