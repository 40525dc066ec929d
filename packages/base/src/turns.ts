import { setImmediate } from 'node:timers/promises';

/** Long enough to be worth it, short enough that streams and signals do not notice. */
const TURN_MS = 10;

/**
 * Calls `task` for each item, one after the other, and lets the event loop turn every few milliseconds. For many steps that take
 * microseconds each: there a system call costs less than the promise that would wait for it. The first failure is thrown.
 */
export async function forEachInTurns<T>(
  items: Iterable<T>,
  options: { readonly signal: AbortSignal },
  task: (item: T) => Promise<void>,
): Promise<void> {
  options.signal.throwIfAborted();
  let turnedAt = performance.now();
  for (const item of items) {
    await task(item);
    if (performance.now() - turnedAt < TURN_MS) continue;
    await setImmediate();
    options.signal.throwIfAborted();
    turnedAt = performance.now();
  }
}
