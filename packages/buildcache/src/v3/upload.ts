import { bytesSource, type ByteSource, type Sha256 } from '@berth/base';
import { isPreconditionFailed } from '../failures.ts';
import { type CallOptions, type ObjectStore } from '../mirror.ts';
import { blobKey, LAYOUT_DOCUMENT, LAYOUT_KEY } from './keys.ts';

/** An object store that can be written. */
export type WritableStore = ObjectStore & Required<Pick<ObjectStore, 'put'>>;

export function isWritable(store: ObjectStore): store is WritableStore {
  return store.put !== undefined;
}

/**
 * Uploads a blob unless the store has one of its size under its digest: a truncated one is replaced (hostile-inputs F03). `force`
 * uploads in any case.
 */
export async function uploadBlob(
  store: WritableStore,
  blob: { readonly source: ByteSource; readonly digest: Sha256 },
  { signal, force = false }: CallOptions & { readonly force?: boolean },
): Promise<void> {
  const key = blobKey(blob.digest);
  const present = force ? undefined : await store.head(key, { signal });
  if (present?.sizeBytes === blob.source.sizeBytes) return;
  await store.put(key, blob.source, { signal });
}

/** Writes `v3/layout.json` if it is missing. */
export async function ensureLayout(store: WritableStore, { signal }: CallOptions): Promise<void> {
  if ((await store.head(LAYOUT_KEY, { signal })) !== undefined) return;
  try {
    await store.put(
      LAYOUT_KEY,
      bytesSource(LAYOUT_DOCUMENT),
      store.conditionalWrites ? { signal, ifNoneMatch: '*' } : { signal },
    );
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
  }
}
