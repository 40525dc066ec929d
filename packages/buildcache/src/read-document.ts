import { readAll } from '@berth/base';
import { type CallOptions, type ObjectStore } from './mirror.ts';

export interface ReadDocumentOptions extends CallOptions {
  /** Names the document in messages. */
  readonly what: string;
  readonly maxBytes: number;
}

/** A small object whole, or `undefined` when it is not there. Rejects with `limit` above `maxBytes`. */
export async function readDocument(
  store: ObjectStore,
  key: string,
  { signal, what, maxBytes }: ReadDocumentOptions,
): Promise<{ readonly bytes: Buffer; readonly etag: string | undefined } | undefined> {
  const object = await store.get(key, { signal });
  if (object === undefined) return undefined;
  return { bytes: await readAll(object.body, { what, maxBytes }), etag: object.etag };
}
