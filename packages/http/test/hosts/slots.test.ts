import { expect, test } from '@jest/globals';
import { Slots } from '../../src/hosts/slots.ts';
import { failureOf } from '../support/client.ts';

const { signal } = new AbortController();

test('T07: no more than the number run, and those who wait come in their order', async () => {
  const slots = new Slots({ host: 'h', most: 2, mostWaiting: 10 });
  const order: number[] = [];
  const [first, second] = [await slots.acquire(signal), await slots.acquire(signal)];
  const waiting = [3, 4].map(async (number) => {
    const slot = await slots.acquire(signal);
    order.push(number);
    return slot;
  });
  first.release();
  first.release();
  await waiting[0];
  expect(order).toEqual([3]);
  second.release();
  await waiting[1];
  expect(order).toEqual([3, 4]);
});

test('T07: the number halves once for all refusals of a round and grows back by successes', async () => {
  const slots = new Slots({ host: 'h', most: 8, mostWaiting: 10 });
  const round = await Promise.all(Array.from({ length: 8 }, () => slots.acquire(signal)));
  for (const slot of round) slot.overloaded();
  expect(slots.allowed).toBe(4);
  for (const slot of round) slot.release();
  for (let time = 0; time < 4; time += 1) {
    const slot = await slots.acquire(signal);
    slot.succeeded();
    slot.release();
  }
  expect(slots.allowed).toBe(5);
});

test('T07: one request may always run', async () => {
  const slots = new Slots({ host: 'h', most: 2, mostWaiting: 10 });
  for (let time = 0; time < 5; time += 1) {
    const slot = await slots.acquire(signal);
    slot.overloaded();
    slot.release();
  }
  expect(slots.allowed).toBe(1);
  expect(await slots.acquire(signal)).toBeDefined();
});

test('T07: a queue that is full refuses instead of growing', async () => {
  const slots = new Slots({ host: 'h', most: 1, mostWaiting: 1 });
  await slots.acquire(signal);
  void slots.acquire(signal);
  expect(await failureOf(slots.acquire(signal))).toMatchObject({ kind: 'limit', code: 'ERR_HTTP_QUEUE' });
});

test('who gives up waiting is gone from the queue', async () => {
  const slots = new Slots({ host: 'h', most: 1, mostWaiting: 1 });
  const first = await slots.acquire(signal);
  const controller = new AbortController();
  const given = failureOf(slots.acquire(controller.signal));
  controller.abort(new Error('enough'));
  expect(await given).toMatchObject({ message: 'enough' });
  const next = slots.acquire(signal);
  first.release();
  expect(await next).toBeDefined();
});
