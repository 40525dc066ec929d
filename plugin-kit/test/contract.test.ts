import { describe, expect, test } from '@jest/globals';
import { bytesSource } from '@berth/base';
import { type Mirror, objectStoreMirror, type ObjectStore } from '@berth/buildcache';
import {
  connectionOf,
  createMemoryStore,
  type MemoryStore,
  withoutCapability,
} from '../../packages/buildcache/test/support/stores.ts';
import {
  type CaseOutcome,
  formatTap,
  mirrorContract,
  objectStoreContract,
  runContract,
  runSubject,
} from '../src/index.ts';

const nothing = async (): Promise<void> => undefined;
const runStore = (store: () => ObjectStore): Promise<readonly CaseOutcome[]> =>
  runContract(objectStoreContract, async () => ({ store: store(), [Symbol.asyncDispose]: nothing }));
const runMirror = (mirror: () => Mirror): Promise<readonly CaseOutcome[]> =>
  runContract(mirrorContract, async () => ({ mirror: mirror(), [Symbol.asyncDispose]: nothing }));
const mirrorOf = (store: ObjectStore): Mirror => objectStoreMirror(store, connectionOf());
const namesOf = (outcomes: readonly CaseOutcome[], status: CaseOutcome['status']): readonly string[] =>
  outcomes.filter((outcome) => outcome.status === status).map(({ name }) => name);

test('a right store and a right mirror pass every case', async () => {
  const outcomes = [...(await runStore(createMemoryStore)), ...(await runMirror(() => mirrorOf(createMemoryStore())))];
  expect(namesOf(outcomes, 'failed')).toEqual([]);
  expect(outcomes.length).toBeGreaterThanOrEqual(30);
});

test('what is not declared is skipped, not failed', async () => {
  const outcomes = await runMirror(() => mirrorOf(withoutCapability(createMemoryStore(), 'put')));
  expect(namesOf(outcomes, 'failed')).toEqual([]);
  expect(namesOf(outcomes, 'skipped').length).toBeGreaterThan(5);
});

describe('a store that breaks a promise is told which', () => {
  const broken: readonly [string, string, (store: MemoryStore) => ObjectStore][] = [
    [
      'ignores conditions',
      'conditional writes: "only if absent" never replaces',
      (store) => ({
        ...store,
        put: (key, body, { signal }) => store.put(key, body, { signal }),
      }),
    ],
    [
      'throws for what is missing',
      'an object that is not there is undefined, not an error',
      (store) => ({
        ...store,
        head: async (key, options) => {
          const info = await store.head(key, options);
          if (info === undefined) throw new Error('404');
          return info;
        },
      }),
    ],
    [
      'ignores ranges',
      'ranges: exactly the bytes asked for, whatever lies beyond the end',
      (store) => ({
        ...store,
        get: (key, { signal }) => store.get(key, { signal }),
      }),
    ],
    [
      'loses the end of large objects',
      'an object of five megabytes comes back unchanged',
      (store) => ({
        ...store,
        put: async (key, body, options) => {
          await store.put(key, body, options);
          store.objects.set(key, store.objects.get(key)?.subarray(0, 1024 * 1024) ?? Buffer.alloc(0));
        },
      }),
    ],
    [
      'lists by text and not by folder',
      'a listing has every key below the prefix and no other',
      (store) => ({
        ...store,
        list: (prefix, options) => store.list?.(prefix.slice(0, -1), options) ?? emptyList(),
      }),
    ],
    [
      'ignores an aborted signal',
      'an aborted signal rejects with its reason or an abort error',
      (store) => ({
        ...store,
        get: (key, options) => store.get(key, { ...options, signal: new AbortController().signal }),
      }),
    ],
    [
      'writes half an object',
      'a body that fails half-way leaves the object as it was',
      (store) => ({
        ...store,
        put: async (key, body, options) => {
          await store.put(key, bytesSource('half of it'), options);
          await store.put(key, body, options);
        },
      }),
    ],
  ];
  test.each(broken)('it %s: "%s"', async (_what, name, breakIt) => {
    expect(namesOf(await runStore(() => breakIt(createMemoryStore())), 'failed')).toContain(name);
  });
});

describe('a mirror that breaks a promise is told which', () => {
  const broken: readonly [string, string, (mirror: Mirror) => Mirror][] = [
    [
      'says that everything exists',
      'an empty mirror has no package, no listing and no index',
      (mirror) => ({
        ...mirror,
        exists: async () => true,
      }),
    ],
    [
      'does not publish',
      'a published package is found, by its spec and by its name, version and hash',
      (mirror) => ({
        ...mirror,
        publish: async () => 'published',
      }),
    ],
    [
      'ignores force',
      'publishing again changes nothing unless it is forced',
      (mirror) => ({
        ...mirror,
        publish: async (publication, { signal }) => (await mirror.publish?.(publication, { signal })) ?? 'exists',
      }),
    ],
    [
      'drops the seal',
      'a seal that fails leaves the package unpublished',
      (mirror) => ({
        ...mirror,
        publish: async (publication, options) =>
          (await mirror.publish?.({ ...publication, seal: undefined }, options)) ?? 'exists',
      }),
    ],
  ];
  test.each(broken)('it %s: "%s"', async (_what, name, breakIt) => {
    expect(namesOf(await runMirror(() => breakIt(mirrorOf(createMemoryStore()))), 'failed')).toContain(name);
  });
});

test('a context that cannot be made fails its cases', async () => {
  const outcomes = await runContract(mirrorContract.slice(0, 2), async () => Promise.reject(new Error('no server')));
  expect(namesOf(outcomes, 'failed')).toHaveLength(2);
});

test('outcomes are printed as TAP', async () => {
  const store = { store: createMemoryStore(), [Symbol.asyncDispose]: nothing };
  const outcomes = await runSubject({ objectStore: async () => store });
  expect(formatTap(outcomes)).toContain(`1..${objectStoreContract.length}`);
  const text = formatTap([
    { name: 'a', status: 'passed' },
    { name: 'b', status: 'skipped' },
    { name: 'c', status: 'failed', error: new Error('two\nlines') },
  ]);
  expect(text).toBe('TAP version 13\nok 1 - a\nok 2 - b # SKIP not declared\nnot ok 3 - c\n# two\n# lines\n1..3\n');
});

async function* emptyList(): AsyncIterable<string> {
  // Nothing to list.
}
