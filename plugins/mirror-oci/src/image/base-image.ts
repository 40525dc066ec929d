import { Readable } from 'node:stream';
import { BerthError, type ByteSource, DEFAULT_LIMITS, type JsonObject } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type LocalBlobs } from '../local-blobs.ts';
import { DOCKER_TYPES, IMAGE_TYPES, type ImageFamily, OCI_TYPES } from '../media-types.ts';
import { type NamedBlob } from '../mirror/put-manifest.ts';
import { formatOciDigest } from '../reference.ts';
import { type BaseRepository } from '../source.ts';
import { diffIdsOf, parseImageConfig } from './config.ts';
import { type Descriptor } from './descriptor.ts';
import { type ImageIndex, type ImageManifest, type IndexEntry, parseImageDocument } from './document.ts';

/** What packages are put on. */
export interface BaseImage {
  readonly family: ImageFamily;
  readonly config: JsonObject;
  readonly layers: readonly Descriptor[];
  /** The same layers with their bytes, which move only if the target lacks them. */
  readonly blobs: readonly NamedBlob[];
}

export interface BaseImageRequest {
  /** As the user wrote it. */
  readonly reference: string;
  readonly repository: BaseRepository;
  readonly architecture: string;
  readonly blobs: LocalBlobs;
}

const MAX_NESTING = 4;
/** How indexes mark entries that are no images: attestations. */
const UNKNOWN = 'unknown';

/** Layers that can lie under layers of the same family. */
const LAYER_TYPES: Readonly<Record<ImageFamily, ReadonlySet<string>>> = {
  oci: new Set([
    OCI_TYPES.layer,
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+zstd',
  ]),
  docker: new Set([DOCKER_TYPES.layer]),
};

/**
 * The image for `architecture` that a reference leads to, through at most four indexes (buildcache-formats §8.6). Rejects with `notfound`
 * when there is none for it, naming those there are; with `protocol` or `format` for what is no image; with `config`, ERR_OCI_BASE_LAYER,
 * for layers that an image cannot be built on (hostile-inputs R05, R06, R29).
 */
export async function readBaseImage(request: BaseImageRequest, { signal }: CallOptions): Promise<BaseImage> {
  const what = `base image ${request.reference}`;
  const manifest = await resolveManifest(request, { what, signal });
  for (const layer of manifest.layers) checkLayer(layer, { family: manifest.family, what });
  const { registry } = request.repository;
  const bytes = await request.blobs.read(
    registry,
    { what: `config of ${what}`, ...manifest.config },
    { maxBytes: DEFAULT_LIMITS.ociDocumentBytes, signal },
  );
  const config = parseImageConfig(bytes, `config of ${what}`);
  checkArchitecture(config.object, request);
  const count = diffIdsOf(config, `config of ${what}`).length;
  if (count !== manifest.layers.length) {
    throw config.error('rootfs/diff_ids', `${count} digests for ${manifest.layers.length} layers`);
  }
  return {
    family: manifest.family,
    config: config.object,
    layers: manifest.layers,
    blobs: manifest.layers.map((layer) => lazyBlob(request, layer)),
  };
}

async function resolveManifest(
  request: BaseImageRequest,
  { what, signal }: CallOptions & { readonly what: string },
): Promise<ImageManifest> {
  const { registry } = request.repository;
  let reference = request.repository.reference;
  for (let depth = 0; depth <= MAX_NESTING; depth += 1) {
    const stored = await registry.getManifest(reference, { accept: IMAGE_TYPES, signal });
    if (stored === undefined) throw missing(`${what}: ${registry.label} has no ${reference}`);
    const document = parseImageDocument(stored, what);
    if (document.kind === 'manifest') return document;
    reference = formatOciDigest(chooseEntry(document, request).descriptor.digest);
  }
  throw new BerthError('protocol', 'ERR_OCI_DOCUMENT', `${what}: its indexes are nested deeper than ${MAX_NESTING}`);
}

/** Of several entries the first for Linux. */
function chooseEntry({ entries }: ImageIndex, { reference, architecture }: BaseImageRequest): IndexEntry {
  const images = entries.filter(({ platform }) => platform?.os !== UNKNOWN && platform?.architecture !== UNKNOWN);
  const fitting = images.filter(({ platform }) => platform?.architecture === architecture);
  const chosen = fitting.find(({ platform }) => platform?.os === 'linux') ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const seen = images.map(({ platform }) =>
    platform === undefined ? 'unnamed' : `${platform.os}/${platform.architecture}`,
  );
  throw noPlatform({ reference, architecture, seen });
}

function checkArchitecture(config: JsonObject, { reference, architecture }: BaseImageRequest): void {
  const stated = config.get('architecture');
  if (stated === undefined || stated === architecture) return;
  throw noPlatform({ reference, architecture, seen: [typeof stated === 'string' ? stated : 'unnamed'] });
}

function noPlatform(found: {
  readonly reference: string;
  readonly architecture: string;
  readonly seen: readonly string[];
}): BerthError {
  const { reference, architecture, seen } = found;
  const list = seen.length === 0 ? 'none' : [...new Set(seen)].join(', ');
  return new BerthError(
    'notfound',
    'ERR_OCI_NO_PLATFORM',
    `base image ${reference}: not there for ${architecture} (there for: ${list})`,
    { hint: 'Choose a base image that exists for this architecture.', details: { architecture, seen } },
  );
}

function missing(message: string): BerthError {
  return new BerthError('notfound', 'ERR_OCI_NO_IMAGE', message, {
    hint: 'Check the name and the tag of the base image.',
  });
}

function checkLayer(
  { mediaType, foreign }: Descriptor,
  { family, what }: { readonly family: ImageFamily; readonly what: string },
): void {
  const known = LAYER_TYPES[family].has(mediaType);
  if (known && foreign !== true) return;
  const why = known
    ? 'a layer is kept outside the registry'
    : `a layer has the type ${JSON.stringify(mediaType.slice(0, 100))}`;
  throw new BerthError('config', 'ERR_OCI_BASE_LAYER', `${what}: cannot be built on: ${why}`, {
    hint: 'Choose another base image, or copy this one with its layers converted to gzip.',
  });
}

/** A layer that is downloaded only when somebody reads it. */
function lazyBlob({ reference, repository, blobs }: BaseImageRequest, { digest, sizeBytes }: Descriptor): NamedBlob {
  const wanted = { what: `layer of base image ${reference}`, digest, sizeBytes };
  async function* read(start: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const local = await blobs.fetch(repository.registry, wanted, { signal });
    yield* local.open({ start, signal }) as AsyncIterable<Buffer>;
  }
  const source: ByteSource = {
    sizeBytes,
    open: ({ start = 0, signal }) => Readable.from(read(start, signal), { objectMode: false }),
  };
  return { digest, source, mountFrom: repository.mountFrom };
}
