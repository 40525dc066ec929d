import { type ByteSource, isBerthError, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type FormattedDocument } from '../image/format-document.ts';
import { type Registry } from '../registry.ts';

/** A blob that a manifest names, and where its bytes come from. */
export interface NamedBlob {
  readonly digest: Sha256;
  readonly source: ByteSource;
  /** Another repository of the same registry that has it. */
  readonly mountFrom?: string | undefined;
}

export interface PutManifestRequest {
  /** Tag or digest. */
  readonly reference: string;
  readonly manifest: FormattedDocument;
  /** What the manifest names and the repository may lack. */
  readonly blobs: readonly NamedBlob[];
  /** What it names and the repository had a moment ago. */
  readonly present?: readonly NamedBlob[];
}

/**
 * Puts the blobs of a manifest, then the manifest. Where the registry lacks a blob by then, because it was collected in between,
 * all are put once more (hostile-inputs R19).
 */
export async function putManifestWithBlobs(
  registry: Registry,
  { reference, manifest, blobs, present = [] }: PutManifestRequest,
  options: CallOptions,
): Promise<Sha256> {
  await putBlobs(registry, blobs, options);
  try {
    return await registry.putManifest(reference, manifest, options);
  } catch (error) {
    if (!isBerthError(error, 'ERR_OCI_BLOB_UNKNOWN')) throw error;
    await putBlobs(registry, [...present, ...blobs], options);
    return registry.putManifest(reference, manifest, options);
  }
}

async function putBlobs(registry: Registry, blobs: readonly NamedBlob[], { signal }: CallOptions): Promise<void> {
  for (const { digest, source, mountFrom } of blobs) {
    await registry.putBlob({ digest, source }, { signal, mountFrom });
  }
}
