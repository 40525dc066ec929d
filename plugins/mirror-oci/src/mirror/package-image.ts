import { BerthError, DEFAULT_LIMITS } from '@berth/base';
import { type BlobDescriptor, type CallOptions, type MirrorEntry, type SpecIdentity } from '@berth/buildcache';
import { checkLayoutVersion, parseImageConfig } from '../image/config.ts';
import { type Descriptor } from '../image/descriptor.ts';
import { type ImageManifest, parseImageManifest } from '../image/document.ts';
import { GZIP_LAYER_TYPES, MANIFEST_TYPES } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';
import { type StoredManifest } from '../registry.ts';
import { type OciSource } from '../source.ts';

/** The image of one package, as its tag names it. */
export interface PackageImage {
  readonly tag: string;
  readonly stored: StoredManifest;
  readonly manifest: ImageManifest;
  /** The package's own layer: the last one (buildcache-formats §8.3). */
  readonly archive: Descriptor | undefined;
}

/**
 * The image under `tag`; `undefined` when there is none. Rejects with `protocol` when it is no image, with `format` when it is none of a
 * package.
 */
export async function readPackageImage(
  { registry, connection }: OciSource,
  tag: string,
  { signal }: CallOptions,
): Promise<PackageImage | undefined> {
  const stored = await registry.getManifest(tag, { accept: MANIFEST_TYPES, signal });
  if (stored === undefined) return undefined;
  const what = `manifest ${tag} of mirror ${connection.name}`;
  const manifest = parseImageManifest(stored, what);
  const archive = manifest.layers.at(-1);
  if (archive !== undefined && !GZIP_LAYER_TYPES.has(archive.mediaType)) {
    throw new BerthError(
      'format',
      'ERR_MANIFEST',
      `${what}: its last layer is ${JSON.stringify(archive.mediaType.slice(0, 100))}, not a package`,
    );
  }
  return { tag, stored, manifest, archive };
}

/** The config of an image whole: verified, and from then on kept on this machine. */
export function readConfig(
  { registry, blobs, connection }: Pick<OciSource, 'registry' | 'blobs' | 'connection'>,
  { tag, manifest }: Pick<PackageImage, 'tag' | 'manifest'>,
  { signal }: CallOptions,
): Promise<Buffer> {
  const what = `config of ${tag} of mirror ${connection.name}`;
  return blobs.read(registry, { what, ...manifest.config }, { maxBytes: DEFAULT_LIMITS.specCompressedBytes, signal });
}

/** The image of a package as an entry. Its config is read, so that one of a newer layout is refused here (hostile-inputs J11). */
export async function packageEntry(
  source: OciSource,
  { asked, image }: { readonly asked: SpecIdentity; readonly image: PackageImage },
  options: CallOptions,
): Promise<MirrorEntry> {
  const { tag, stored, manifest, archive } = image;
  const what = `config of ${tag} of mirror ${source.connection.name}`;
  checkLayoutVersion(parseImageConfig(await readConfig(source, image, options), what), what);
  return {
    asked,
    layout: 'own',
    document: stored.bytes,
    documentType: stored.mediaType,
    documentKey: tag,
    signed: 'none',
    spec: blobOf(manifest.config),
    archive: archive && blobOf(archive),
    attachments: [],
  };
}

function blobOf({ mediaType, digest, sizeBytes }: Descriptor): BlobDescriptor {
  return { mediaType, digest, sizeBytes, key: formatOciDigest(digest) };
}
