import { BerthError, type ExpectedBytes, type Sha256 } from '@berth/base';
import { createHash, type Hash } from 'node:crypto';

/** How far a download has come: every byte handed on is counted and hashed once, here. */
export class Progress {
  readonly #expected: ExpectedBytes;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  constructor(expected: ExpectedBytes) {
    this.#expected = expected;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True when the size is known and not yet reached. */
  get incomplete(): boolean {
    return this.#expected.sizeBytes !== undefined && this.#bytes < this.#expected.sizeBytes;
  }

  /** Of what has been handed on so far. */
  digestSoFar(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Throws `size` ERR_SIZE_MISMATCH when it is more than expected. */
  add(chunk: Uint8Array): void {
    const { sizeBytes, what } = this.#expected;
    if (sizeBytes !== undefined && this.#bytes + chunk.byteLength > sizeBytes) {
      throw mismatch('size', 'ERR_SIZE_MISMATCH', `${what}: expected ${sizeBytes} bytes, got more`);
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** Throws `size` ERR_SIZE_MISMATCH or `digest` ERR_DIGEST_MISMATCH when this is not everything that was expected. */
  finish(): void {
    const { sizeBytes, digest, what } = this.#expected;
    if (sizeBytes !== undefined && this.#bytes !== sizeBytes) {
      throw mismatch('size', 'ERR_SIZE_MISMATCH', `${what}: expected ${sizeBytes} bytes, got ${this.#bytes}`);
    }
    const found = digest === undefined ? undefined : (this.digestSoFar() as Sha256);
    if (found !== digest) {
      throw mismatch('digest', 'ERR_DIGEST_MISMATCH', `${what}: expected sha256:${digest}, got sha256:${found}`);
    }
  }
}

function mismatch(
  kind: 'size' | 'digest',
  code: 'ERR_SIZE_MISMATCH' | 'ERR_DIGEST_MISMATCH',
  message: string,
): BerthError {
  return new BerthError(kind, code, message, {
    hint: 'The bytes on the server are not the ones that were published: have them published again.',
  });
}
