import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLimiter, forEachLimited } from '@berth/base';

describe('createLimiter', () => {
  test('never runs more than its number at once and keeps the order of arrival', async () => {
    const limit = createLimiter(2);
    const started: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, (_, position) =>
        limit(async () => {
          started.push(position);
          running += 1;
          most = Math.max(most, running);
          await sleep(1);
          running -= 1;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a failed task frees its place', async () => {
    const limit = createLimiter(1);
    await expect(limit(() => Promise.reject(new Error('first')))).rejects.toThrow('first');
    await expect(limit(async () => 'second')).resolves.toBe('second');
  });
});

describe('forEachLimited', () => {
  test('aborts the siblings on the first failure, waits for them and rethrows it', async () => {
    const { signal } = new AbortController();
    const ended: string[] = [];
    const run = forEachLimited(['slow', 'bad', 'never'], { concurrency: 2, signal }, async (item, inner) => {
      if (item === 'bad') throw new Error('bad item');
      await sleep(10_000, undefined, { signal: inner }).catch(() => undefined);
      ended.push(item);
    });
    await expect(run).rejects.toThrow('bad item');
    expect(ended).toEqual(['slow']);
  });

  test('takes items of an async iterable one at a time', async () => {
    const { signal } = new AbortController();
    const seen: number[] = [];
    const numbers = (async function* () {
      for (let n = 0; n < 20; n += 1) {
        await sleep(0);
        yield n;
      }
    })();
    await forEachLimited(numbers, { concurrency: 4, signal }, async (n) => {
      seen.push(n);
    });
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('stops when the caller aborts', async () => {
    const controller = new AbortController();
    const run = forEachLimited([1, 2, 3], { concurrency: 1, signal: controller.signal }, async (n) => {
      if (n === 2) controller.abort();
    });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });
});
