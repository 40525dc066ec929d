import { type FileHandle } from 'node:fs/promises';

/** Files up to this size are read in one piece. */
export const WINDOW_BYTES: number = 4 * 1024 * 1024;

/** A part of a file; what is left undecided is shown again at the start of the next part. */
export interface FileWindow {
  readonly bytes: Buffer;
  /** Offset of `bytes` in the file. */
  readonly base: number;
  /** Nothing comes after it. */
  readonly final: boolean;
}

export interface ScanOptions {
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** Memory of one window; larger than anything `visit` may leave undecided. */
  readonly windowBytes?: number;
  /** Stop here instead of at the end of the file. */
  readonly endOffset?: number;
}

/**
 * Shows a file window by window. `visit` returns how many bytes of the window it has decided, or `undefined` to stop. The
 * bytes are only valid during the call.
 */
export async function scanFile(
  file: FileHandle,
  options: ScanOptions,
  visit: (window: FileWindow) => number | undefined | Promise<number | undefined>,
): Promise<void> {
  const end = Math.min(options.sizeBytes, options.endOffset ?? options.sizeBytes);
  const buffer = Buffer.allocUnsafe(Math.min(Math.max(end, 1), options.windowBytes ?? WINDOW_BYTES));
  let base = 0;
  let filled = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const wanted = Math.min(buffer.length - filled, end - base - filled);
    const count = wanted === 0 ? 0 : (await file.read(buffer, filled, wanted, base + filled)).bytesRead;
    filled += count;
    const final = base + filled >= end || (count === 0 && wanted > 0);
    const decided = await visit({ bytes: buffer.subarray(0, filled), base, final });
    if (decided === undefined || final) return;
    buffer.copyWithin(0, decided, filled);
    base += decided;
    filled -= decided;
  }
}
