import { createHash, randomUUID } from 'node:crypto';

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface DoubleManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

export interface DoubleUpload {
  readonly repository: string;
  readonly chunks: Buffer[];
  sizeBytes: number;
  /** Changes with every answer, as the opaque state of a real registry does. */
  state: number;
}

export interface DoubleRepository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, DoubleManifest>;
  readonly tags: Map<string, string>;
}

/** What the double holds; tests read and change it at will. */
export class DoubleStorage {
  readonly repositories = new Map<string, DoubleRepository>();
  readonly uploads = new Map<string, DoubleUpload>();

  repository(name: string): DoubleRepository {
    let found = this.repositories.get(name);
    if (found === undefined) {
      found = { blobs: new Map(), manifests: new Map(), tags: new Map() };
      this.repositories.set(name, found);
    }
    return found;
  }

  putBlob(repository: string, bytes: Buffer): string {
    const digest = digestOf(bytes);
    this.repository(repository).blobs.set(digest, bytes);
    return digest;
  }

  putManifest(repository: string, reference: string, manifest: DoubleManifest): string {
    const digest = digestOf(manifest.bytes);
    const home = this.repository(repository);
    home.manifests.set(digest, manifest);
    if (!reference.startsWith('sha256:')) home.tags.set(reference, digest);
    return digest;
  }

  findManifest(repository: string, reference: string): (DoubleManifest & { readonly digest: string }) | undefined {
    const home = this.repository(repository);
    const digest = reference.startsWith('sha256:') ? reference : home.tags.get(reference);
    const found = digest === undefined ? undefined : home.manifests.get(digest);
    return found === undefined || digest === undefined ? undefined : { ...found, digest };
  }

  /** Blobs that a manifest names and the repository lacks. */
  missingBlobs(repository: string, manifest: Buffer): string[] {
    const document = JSON.parse(manifest.toString()) as {
      readonly config?: { readonly digest: string };
      readonly layers?: readonly { readonly digest: string }[];
    };
    const named = [document.config, ...(document.layers ?? [])].flatMap((item) => item?.digest ?? []);
    return named.filter((digest) => !this.repository(repository).blobs.has(digest));
  }

  startUpload(repository: string): { readonly id: string; readonly upload: DoubleUpload } {
    const [id, upload] = [randomUUID(), { repository, chunks: [], sizeBytes: 0, state: 0 }];
    this.uploads.set(id, upload);
    return { id, upload };
  }
}
