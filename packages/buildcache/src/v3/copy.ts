import { type BlobDescriptor, type BlobPlace, type CallOptions, type MirrorEntry } from '../mirror.ts';
import { mirrorSource } from '../mirror-source.ts';
import { labelOf } from '../names.ts';
import { specManifestKey } from './keys.ts';
import { type NamedBlob, uploadDocument, type WritableStore } from './upload.ts';

/** As `Mirror.copyFrom`: a package in layout v3, its manifest byte for byte, clear-signed or not. */
export async function copyV3(
  store: WritableStore,
  { other, entry }: { readonly other: BlobPlace; readonly entry: MirrorEntry },
  options: CallOptions & { readonly force?: boolean | undefined },
): Promise<boolean> {
  const { layout, archive, spec, asked, document } = entry;
  if (layout !== 3 || archive === undefined || spec === undefined) return false;
  const named = (role: string, blob: BlobDescriptor): readonly NamedBlob[] => {
    const { sizeBytes, digest } = blob;
    if (sizeBytes === undefined) return [];
    const what = `${role} of ${labelOf(asked)} from mirror ${other.name}`;
    return [{ digest, source: mirrorSource(other, { ...blob, sizeBytes }, what) }];
  };
  const blobs = [...named('archive', archive), ...named('spec', spec)];
  if (blobs.length !== 2) return false;
  await uploadDocument(store, { key: specManifestKey(asked), document, blobs }, options);
  return true;
}
