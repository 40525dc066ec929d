import { type Clock } from '../clock.ts';

export interface SteadyOptions {
  readonly clock: Clock;
  readonly windowMs: number;
  /** What must arrive in each `windowMs` of waiting. */
  readonly leastBytes: number;
  readonly stalled: () => unknown;
}

/**
 * Passes a body on and gives up on one that trickles (hostile-inputs R21). Only the time spent waiting for the server counts, so
 * that a slow reader is no stall.
 */
export async function* steady(
  body: AsyncIterable<Uint8Array>,
  { clock, windowMs, leastBytes, stalled }: SteadyOptions,
): AsyncIterable<Uint8Array> {
  let [waitedMs, bytes, askedAt] = [0, 0, clock.now()];
  for await (const chunk of body) {
    waitedMs += clock.now() - askedAt;
    bytes += chunk.byteLength;
    if (windowMs > 0 && waitedMs >= windowMs) {
      if (bytes < leastBytes) throw stalled();
      [waitedMs, bytes] = [0, 0];
    }
    yield chunk;
    askedAt = clock.now();
  }
}
