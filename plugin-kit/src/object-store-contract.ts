import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { bytesSource, isAbortError, isBerthError, readAll } from '@berth/base';
import { type ByteRange, type ObjectStore } from '@berth/buildcache';
import { type ContractCase } from './contract.ts';

/** An empty store of the author's; `store` owns whatever else has to be cleaned up. */
export interface ObjectStoreContext extends AsyncDisposable {
  readonly store: ObjectStore;
  /** For a store without `put`: places an object by other means. */
  readonly place?: (key: string, bytes: Uint8Array) => Promise<void>;
}

type Put = NonNullable<ObjectStore['put']>;
type Case = ContractCase<ObjectStoreContext>;

const objectStoreCase = (each: Case): Case => each;

const signal = new AbortController().signal;
const KEY = 'v3/manifests/spec/a/a-1.0-h.spec.manifest.json';
const LARGE_BYTES = 5 * 1024 * 1024;

const canPut = ({ store }: ObjectStoreContext): boolean => store.put !== undefined;
const isConditional = ({ store }: ObjectStoreContext): boolean =>
  canPut({ store } as ObjectStoreContext) && store.conditionalWrites;

/** What every object store promises (`ObjectStore`). */
export const objectStoreContract: readonly Case[] = [
  objectStoreCase({
    name: 'an object that is not there is undefined, not an error',
    run: async ({ store }) => {
      assert.equal(await store.get(KEY, { signal }), undefined);
      assert.equal(await store.head(KEY, { signal }), undefined);
    },
  }),
  objectStoreCase({
    name: 'the bytes that were stored come back, with their size',
    run: async (context) => {
      await place(context, KEY, 'hello\n');
      assert.equal(await text(context.store, KEY), 'hello\n');
      assert.equal((await context.store.head(KEY, { signal }))?.sizeBytes, 6);
    },
  }),
  objectStoreCase({
    name: 'an empty object is an object',
    run: async (context) => {
      await place(context, KEY, '');
      assert.equal(await text(context.store, KEY), '');
      assert.equal((await context.store.head(KEY, { signal }))?.sizeBytes, 0);
    },
  }),
  objectStoreCase({
    name: 'an object of five megabytes comes back unchanged',
    run: async (context) => {
      const bytes = Buffer.alloc(LARGE_BYTES, 'berth');
      await place(context, KEY, bytes);
      assert.ok((await bytesOf(context.store, KEY)).equals(bytes));
    },
  }),
  objectStoreCase({
    name: 'keys keep their case, dots, pluses and underscores',
    run: async (context) => {
      for (const key of ['a/B_c+d.e-f', 'a/b_c+d.e-f', 'a/b']) await place(context, key, key);
      for (const key of ['a/B_c+d.e-f', 'a/b_c+d.e-f', 'a/b']) assert.equal(await text(context.store, key), key);
    },
  }),
  objectStoreCase({
    name: 'an object replaces the one before it as a whole',
    applies: canPut,
    run: async (context) => {
      await place(context, KEY, 'a long first version');
      await place(context, KEY, 'second');
      assert.equal(await text(context.store, KEY), 'second');
    },
  }),
  objectStoreCase({
    name: 'a body that fails half-way leaves the object as it was',
    applies: canPut,
    run: async (context) => {
      await place(context, KEY, 'before');
      const broken = { sizeBytes: 100, open: () => Readable.from(failingChunks(), { objectMode: false }) };
      await assert.rejects(put(context.store)(KEY, broken, { signal }));
      assert.equal(await text(context.store, KEY), 'before');
      assert.deepEqual(await keys(context.store, ''), context.store.list === undefined ? undefined : [KEY]);
    },
  }),
  objectStoreCase({
    name: 'a body shorter than it says is refused',
    applies: canPut,
    run: async ({ store }) => {
      const short = { ...bytesSource('abc'), sizeBytes: 10 };
      await assert.rejects(put(store)(KEY, short, { signal }));
      assert.equal(await store.head(KEY, { signal }), undefined);
    },
  }),
  objectStoreCase({
    name: 'a key that leaves the store is refused',
    applies: canPut,
    run: async ({ store }) => {
      for (const key of ['../x', 'a/../../x', '/x', 'a//b', '']) {
        await assert.rejects(async () => put(store)(key, bytesSource('x'), { signal }), key);
      }
    },
  }),
  objectStoreCase({
    name: 'an aborted signal rejects with its reason or an abort error',
    run: async ({ store }) => {
      const aborted = AbortSignal.abort();
      const isAbort = (error: unknown): boolean => error === aborted.reason || isAbortError(error);
      await assert.rejects(store.get(KEY, { signal: aborted }), isAbort);
    },
  }),
  objectStoreCase({
    name: 'ranges: exactly the bytes asked for, whatever lies beyond the end',
    applies: ({ store }) => store.rangeReads,
    run: async (context) => {
      await place(context, KEY, '0123456789');
      assert.equal(await text(context.store, KEY, { start: 3, end: 6 }), '345');
      assert.equal(await text(context.store, KEY, { start: 7 }), '789');
      assert.equal(await text(context.store, KEY, { start: 8, end: 100 }), '89');
    },
  }),
  objectStoreCase({
    name: 'ranges: of a large object',
    applies: ({ store }) => store.rangeReads,
    run: async (context) => {
      const bytes = Buffer.from(Array.from({ length: LARGE_BYTES }, (_, at) => at % 251));
      await place(context, KEY, bytes);
      const range = { start: 3_000_001, end: 3_000_777 };
      assert.ok((await bytesOf(context.store, KEY, range)).equals(bytes.subarray(range.start, range.end)));
    },
  }),
  objectStoreCase({
    name: 'conditional reads: an unchanged object is not sent again',
    applies: isConditional,
    run: async (context) => {
      await place(context, KEY, 'one');
      const etag = await tag(context.store, KEY);
      const same = await context.store.get(KEY, { signal, ifNoneMatch: etag });
      assert.equal(same?.notModified, true);
      same.body.destroy();
      await place(context, KEY, 'two');
      const changed = await context.store.get(KEY, { signal, ifNoneMatch: etag });
      assert.equal(changed?.notModified, false);
      assert.equal(await contentOf(changed.body), 'two');
    },
  }),
  objectStoreCase({
    name: 'conditional writes: "only if absent" never replaces',
    applies: isConditional,
    run: async ({ store }) => {
      await put(store)(KEY, bytesSource('first'), { signal, ifNoneMatch: '*' });
      await assert.rejects(put(store)(KEY, bytesSource('second'), { signal, ifNoneMatch: '*' }), isPrecondition);
      assert.equal(await text(store, KEY), 'first');
    },
  }),
  objectStoreCase({
    name: 'conditional writes: a stale tag is refused and a fresh one accepted',
    applies: isConditional,
    run: async (context) => {
      const { store } = context;
      await place(context, KEY, 'one');
      const stale = await tag(store, KEY);
      await put(store)(KEY, bytesSource('two'), { signal, ifMatch: stale });
      await assert.rejects(put(store)(KEY, bytesSource('three'), { signal, ifMatch: stale }), isPrecondition);
      await put(store)(KEY, bytesSource('four'), { signal, ifMatch: await tag(store, KEY) });
      assert.equal(await text(store, KEY), 'four');
    },
  }),
  objectStoreCase({
    name: 'conditional writes: an object that is gone matches no tag',
    applies: (context) => isConditional(context) && context.store.delete !== undefined,
    run: async (context) => {
      await place(context, KEY, 'one');
      const etag = await tag(context.store, KEY);
      await context.store.delete?.(KEY, { signal });
      await assert.rejects(put(context.store)(KEY, bytesSource('two'), { signal, ifMatch: etag }), isPrecondition);
    },
  }),
  objectStoreCase({
    name: 'conditional writes: of eight writers at once none is lost',
    applies: isConditional,
    run: async (context) => {
      await place(context, KEY, '');
      const writers = Array.from({ length: 8 }, (_, writer) => appendLines(context.store, `w${writer}`, 5));
      await Promise.all(writers);
      const lines = (await text(context.store, KEY)).trimEnd().split('\n');
      assert.equal(new Set(lines).size, 40);
      assert.equal(lines.length, 40);
    },
  }),
  objectStoreCase({
    name: 'a listing has every key below the prefix and no other',
    applies: ({ store }) => store.list !== undefined,
    run: async (context) => {
      const inside = ['v3/a', 'v3/b/c', 'v3/b/d/e'];
      for (const key of [...inside, 'v3x/f', 'blobs/g']) await place(context, key, key);
      assert.deepEqual(await keys(context.store, 'v3/'), inside);
      assert.deepEqual(await keys(context.store, 'v3/b/'), ['v3/b/c', 'v3/b/d/e']);
      assert.deepEqual(await keys(context.store, 'none/'), []);
    },
  }),
  objectStoreCase({
    name: 'a listing can be left half-way',
    applies: ({ store }) => store.list !== undefined,
    run: async (context) => {
      for (const key of ['v3/a', 'v3/b', 'v3/c']) await place(context, key, key);
      for await (const key of context.store.list?.('v3/', { signal }) ?? []) {
        assert.ok(key.startsWith('v3/'));
        break;
      }
    },
  }),
  objectStoreCase({
    name: 'deleting removes the object, and deleting what is not there succeeds',
    applies: ({ store }) => store.delete !== undefined,
    run: async (context) => {
      await place(context, KEY, 'x');
      await context.store.delete?.(KEY, { signal });
      assert.equal(await context.store.head(KEY, { signal }), undefined);
      await context.store.delete?.(KEY, { signal });
    },
  }),
  objectStoreCase({
    name: 'a copy is an object of its own',
    applies: ({ store }) => store.copy !== undefined,
    run: async (context) => {
      await place(context, KEY, 'one');
      await context.store.copy?.(KEY, 'v3/copy', { signal });
      await place(context, KEY, 'two');
      assert.equal(await text(context.store, 'v3/copy'), 'one');
    },
  }),
];

function put(store: ObjectStore): Put {
  return async (key, body, options) => {
    assert.ok(store.put !== undefined);
    return store.put(key, body, options);
  };
}

async function place(
  { store, place: other }: ObjectStoreContext,
  key: string,
  content: string | Buffer,
): Promise<void> {
  if (store.put === undefined) await other?.(key, Buffer.from(content));
  else await store.put(key, bytesSource(content), { signal });
}

async function bytesOf(store: ObjectStore, key: string, range?: ByteRange): Promise<Buffer> {
  const object = await store.get(key, { signal, range });
  assert.ok(object, key);
  return readAll(object.body, { what: key, maxBytes: 2 * LARGE_BYTES });
}

async function text(store: ObjectStore, key: string, range?: ByteRange): Promise<string> {
  return (await bytesOf(store, key, range)).toString();
}

async function contentOf(body: Readable): Promise<string> {
  return (await readAll(body, { what: KEY, maxBytes: LARGE_BYTES })).toString();
}

async function tag(store: ObjectStore, key: string): Promise<string> {
  const etag = (await store.head(key, { signal }))?.etag;
  assert.ok(etag, 'a store with conditional writes tells ETags');
  return etag;
}

async function keys(store: ObjectStore, prefix: string): Promise<readonly string[] | undefined> {
  if (store.list === undefined) return undefined;
  const found: string[] = [];
  for await (const key of store.list(prefix, { signal })) found.push(key);
  return found.sort();
}

async function appendLines(store: ObjectStore, writer: string, count: number): Promise<void> {
  for (let line = 0; line < count;) {
    const current = await store.get(KEY, { signal });
    assert.ok(current?.etag);
    const next = `${await contentOf(current.body)}${writer}-${line}\n`;
    try {
      await put(store)(KEY, bytesSource(next), { signal, ifMatch: current.etag });
      line += 1;
    } catch (error) {
      if (!isPrecondition(error)) throw error;
    }
  }
}

function isPrecondition(error: unknown): boolean {
  return isBerthError(error, 'ERR_PRECONDITION');
}

function* failingChunks(): Iterable<Buffer> {
  yield Buffer.from('half of it');
  throw new Error('the source broke');
}
