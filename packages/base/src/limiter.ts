import { setMaxListeners } from 'node:events';

/** Runs what it is given, at most a fixed number at a time, in the order of arrival. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

export function createLimiter(concurrency: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= concurrency) await new Promise<void>((resume) => waiting.push(resume));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

export interface ForEachOptions {
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/**
 * Calls `task` for each item, at most `concurrency` at a time. The first failure aborts the signal that the others were
 * given, waits for them and is then thrown.
 */
export async function forEachLimited<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: ForEachOptions,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const siblings = new AbortController();
  const signal = AbortSignal.any([options.signal, siblings.signal]);
  // All that runs at once listens to it: Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  let next: Promise<unknown> = Promise.resolve();

  const take = async (): Promise<IteratorResult<T, unknown>> => {
    // An iterator is asked for one item at a time, whoever asks.
    const turn = next.then(() => iterator.next());
    next = turn.catch(() => undefined);
    return turn;
  };
  const work = async (): Promise<void> => {
    try {
      while (failure === undefined) {
        signal.throwIfAborted();
        const item = await take();
        if (item.done === true) return;
        await task(item.value, signal);
      }
    } catch (error) {
      failure ??= { error };
      siblings.abort(error);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  await iterator.return?.();
  if (failure !== undefined) throw failure.error;
}
