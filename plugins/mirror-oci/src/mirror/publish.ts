import { BerthError } from '@berth/base';
import { type CallOptions, identityOf, labelOf, type Publication } from '@berth/buildcache';
import { DEFAULT_FORMAT, formatString } from '@berth/spec';
import { formatPackageConfig, imageArchitecture } from '../image/config.ts';
import { formatImageManifest } from '../image/format-document.ts';
import { documentSource } from '../local-blobs.ts';
import { typesOf } from '../media-types.ts';
import { type OciSource } from '../source.ts';
import { packageTag } from '../tags.ts';
import { type ImageBuilder, labelsOf } from './image-builder.ts';
import { type KnownLayers } from './known-layers.ts';
import { putManifestWithBlobs } from './put-manifest.ts';

export interface PublishTools {
  readonly layers: KnownLayers;
  readonly builder: ImageBuilder;
}

/**
 * Publishes a package as an image: its archive and what lies under it, the config with its spec, then the manifest under its tag
 * (buildcache-formats §8.7). The same package gives the same manifest wherever it is pushed from. Rejects with `config` when it has to
 * be sealed: image manifests are signed beside, not inside.
 */
export async function publishPackage(
  source: OciSource,
  publication: Publication,
  { layers, builder, signal }: CallOptions & PublishTools,
): Promise<void> {
  refuseSeal(source, publication);
  const { spec, archive } = publication;
  const own = await layers.put(spec, archive, { signal });
  const draft = await builder.draft(
    {
      roots: [spec],
      architecture: imageArchitecture(spec),
      runEnvironment: publication.runEnvironment,
      baseImage: publication.image?.baseImage,
    },
    { signal },
  );
  warnOfMissing(source, publication, draft.missing);
  const bytes = formatPackageConfig(draft.config, {
    spec,
    archiveDigest: own.digest,
    archiveBytes: own.sizeBytes,
    timestamp: source.sourceDate ?? publication.installedAt ?? new Date(0),
  });
  const config = documentSource(bytes);
  await source.blobs.keep(bytes, { signal });
  await putManifestWithBlobs(
    source.registry,
    {
      reference: packageTag(identityOf(spec)),
      manifest: formatImageManifest({
        family: draft.family,
        config: { mediaType: typesOf(draft.family).config, digest: config.digest, sizeBytes: bytes.byteLength },
        layers: draft.layers,
        description: formatString(spec, DEFAULT_FORMAT),
      }),
      blobs: [config],
      present: [...draft.present, archive],
    },
    { signal },
  );
}

function refuseSeal({ connection }: OciSource, { seal, spec, attachments }: Publication): void {
  const label = labelOf(identityOf(spec));
  if (seal !== undefined) {
    throw new BerthError(
      'config',
      'ERR_OCI_SEAL',
      `push of ${label} to mirror ${connection.name}: a clear-signed document is no image manifest`,
      { hint: 'Push unsigned, or sign the image beside its manifest.', details: { mirror: connection.name } },
    );
  }
  if (attachments.length === 0) return;
  throw new BerthError(
    'config',
    'ERR_OCI_ATTACHMENTS',
    `push of ${label} to mirror ${connection.name}: attachments of images cannot be written`,
    { hint: 'Push without attachments, or to a mirror of another kind.', details: { mirror: connection.name } },
  );
}

/** The package installs without them; only an image made of it does not run. */
function warnOfMissing({ connection }: OciSource, { spec }: Publication, missing: Publication['closure']): void {
  if (missing.length === 0) return;
  connection.emit({
    type: 'warning',
    code: 'OCI_LAYER_MISSING',
    message: `image of ${labelOf(identityOf(spec))} on mirror ${connection.name}: without the layers of ${labelsOf(missing)}`,
    hint: 'Push these packages too, then this one again with --force, if the image has to run.',
  });
}
