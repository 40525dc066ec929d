import { type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type PutBlobOutcome } from '../../registry.ts';
import { hasBlob } from '../blobs.ts';
import { type Repository } from '../repository.ts';
import { mountBlob, startSession } from './session.ts';
import { transferBlob, type UploadedBlob } from './transfer.ts';

export interface PutBlobOptions extends CallOptions {
  readonly mountFrom?: string | undefined;
}

/** The blobs on their way into one repository, and those it said it had and did not. */
export class BlobUploads {
  readonly #repository: Repository;
  readonly #running = new Map<Sha256, Promise<unknown>>();
  readonly #doubted = new Set<Sha256>();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** The next `put` of these does not believe the registry that they are there (hostile-inputs R19, R26). */
  doubt(digests: Iterable<Sha256>): void {
    for (const digest of digests) this.#doubted.add(digest);
  }

  /** As `Registry.putBlob`; who comes while the same blob is on its way waits for it. */
  async put(blob: UploadedBlob, options: PutBlobOptions): Promise<PutBlobOutcome> {
    for (let other = this.#running.get(blob.digest); other !== undefined; other = this.#running.get(blob.digest)) {
      // If it fails, the next one looks for itself.
      await other.catch(() => undefined);
    }
    const running = this.#put(blob, options);
    this.#running.set(blob.digest, running);
    try {
      return await running;
    } finally {
      this.#running.delete(blob.digest);
    }
  }

  async #put({ digest, source }: UploadedBlob, { mountFrom, signal }: PutBlobOptions): Promise<PutBlobOutcome> {
    const repository = this.#repository;
    const { sizeBytes } = source;
    const doubted = this.#doubted.has(digest);
    if (!doubted && (await hasBlob(repository, { digest, sizeBytes }, { signal }))) return 'exists';
    const mounted =
      doubted || mountFrom === undefined
        ? undefined
        : await mountBlob(repository, { digest, sizeBytes, from: mountFrom }, { signal });
    if (mounted === 'mounted') return 'mounted';
    const session = mounted ?? (await startSession(repository, { signal }));
    await transferBlob(repository, { digest, source }, { session, signal });
    this.#doubted.delete(digest);
    return 'uploaded';
  }
}
