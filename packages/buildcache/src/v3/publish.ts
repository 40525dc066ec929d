import { bytesSource, sha256Of } from '@berth/base';
import { type CallOptions, type Publication } from '../mirror.ts';
import { identityOf } from '../names.ts';
import { specManifestKey } from './keys.ts';
import { formatManifest, MEDIA_TYPES } from './manifest.ts';
import { formatSpecBlob } from './spec-blob.ts';
import { uploadDocument, type WritableStore } from './upload.ts';

/**
 * Publishes a package in layout v3: archive blob, spec blob, then the manifest that names them, sealed where a seal is given
 * (buildcache-formats §6.3).
 */
export async function publishV3(
  store: WritableStore,
  publication: Publication,
  options: CallOptions & { readonly force?: boolean },
): Promise<void> {
  const { archive, spec, seal } = publication;
  const { signal } = options;
  const specBytes = await formatSpecBlob(spec);
  const specBlob = { source: bytesSource(specBytes), digest: sha256Of(specBytes) };
  const manifest = formatManifest([
    {
      sizeBytes: archive.source.sizeBytes,
      mediaType: MEDIA_TYPES.archive,
      compression: 'gzip',
      digest: archive.digest,
    },
    { sizeBytes: specBytes.byteLength, mediaType: MEDIA_TYPES.spec, compression: 'gzip', digest: specBlob.digest },
  ]);
  const document = seal === undefined ? manifest : await seal(Buffer.from(manifest), { signal });
  const key = specManifestKey(identityOf(spec));
  await uploadDocument(store, { key, document, blobs: [archive, specBlob] }, options);
}
