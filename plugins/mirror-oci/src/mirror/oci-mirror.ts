import { type Readable } from 'node:stream';
import { isSecurityFailure } from '@berth/base';
import { identityOf, labelOf } from '@berth/buildcache';
import {
  type BlobDescriptor,
  type BlobPlace,
  type ByteRange,
  type CallOptions,
  type ImagePublication,
  type IndexSummary,
  type IndexUpdate,
  type ListedPackage,
  type Mirror,
  type MirrorEntry,
  type PackageIndex,
  type PackageQuery,
  type PackedArchive,
  type Publication,
  type PublishedImage,
  type PublishOutcome,
} from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { derivedStream } from '../derived-stream.ts';
import { openIndexImage } from '../index-image/index-image.ts';
import { listPackageTags } from '../index-image/package-tags.ts';
import { readTaggedSpecs } from '../index-image/read-tagged-specs.ts';
import { updateIndexImage } from '../index-image/update-index.ts';
import { type OciSource } from '../source.ts';
import { packageTag } from '../tags.ts';
import { createImageCopier, type ImageCopier } from './copy-image.ts';
import { createImageBuilder, type ImageBuilder } from './image-builder.ts';
import { createKnownLayers, type KnownLayers } from './known-layers.ts';
import { packageEntry, readPackageImage } from './package-image.ts';
import { canDelete, pruneImages } from './prune.ts';
import { publishPackage } from './publish.ts';
import { publishImage } from './publish-image.ts';

/**
 * A build cache in a repository of images: one tag for each package, one for the index (buildcache-formats §8). The mirror owns what
 * `source` holds open and disposes of it.
 */
export class OciMirror implements Mirror {
  readonly name: string;
  readonly #source: OciSource;
  readonly #layers: KnownLayers;
  readonly #builder: ImageBuilder;
  readonly #copier: ImageCopier;
  /** There where manifests can be deleted. */
  readonly prune?: NonNullable<Mirror['prune']>;
  /** Packages that were asked for and not there: a push asks before it packs, and need not ask again. */
  readonly #absent = new Set<string>();

  constructor(source: OciSource) {
    this.name = source.connection.name;
    this.#source = source;
    this.#layers = createKnownLayers(source);
    this.#builder = createImageBuilder(source, this.#layers);
    this.#copier = createImageCopier(source);
    const { registry } = source;
    if (canDelete(registry)) this.prune = (options) => pruneImages({ ...source, registry }, options);
  }

  async find(asked: PackageQuery, options: CallOptions): Promise<MirrorEntry | undefined> {
    const identity = identityOf(asked);
    const image = await readPackageImage(this.#source, packageTag(identity), options);
    return image && packageEntry(this.#source, { asked: identity, image }, options);
  }

  async exists(asked: PackageQuery, options: CallOptions): Promise<boolean> {
    const tag = packageTag(identityOf(asked));
    const image = await readPackageImage(this.#source, tag, options);
    const { registry } = this.#source;
    const there =
      image?.archive !== undefined &&
      (await registry.hasBlob(image.archive, options)) &&
      (await registry.hasBlob(image.manifest.config, options));
    if (!there) this.#absent.add(tag);
    return there;
  }

  async open(
    blob: BlobDescriptor,
    { signal, range }: CallOptions & { readonly range?: ByteRange | undefined },
  ): Promise<Readable> {
    const { registry, blobs, connection } = this.#source;
    const what = `blob ${blob.key} of mirror ${connection.name}`;
    if (range === undefined) return blobs.open(registry, { what, ...blob }, { signal });
    const kept = await blobs.find(blob.digest, { signal });
    const body =
      kept?.open({ start: range.start, signal }) ?? (await registry.openBlob(blob, { signal, start: range.start }));
    const { start, end } = range;
    return end === undefined ? body : derivedStream(body, (chunks) => firstBytes(chunks, end - start));
  }

  async *list(options: CallOptions): AsyncIterable<ListedPackage> {
    const seen = new Set<string>();
    for (const { hash } of await listPackageTags(this.#source, options)) {
      if (seen.has(hash)) continue;
      seen.add(hash);
      yield { hash, name: undefined, layout: 'own' };
    }
  }

  async index(options: CallOptions): Promise<PackageIndex | undefined> {
    return (await openIndexImage(this.#source, options))?.index;
  }

  async *specs(hashes: ReadonlySet<string>, options: CallOptions): AsyncIterable<ConcreteSpec> {
    const tags = await listPackageTags(this.#source, options);
    const wanted = tags.filter(({ hash }) => hashes.has(hash));
    yield* (await readTaggedSpecs(this.#source, wanted, options)).specs.values();
  }

  async copyFrom(other: BlobPlace, entry: MirrorEntry, options: CallOptions): Promise<boolean> {
    return this.#copier.copy(other, entry, options);
  }

  async putArchive(spec: ConcreteSpec, archive: PackedArchive, options: CallOptions): Promise<void> {
    await this.#layers.put(spec, archive, options);
  }

  async publish(
    publication: Publication,
    { signal, force = false }: CallOptions & { readonly force?: boolean | undefined },
  ): Promise<PublishOutcome> {
    signal.throwIfAborted();
    const { spec } = publication;
    const tag = packageTag(identityOf(spec));
    const isKnownAbsent = this.#absent.delete(tag);
    if (!force && !isKnownAbsent && (await this.#isWhole(spec, { signal }))) return 'exists';
    this.#absent.delete(tag);
    await publishPackage(this.#source, publication, { layers: this.#layers, builder: this.#builder, signal });
    const { connection } = this.#source;
    connection.emit({
      type: 'debug',
      message: `${labelOf(identityOf(spec))} published on ${connection.name} as ${tag}`,
    });
    return 'published';
  }

  /** What is damaged is not there: it is replaced (hostile-inputs F03). */
  async #isWhole(spec: ConcreteSpec, options: CallOptions): Promise<boolean> {
    try {
      return await this.exists(spec, options);
    } catch (error) {
      if (isSecurityFailure(error)) return false;
      throw error;
    }
  }

  async publishImage(image: ImagePublication, { signal }: CallOptions): Promise<PublishedImage> {
    return publishImage(this.#source, image, { builder: this.#builder, signal });
  }

  async updateIndex(update: IndexUpdate, options: CallOptions): Promise<IndexSummary> {
    return updateIndexImage(this.#source, update, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { registry, blobs, close } = this.#source;
    await this.#builder[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await blobs[Symbol.asyncDispose]();
    await close?.();
  }
}

async function* firstBytes(chunks: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
