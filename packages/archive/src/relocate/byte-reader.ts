import { readSync } from 'node:fs';

/** Random access to a file of known size. Never answers with bytes from outside it. */
export interface ByteReader {
  readonly sizeBytes: number;
  /** Exactly `length` bytes at `offset`, or `undefined` when the file does not have them all. */
  read(offset: number, length: number): Buffer | undefined;
}

export function bufferReader(bytes: Buffer): ByteReader {
  return {
    sizeBytes: bytes.length,
    read: (offset, length) =>
      inside(bytes.length, offset, length) ? bytes.subarray(offset, offset + length) : undefined,
  };
}

/** Reads an open file on demand: for the few tables of a file that is too large to hold. */
export function descriptorReader(fd: number, sizeBytes: number): ByteReader {
  return {
    sizeBytes,
    read: (offset, length) => {
      if (!inside(sizeBytes, offset, length)) return undefined;
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, bytes, done, length - done, offset + done);
        if (count === 0) return undefined;
        done += count;
      }
      return bytes;
    },
  };
}

function inside(sizeBytes: number, offset: number, length: number): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= sizeBytes
  );
}
