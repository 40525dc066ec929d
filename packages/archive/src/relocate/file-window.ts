import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

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

/** Memory for one scan at a time: new memory for each of many files would keep the garbage collector busy. */
export class WindowMemory {
  #bytes: Buffer = Buffer.alloc(0);

  take(sizeBytes: number): Buffer {
    if (this.#bytes.length < sizeBytes) this.#bytes = Buffer.allocUnsafe(Math.max(sizeBytes, 2 * this.#bytes.length));
    return this.#bytes.subarray(0, sizeBytes);
  }
}

export interface ScanOptions {
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  readonly memory?: WindowMemory | undefined;
  /** Memory of one window; larger than anything `visit` may leave undecided. */
  readonly windowBytes?: number;
  /** Stop here instead of at the end of the file. */
  readonly endOffset?: number;
}

/**
 * Shows an open file window by window. `visit` returns how many bytes of the window it has decided, or `undefined` to stop. The
 * bytes are only valid during the call. Reads at once, as most files are one window, and lets the event loop turn between windows.
 */
export async function scanFile(
  descriptor: number,
  options: ScanOptions,
  visit: (window: FileWindow) => number | undefined,
): Promise<void> {
  const { memory = new WindowMemory(), windowBytes = WINDOW_BYTES, signal } = options;
  const end = Math.min(options.sizeBytes, options.endOffset ?? options.sizeBytes);
  const buffer = memory.take(Math.min(Math.max(end, 1), windowBytes));
  let base = 0;
  let filled = 0;
  for (;;) {
    const wanted = Math.min(buffer.length - filled, end - base - filled);
    const count = wanted === 0 ? 0 : readSync(descriptor, buffer, filled, wanted, base + filled);
    filled += count;
    const final = base + filled >= end || (count === 0 && wanted > 0);
    const decided = visit({ bytes: buffer.subarray(0, filled), base, final });
    if (decided === undefined || final) return;
    buffer.copyWithin(0, decided, filled);
    base += decided;
    filled -= decided;
    await setImmediate();
    signal.throwIfAborted();
  }
}
