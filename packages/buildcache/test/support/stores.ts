import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type BerthEvent, readAll } from '@berth/base';
import {
  checkKey,
  type MirrorConnection,
  type ObjectStore,
  preconditionFailed,
  type StoredObject,
} from '../../src/index.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/** An object store in memory, with what it was asked. */
export interface MemoryStore extends ObjectStore {
  readonly objects: Map<string, Buffer>;
  /** `get KEY`, `head KEY`, `put KEY`, in order. */
  readonly calls: string[];
  readonly put: NonNullable<ObjectStore['put']>;
}

export function createMemoryStore(options: { readonly conditionalWrites?: boolean } = {}): MemoryStore {
  const objects = new Map<string, Buffer>();
  const calls: string[] = [];
  const conditionalWrites = options.conditionalWrites ?? true;
  return {
    objects,
    calls,
    conditionalWrites,
    rangeReads: true,
    get: async (key, { signal, range, ifNoneMatch }) => {
      signal.throwIfAborted();
      calls.push(`get ${key}`);
      const bytes = objects.get(checkKey(key));
      return bytes && stored(bytes, { range, ifNoneMatch });
    },
    head: async (key, { signal }) => {
      signal.throwIfAborted();
      calls.push(`head ${key}`);
      const bytes = objects.get(checkKey(key));
      return bytes && { sizeBytes: bytes.byteLength, etag: tagOf(bytes) };
    },
    put: async (key, body, { signal, ifMatch, ifNoneMatch }) => {
      signal.throwIfAborted();
      calls.push(`put ${checkKey(key)}`);
      const bytes = await readAll(body.open({ signal }), { what: key, maxBytes: MAX_BYTES });
      if (bytes.byteLength !== body.sizeBytes) throw new Error(`${key}: body has another size than it says`);
      const current = objects.get(key);
      if (ifMatch !== undefined && (current === undefined || tagOf(current) !== ifMatch)) throw preconditionFailed(key);
      if (ifNoneMatch === '*' && current !== undefined) throw preconditionFailed(key);
      objects.set(key, bytes);
    },
    async *list(prefix) {
      for (const key of Array.from(objects.keys())) if (key.startsWith(prefix)) yield key;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function stored(
  bytes: Buffer,
  {
    range,
    ifNoneMatch,
  }: {
    readonly range?: { start: number; end?: number | undefined } | undefined;
    readonly ifNoneMatch?: string | undefined;
  },
): StoredObject {
  const etag = tagOf(bytes);
  const notModified = etag === ifNoneMatch;
  const part = notModified ? Buffer.alloc(0) : bytes.subarray(range?.start, range?.end);
  return { sizeBytes: bytes.byteLength, etag, notModified, body: Readable.from([part], { objectMode: false }) };
}

function tagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('hex')}"`;
}

/** The same store without one of its capabilities. */
export function withoutCapability(store: MemoryStore, capability: 'put' | 'list'): ObjectStore {
  const copy: Partial<MemoryStore> & ObjectStore = { ...store };
  if (capability === 'put') delete (copy as { put?: unknown }).put;
  else delete copy.list;
  return copy;
}

export const FIXTURES: string = join(import.meta.dirname, '../fixtures');

/** A store with the files of a fixture mirror. */
export function loadMirror(name: string): MemoryStore {
  const store = createMemoryStore();
  const root = join(FIXTURES, 'mirrors', name);
  for (const key of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(root, key)).isFile()) store.objects.set(key, readFileSync(join(root, key)));
  }
  return store;
}

export function connectionOf(overrides: Partial<MirrorConnection> = {}, events: BerthEvent[] = []): MirrorConnection {
  return {
    name: 'm',
    direction: 'fetch',
    url: 'file:///mirrors/m',
    settings: {},
    credentials: async () => undefined,
    cacheDir: undefined,
    emit: (event) => events.push(event),
    ...overrides,
  };
}

export const signal: AbortSignal = new AbortController().signal;

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what its vectors look like
export function readVectors<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', `${name}.json`), 'utf8')) as readonly T[];
}

export function readFixtureText(path: string): string {
  return readFileSync(join(FIXTURES, path), 'utf8');
}
