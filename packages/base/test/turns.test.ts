import { expect, test } from '@jest/globals';
import { forEachInTurns } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);

function spend(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test('every item is taken once, in order, one at a time', async () => {
  const seen: string[] = [];
  await forEachInTurns([1, 2, 3], { signal }, async (item) => {
    seen.push(`begin ${item}`);
    await Promise.resolve();
    seen.push(`end ${item}`);
  });
  expect(seen).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
});

test('timers fire while long work goes on', async () => {
  let fired = 0;
  const timer = setInterval(() => (fired += 1), 1);
  await forEachInTurns(Array.from({ length: 10 }), { signal }, async () => {
    spend(11);
  });
  clearInterval(timer);
  expect(fired).toBeGreaterThan(2);
});

test('an abort ends the work with its reason, at the next turn', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  let count = 0;
  const work = forEachInTurns(Array.from({ length: 1000 }), { signal: abort.signal }, async () => {
    count += 1;
    spend(11);
    abort.abort(reason);
  });
  await expect(work).rejects.toBe(reason);
  expect(count).toBe(1);
  await expect(
    forEachInTurns([1], { signal: abort.signal }, async () => {
      count += 1;
    }),
  ).rejects.toBe(reason);
  expect(count).toBe(1);
});

test('the first failure is thrown, and nothing is taken after it', async () => {
  const seen: number[] = [];
  const failure = new Error('no');
  const work = forEachInTurns([1, 2, 3], { signal }, async (item) => {
    seen.push(item);
    if (item === 2) throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(seen).toEqual([1, 2]);
});
