import { setTimeout as sleep } from 'node:timers/promises';
import { isPreconditionFailed } from './failures.ts';
import { type CallOptions } from './mirror.ts';

export interface ContentionOptions extends CallOptions {
  /** How often to try in all before giving up with `busy`. */
  readonly attempts: number;
  /** The longest pause between two attempts. */
  readonly maxPauseMs: number;
}

const FIRST_PAUSE_MS = 5;

/** Repeats `attempt` while it loses against other writers (ERR_PRECONDITION), with growing random pauses. */
export async function retryContention<T>(
  { signal, attempts, maxPauseMs }: ContentionOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!isPreconditionFailed(error) || tried >= attempts) throw error;
    }
    const ceiling = Math.min(maxPauseMs, FIRST_PAUSE_MS * 2 ** tried);
    await sleep(Math.random() * ceiling, undefined, { signal });
  }
}
