import { type Readable } from 'node:stream';
import { type ByteSource, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';

/** A manifest or image index as a registry has it. */
export interface StoredManifest {
  readonly bytes: Buffer;
  /** As the registry states it: the `Content-Type` of the answer, or the media type of the descriptor in a layout. */
  readonly mediaType: string;
  /** Computed from the bytes. */
  readonly digest: Sha256;
  /** When it was last written, where the registry tells. */
  readonly modifiedAt?: Date | undefined;
}

/** What names a blob and bounds its transfer. */
export interface DigestDescriptor {
  readonly digest: Sha256;
  /** `undefined` when it is not known. */
  readonly sizeBytes: number | undefined;
}

export interface GetManifestOptions extends CallOptions {
  /** Media types, the preferred one first. */
  readonly accept: readonly string[];
}

/** What became of an upload. */
export type PutBlobOutcome = 'exists' | 'mounted' | 'uploaded';

/**
 * One repository of a registry, or an OCI image layout on disk: manifests by tag or digest, blobs by digest (OCI
 * distribution-spec 1.1). Optional members are capabilities.
 */
export interface Registry extends AsyncDisposable {
  /** For messages, secrets hidden: `ghcr.io/org/cache`. */
  readonly label: string;
  /**
   * By tag (`greet-1.0-….spack`) or digest (`sha256:…`); `undefined` when absent. The digest is computed from the bytes; asked by
   * digest it must match (`digest`, ERR_DIGEST_MISMATCH). Rejects with `limit` above 4 MiB.
   */
  getManifest(reference: string, options: GetManifestOptions): Promise<StoredManifest | undefined>;
  /** Stores a manifest under a tag or under its own digest; resolves to the digest of the bytes once it can be read back. */
  putManifest(
    reference: string,
    manifest: { readonly bytes: Buffer; readonly mediaType: string },
    options: CallOptions,
  ): Promise<Sha256>;
  /** Removes a manifest and the tags that point at it. Deleting what is not there succeeds. */
  deleteManifest?(digest: Sha256, options: CallOptions): Promise<void>;
  /** True when the blob is there and, where its size is known on both sides, has that size. */
  hasBlob(blob: DigestDescriptor, options: CallOptions): Promise<boolean>;
  /** Unverified bytes from `start` (0); they must be read to their end or destroyed. Rejects with `notfound`, ERR_BLOB_MISSING. */
  openBlob(blob: DigestDescriptor, options: CallOptions & { readonly start?: number | undefined }): Promise<Readable>;
  /** Makes the blob be there. With `mountFrom`, another repository of the same registry, it is taken from there if possible. */
  putBlob(
    blob: { readonly digest: Sha256; readonly source: ByteSource },
    options: CallOptions & { readonly mountFrom?: string | undefined },
  ): Promise<PutBlobOutcome>;
  /** Every tag, in any order, possibly repeated; rejects rather than end early. */
  listTags(options: CallOptions): AsyncIterable<string>;
}
