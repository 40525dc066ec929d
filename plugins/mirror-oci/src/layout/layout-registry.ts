import { createReadStream, type Stats } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  BerthError,
  type ByteSource,
  DEFAULT_LIMITS,
  errnoCode,
  ioError,
  isJsonObject,
  parseStrictJson,
  readAll,
  sha256Of,
  type Sha256,
  sweepTemporaries,
  temporaryBeside,
  VerifyStream,
  writeFileAtomic,
} from '@berth/base';
import { blobMissing, type CallOptions } from '@berth/buildcache';
import { type Descriptor } from '../image/descriptor.ts';
import { parseImageDocument } from '../image/document.ts';
import { OCI_TYPES, plainMediaType } from '../media-types.ts';
import { formatOciDigest, parseOciDigest } from '../reference.ts';
import {
  type DigestDescriptor,
  type GetManifestOptions,
  type PutBlobOutcome,
  type Registry,
  type StoredManifest,
} from '../registry.ts';
import { checkTag } from '../tags.ts';
import { changeSharedFile, readIfThere, type SharedFile } from './index-file.ts';
import { parseLayoutIndex, withoutDigest, withTag } from './layout-index.ts';

const LAYOUT_FILE = 'oci-layout';
/** What `oci-layout` holds (OCI image-spec 1.1, "Image layout"). */
const LAYOUT_DOCUMENT = '{"imageLayoutVersion":"1.0.0"}';
/** Private to berth; readers of layouts look at no other file than those of the specification. */
const GENERATIONS = '.berth/index';

/**
 * An OCI image layout on disk as a repository: tags are the reference names of `index.json`. Each write appears whole or not at all, and
 * several writers at once lose nothing. The folder is created by the first write.
 */
export class LayoutRegistry implements Registry {
  readonly label: string;
  readonly #folder: string;
  readonly #index: SharedFile;
  #prepared: Promise<void> | undefined;

  constructor(folder: string) {
    this.label = folder;
    this.#folder = folder;
    this.#index = { path: join(folder, 'index.json'), generations: join(folder, GENERATIONS) };
  }

  async getManifest(reference: string, { signal }: GetManifestOptions): Promise<StoredManifest | undefined> {
    return this.#io(`manifest ${reference}`, signal, async () => {
      const byDigest = reference.startsWith('sha256:') ? parseOciDigest(reference, 'reference') : undefined;
      const entries = parseLayoutIndex(await readIfThere(this.#index.path), this.#index.path);
      const entry = entries.findLast(({ tag, descriptor }) =>
        byDigest === undefined ? tag === reference : descriptor.digest === byDigest,
      );
      const digest = byDigest ?? entry?.descriptor.digest;
      return digest === undefined ? undefined : this.#readManifest(digest, entry?.descriptor, signal);
    });
  }

  async putManifest(
    reference: string,
    { bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string },
    { signal }: CallOptions,
  ): Promise<Sha256> {
    return this.#io(`manifest ${reference}`, signal, async () => {
      const digest = sha256Of(bytes);
      await this.#requireBlobs({ bytes, mediaType, digest }, signal);
      await this.#prepare();
      await writeFileAtomic(this.#pathOf(digest), bytes, { sync: true });
      if (reference.startsWith('sha256:')) return digest;
      const tag = checkTag(reference);
      const descriptor = { mediaType, digest, sizeBytes: bytes.byteLength };
      const what = this.#index.path;
      await changeSharedFile(this.#index, (current) => withTag(current, { tag, descriptor, what }), { signal });
      return digest;
    });
  }

  async deleteManifest(digest: Sha256, { signal }: CallOptions): Promise<void> {
    await this.#io(`manifest ${formatOciDigest(digest)}`, signal, async () => {
      const what = this.#index.path;
      if ((await readIfThere(what)) === undefined) return;
      await changeSharedFile(this.#index, (current) => withoutDigest(current, digest, what), { signal });
      await rm(this.#pathOf(digest), { force: true });
    });
  }

  async hasBlob({ digest, sizeBytes }: DigestDescriptor, { signal }: CallOptions): Promise<boolean> {
    return this.#io(`blob ${formatOciDigest(digest)}`, signal, async () => {
      const found = await statIfThere(this.#pathOf(digest));
      return found?.isFile() === true && (sizeBytes === undefined || found.size === sizeBytes);
    });
  }

  async openBlob(
    { digest }: DigestDescriptor,
    { signal, start = 0 }: CallOptions & { readonly start?: number | undefined },
  ): Promise<Readable> {
    return this.#io(`blob ${formatOciDigest(digest)}`, signal, async () => {
      const path = this.#pathOf(digest);
      if ((await statIfThere(path))?.isFile() !== true) throw blobMissing(formatOciDigest(digest), this.label);
      const file = await open(path, 'r');
      return file.createReadStream({ start, signal });
    });
  }

  async putBlob(
    { digest, source }: { readonly digest: Sha256; readonly source: ByteSource },
    { signal }: CallOptions,
  ): Promise<PutBlobOutcome> {
    return this.#io(`blob ${formatOciDigest(digest)}`, signal, async () => {
      if (await this.hasBlob({ digest, sizeBytes: source.sizeBytes }, { signal })) return 'exists';
      await this.#prepare();
      const path = this.#pathOf(digest);
      const temporary = temporaryBeside(path);
      const what = `blob ${formatOciDigest(digest)} for ${this.label}`;
      try {
        const file = await open(temporary, 'wx', 0o666);
        const verify = new VerifyStream({ what, digest, sizeBytes: source.sizeBytes });
        await pipeline(source.open({ signal }), verify, file.createWriteStream({ flush: true }), { signal });
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
      return 'uploaded';
    });
  }

  async *listTags({ signal }: CallOptions): AsyncIterable<string> {
    const entries = await this.#io('list of tags', signal, async () =>
      parseLayoutIndex(await readIfThere(this.#index.path), this.#index.path),
    );
    for (const { tag } of entries) if (tag !== undefined) yield tag;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  #pathOf(digest: Sha256): string {
    return join(this.#folder, 'blobs/sha256', digest);
  }

  async #readManifest(
    digest: Sha256,
    descriptor: Descriptor | undefined,
    signal: AbortSignal,
  ): Promise<StoredManifest | undefined> {
    const path = this.#pathOf(digest);
    const what = `manifest ${formatOciDigest(digest)} of ${this.label}`;
    const found = await statIfThere(path);
    if (found?.isFile() !== true) return undefined;
    const bytes = await readAll(createReadStream(path, { signal }), {
      what,
      maxBytes: DEFAULT_LIMITS.ociDocumentBytes,
    });
    const mediaType = descriptor?.mediaType ?? ownMediaType(bytes, what);
    if (sha256Of(bytes) === digest) return { bytes, digest, mediaType, modifiedAt: found.mtime };
    throw new BerthError('digest', 'ERR_DIGEST_MISMATCH', `${what}: its bytes are others`, {
      hint: 'The file was altered: push the package again with --force.',
    });
  }

  /** As a registry does it: a manifest is stored once everything that it names is there (hostile-inputs R19, K10). */
  async #requireBlobs(manifest: StoredManifest, signal: AbortSignal): Promise<void> {
    const what = `manifest ${formatOciDigest(manifest.digest)} of ${this.label}`;
    const document = parseImageDocument(manifest, what);
    const named =
      document.kind === 'manifest'
        ? [document.config, ...document.layers]
        : document.entries.map(({ descriptor }) => descriptor);
    const missing: Sha256[] = [];
    for (const blob of named) if (!(await this.hasBlob(blob, { signal }))) missing.push(blob.digest);
    if (missing.length === 0) return;
    throw new BerthError('protocol', 'ERR_OCI_BLOB_UNKNOWN', `${what}: the layout lacks blobs that it names`, {
      hint: 'Push the package again.',
      details: { digests: missing },
    });
  }

  async #prepare(): Promise<void> {
    await (this.#prepared ??= this.#prepareOnce());
  }

  async #prepareOnce(): Promise<void> {
    const blobs = dirname(this.#pathOf(sha256Of('')));
    await mkdir(blobs, { recursive: true });
    await sweepTemporaries(blobs);
    const marker = join(this.#folder, LAYOUT_FILE);
    if ((await readIfThere(marker)) === undefined) await writeFileAtomic(marker, LAYOUT_DOCUMENT);
  }

  async #io<T>(what: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      return await action();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw ioError(`${what} of image layout ${this.label}`, error);
    }
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of a manifest that is reached by its digest alone: what it calls itself, else what it looks like. */
function ownMediaType(bytes: Buffer, what: string): string {
  const document = parseStrictJson(bytes, { what });
  const fields = isJsonObject(document) ? document : new Map<string, unknown>();
  const stated = fields.get('mediaType');
  if (typeof stated === 'string') return plainMediaType(stated);
  return fields.has('manifests') ? OCI_TYPES.index : OCI_TYPES.manifest;
}
