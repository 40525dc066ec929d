import { randomBytes } from 'node:crypto';
import { type WriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError, DEFAULT_LIMITS, type ExpectedBytes, readAll, VerifyStream } from '@berth/base';

/** Bytes that can be read from any offset, however many they are. */
export interface RandomAccess {
  readonly sizeBytes: number;
  /** Bytes from `start` up to but not including `end`. */
  read(start: number, end: number): Promise<Buffer>;
  stream(start: number, end: number): Readable;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Up to this many bytes an index is kept in memory; a larger one stays in a file. */
const MEMORY_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

export function memoryAccess(bytes: Buffer): RandomAccess {
  return {
    sizeBytes: bytes.byteLength,
    read: async (start, end) => bytes.subarray(start, end),
    stream: (start, end) => Readable.from([bytes.subarray(start, end)], { objectMode: false }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A file held open; it may be deleted or replaced meanwhile. */
export async function openFileAccess(path: string): Promise<RandomAccess> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  if (size <= MEMORY_BYTES) {
    try {
      return memoryAccess(await file.readFile());
    } finally {
      await file.close();
    }
  }
  const read = async (start: number, end: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  };
  return {
    sizeBytes: size,
    read,
    stream: (start, end) => Readable.from(chunksOf(read, start, end), { objectMode: false }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* chunksOf(read: RandomAccess['read'], start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const chunk = await read(at, Math.min(end, at + CHUNK_BYTES));
    if (chunk.byteLength === 0) return;
    at += chunk.byteLength;
    yield chunk;
  }
}

export interface SpoolOptions {
  readonly expected: ExpectedBytes;
  readonly signal: AbortSignal;
}

/** Verified bytes of `body`, in memory when they are few, else in an unnamed temporary file. */
export async function spool(body: Readable, { expected, signal }: SpoolOptions): Promise<RandomAccess> {
  const { sizeBytes, what } = expected;
  holdErrors(body);
  const verify = new VerifyStream(expected);
  if (sizeBytes !== undefined && sizeBytes <= MEMORY_BYTES) {
    const [, bytes] = await Promise.all([
      pipeline(body, verify, { signal }),
      readAll(verify, { what, maxBytes: MEMORY_BYTES }),
    ]);
    return memoryAccess(bytes);
  }
  const path = join(tmpdir(), `berth-${randomBytes(8).toString('hex')}.index`);
  try {
    await pipeline(body, limitBytes(what), verify, await openNewFile(path, 0o600), { signal });
    return await openFileAccess(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** Passes an index through and rejects with ERR_LIMIT once it is larger than any index may be. */
export function limitBytes(what: string): (chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* limit(chunks) {
    let left = DEFAULT_LIMITS.indexBytes;
    for await (const chunk of chunks) {
      left -= chunk.byteLength;
      if (left < 0)
        throw new BerthError(
          'limit',
          'ERR_LIMIT',
          `${what}: larger than the limit of ${DEFAULT_LIMITS.indexBytes} bytes`,
        );
      yield chunk;
    }
  };
}

/**
 * A stream into a file that must be new. The file is there when this resolves, so that whoever removes it after an abort removes it
 * for good: a stream that opens its file by itself may still create it later.
 */
export async function openNewFile(path: string, mode = 0o666): Promise<WriteStream> {
  const file = await open(path, 'wx', mode);
  return file.createWriteStream();
}

/** An error of `body` before it is connected must not end the process: the pipeline that connects it later reports it. */
export function holdErrors(body: Readable): Readable {
  return body.on('error', () => undefined);
}

/** Creates a folder and its parents. */
export async function ensureFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}
