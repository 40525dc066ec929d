/** Media types of images, in the two families that registries know (OCI image-spec 1.1; Docker image manifest v2, schema 2). */
export const OCI_TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export const DOCKER_TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** An image uses the types of one family throughout: some runtimes refuse a mixture (buildcache-formats §8.6). */
export type ImageFamily = 'oci' | 'docker';

export interface FamilyTypes {
  readonly manifest: string;
  readonly index: string;
  readonly config: string;
  readonly layer: string;
}

const FAMILIES: Readonly<Record<ImageFamily, FamilyTypes>> = { oci: OCI_TYPES, docker: DOCKER_TYPES };

export function typesOf(family: ImageFamily): FamilyTypes {
  return FAMILIES[family];
}

/** What a package's manifest may be. */
export const MANIFEST_TYPES: readonly string[] = [OCI_TYPES.manifest, DOCKER_TYPES.manifest];

/** What a reference may lead to (buildcache-formats §8.6). */
export const IMAGE_TYPES: readonly string[] = [
  OCI_TYPES.manifest,
  DOCKER_TYPES.manifest,
  OCI_TYPES.index,
  DOCKER_TYPES.index,
];

/** Layers of gzip-compressed tar archives: the only ones a package's archive may have. */
export const GZIP_LAYER_TYPES: ReadonlySet<string> = new Set([OCI_TYPES.layer, DOCKER_TYPES.layer]);

const DOCUMENTS: ReadonlyMap<string, { readonly kind: 'manifest' | 'index'; readonly family: ImageFamily }> = new Map([
  [OCI_TYPES.manifest, { kind: 'manifest', family: 'oci' }],
  [DOCKER_TYPES.manifest, { kind: 'manifest', family: 'docker' }],
  [OCI_TYPES.index, { kind: 'index', family: 'oci' }],
  [DOCKER_TYPES.index, { kind: 'index', family: 'docker' }],
]);

/** What a document of this media type is, or `undefined` for one that is neither an image manifest nor an index. */
export function documentType(
  mediaType: string,
): { readonly kind: 'manifest' | 'index'; readonly family: ImageFamily } | undefined {
  return DOCUMENTS.get(mediaType);
}

/** A `Content-Type` without its parameters, in lower case. */
export function plainMediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
