import { bytesSource, type ByteSource, type Sha256 } from '@berth/base';
import { isPreconditionFailed } from '../failures.ts';
import { type CallOptions, type ObjectStore, type StoredObjectInfo } from '../mirror.ts';
import { blobKey, LAYOUT_DOCUMENT, LAYOUT_KEY } from './keys.ts';

/** An object store that can be written. */
export type WritableStore = ObjectStore & Required<Pick<ObjectStore, 'put'>>;

export function isWritable(store: ObjectStore): store is WritableStore {
  return store.put !== undefined;
}

/** A blob by its digest, and its bytes. */
export interface NamedBlob {
  readonly source: ByteSource;
  readonly digest: Sha256;
}

/** Some way below the youngest blob that is pruned unless somebody asks for it: what is older is written again. */
const FRESH_MS = 60 * 60 * 1000;

/**
 * Uploads a blob unless the store has one of its size under its digest: a truncated one is replaced (hostile-inputs F03), and so is one
 * so old that it may be pruned before the document that names it is there (X13). `force` uploads in any case.
 */
export async function uploadBlob(
  store: WritableStore,
  blob: NamedBlob,
  { signal, force = false }: CallOptions & { readonly force?: boolean | undefined },
): Promise<'uploaded' | 'present'> {
  const key = blobKey(blob.digest);
  const present = force ? undefined : await store.head(key, { signal });
  if (present?.sizeBytes === blob.source.sizeBytes && !isOld(present)) return 'present';
  await store.put(key, blob.source, { signal });
  return 'uploaded';
}

function isOld({ modifiedAt }: StoredObjectInfo): boolean {
  return modifiedAt !== undefined && Date.now() - modifiedAt.getTime() > FRESH_MS;
}

/** A document and the blobs that it names. */
export interface NamedDocument {
  readonly key: string;
  readonly document: Uint8Array | string;
  readonly blobs: readonly NamedBlob[];
}

/**
 * Uploads blobs, then the document that names them. Until that is written readers see what was there before (hostile-inputs K01, K10);
 * a blob that was found and went away meanwhile is uploaded after all (X13).
 */
export async function uploadDocument(
  store: WritableStore,
  { key, document, blobs }: NamedDocument,
  options: CallOptions & { readonly force?: boolean | undefined },
): Promise<void> {
  const { signal } = options;
  const found: NamedBlob[] = [];
  for (const blob of blobs) if ((await uploadBlob(store, blob, options)) === 'present') found.push(blob);
  await ensureLayout(store, options);
  await store.put(key, bytesSource(document), { signal });
  for (const blob of found) await uploadBlob(store, blob, { signal });
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
