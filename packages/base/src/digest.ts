import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { BerthError } from './errors.ts';

/** Lower-case hexadecimal SHA-256, 64 digits. The brand keeps bare strings out. */
export type Sha256 = string & { readonly __sha256: unique symbol };

const SHA256 = /^[0-9a-f]{64}$/;

/** True for exactly 64 lower-case hexadecimal digits. */
export function isSha256(text: string): text is Sha256 {
  return SHA256.test(text);
}

/** Rejects everything but 64 lower-case hexadecimal digits (hostile-inputs J12) with ERR_DIGEST_FORMAT. */
export function parseSha256(text: string, what: string): Sha256 {
  if (isSha256(text)) return text;
  throw new BerthError('format', 'ERR_DIGEST_FORMAT', `${what}: not a SHA-256 in 64 lower-case hexadecimal digits`, {
    details: { found: text.slice(0, 100) },
  });
}

export function sha256Of(bytes: Uint8Array | string): Sha256 {
  return createHash('sha256').update(bytes).digest('hex') as Sha256;
}

/** Hashes and counts what passes through, unchanged. */
export class DigestStream extends Transform {
  readonly #hash: Hash = createHash('sha256');
  #sizeBytes = 0;
  #digest: Sha256 | undefined;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Of everything seen; final once asked for. */
  get digest(): Sha256 {
    this.#digest ??= this.#hash.digest('hex') as Sha256;
    return this.#digest;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    done(null, chunk);
  }
}

export interface ExpectedBytes {
  /** Names the bytes in messages: `blob 63cee6… of greet@1.0 from mirror m`. */
  readonly what: string;
  readonly digest?: Sha256 | undefined;
  readonly sizeBytes?: number | undefined;
}

/**
 * Passes bytes through and fails when they are not the expected ones: `size` (ERR_SIZE_MISMATCH) as soon as one byte too
 * many arrives or the end comes early, `digest` (ERR_DIGEST_MISMATCH) at the end.
 */
export class VerifyStream extends DigestStream {
  readonly #expected: ExpectedBytes;

  constructor(expected: ExpectedBytes) {
    super();
    this.#expected = expected;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    const { sizeBytes, what } = this.#expected;
    if (sizeBytes !== undefined && this.sizeBytes + chunk.length > sizeBytes) {
      done(sizeMismatch(what, sizeBytes, `more than ${sizeBytes}`));
      return;
    }
    super._transform(chunk, encoding, done);
  }

  override _flush(done: TransformCallback): void {
    const { sizeBytes, digest, what } = this.#expected;
    if (sizeBytes !== undefined && this.sizeBytes !== sizeBytes) {
      done(sizeMismatch(what, sizeBytes, String(this.sizeBytes)));
      return;
    }
    if (digest !== undefined && this.digest !== digest) {
      done(digestMismatch(what, digest, this.digest));
      return;
    }
    done();
  }
}

function sizeMismatch(what: string, expected: number, found: string): BerthError {
  return new BerthError('size', 'ERR_SIZE_MISMATCH', `${what}: expected ${expected} bytes, got ${found}`, {
    hint: 'The bytes on the mirror are not the ones that were published: push the package again with --force.',
    details: { expected, found },
  });
}

function digestMismatch(what: string, expected: Sha256, found: Sha256): BerthError {
  return new BerthError('digest', 'ERR_DIGEST_MISMATCH', `${what}: expected sha256:${expected}, got sha256:${found}`, {
    hint: 'The bytes on the mirror are not the ones that were published: push the package again with --force.',
    details: { expected, found },
  });
}
