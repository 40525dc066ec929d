/** The chunks of a stored archive, taken one by one, so that a reader that failed can be followed by one that drains. */
export class StoredChunks {
  readonly #chunks: AsyncIterator<Buffer, unknown>;
  readonly #onBytes: ((bytes: number) => void) | undefined;
  #head: Buffer | undefined;
  #sizeBytes = 0;

  constructor(chunks: AsyncIterable<Buffer>, onBytes: ((bytes: number) => void) | undefined) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#onBytes = onBytes;
  }

  /** Bytes received so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The next chunk, or `undefined` at the end. */
  readonly next = async (): Promise<Buffer | undefined> => {
    const head = this.#head;
    this.#head = undefined;
    return head ?? this.#receive();
  };

  /** The first bytes, at least `wanted` unless there are fewer, without taking them. */
  async peek(wanted: number): Promise<Buffer> {
    let head = this.#head ?? Buffer.alloc(0);
    while (head.length < wanted) {
      const chunk = await this.#receive();
      if (chunk === undefined) break;
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    }
    this.#head = head.length === 0 ? undefined : head;
    return head;
  }

  /** Receives the rest and drops it; rejects when it is not what was expected. */
  async drain(): Promise<void> {
    while ((await this.#receive()) !== undefined);
  }

  async #receive(): Promise<Buffer | undefined> {
    const result = await this.#chunks.next();
    if (result.done === true) return undefined;
    const chunk = result.value;
    this.#sizeBytes += chunk.length;
    this.#onBytes?.(chunk.length);
    return chunk;
  }
}
