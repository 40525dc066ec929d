import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type ByteSource, sha256Of, type Sha256, VerifyStream } from '@berth/base';
import {
  type BlobPlace,
  type CallOptions,
  fileSource,
  labelOf,
  type MirrorEntry,
  mirrorSource,
} from '@berth/buildcache';
import { type Descriptor } from '../image/descriptor.ts';
import { parseImageManifest } from '../image/document.ts';
import { MANIFEST_TYPES } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';
import { type OciSource } from '../source.ts';
import { packageTag } from '../tags.ts';
import { type NamedBlob, putManifestWithBlobs } from './put-manifest.ts';

/** Takes images over from other mirrors of images. */
export interface ImageCopier {
  /** As `Mirror.copyFrom`: config and all layers, then the manifest under the tag of its package; base and dependencies included. */
  copy(other: BlobPlace, entry: MirrorEntry, options: CallOptions): Promise<boolean>;
}

/** Images share layers: each blob is moved once, however many of them want it at the same time. */
export function createImageCopier(source: OciSource): ImageCopier {
  const moving = new Map<Sha256, Promise<void>>();
  const move = async (other: BlobPlace, blob: WantedLayer, options: CallOptions): Promise<void> => {
    const started = moving.get(blob.digest) ?? moveBlob(source, { other, blob }, options);
    moving.set(blob.digest, started);
    try {
      await started;
    } catch (error) {
      moving.delete(blob.digest);
      throw error;
    }
  };
  return {
    copy: async (other, entry, options) => {
      const { document: bytes, documentType: mediaType = '', asked } = entry;
      if (!MANIFEST_TYPES.includes(mediaType)) return false;
      const label = `${labelOf(asked)} from mirror ${other.name}`;
      const manifest = parseImageManifest({ bytes, mediaType, digest: sha256Of(bytes) }, `manifest of ${label}`);
      const blobs = wantedBlobs([manifest.config, ...manifest.layers], label);
      for (const blob of blobs) await move(other, blob, options);
      const present = blobs.map((blob): NamedBlob => ({ digest: blob.digest, source: sourceOf(other, blob) }));
      const reference = packageTag(asked);
      await putManifestWithBlobs(
        source.registry,
        { reference, manifest: { bytes, mediaType }, blobs: [], present },
        options,
      );
      return true;
    },
  };
}

interface WantedLayer extends Descriptor {
  /** Names it in messages. */
  readonly what: string;
}

function wantedBlobs(descriptors: readonly Descriptor[], label: string): readonly WantedLayer[] {
  const unique = new Map(descriptors.map((each) => [each.digest, each]));
  return Array.from(unique.values(), (each) => ({ ...each, what: `blob ${formatOciDigest(each.digest)} of ${label}` }));
}

function sourceOf(other: BlobPlace, { what, ...blob }: WantedLayer): ByteSource {
  return mirrorSource(other, { ...blob, key: formatOciDigest(blob.digest) }, what);
}

/** By way of the local disk, so that an upload that has to begin anew moves nothing twice. */
async function moveBlob(
  { registry, blobs }: OciSource,
  { other, blob }: { readonly other: BlobPlace; readonly blob: WantedLayer },
  { signal }: CallOptions,
): Promise<void> {
  if (await registry.hasBlob(blob, { signal })) return;
  const { digest, sizeBytes, what } = blob;
  const kept = await blobs.find(digest, { signal });
  if (kept?.sizeBytes === sizeBytes) {
    await registry.putBlob({ digest, source: kept }, { signal });
    return;
  }
  await using spool = await blobs.openSpool();
  const body = await other.open({ ...blob, key: formatOciDigest(digest) }, { signal });
  await pipeline(body, new VerifyStream({ what, digest, sizeBytes }), createWriteStream(spool.path), { signal });
  await registry.putBlob({ digest, source: await fileSource(spool.path) }, { signal });
}
