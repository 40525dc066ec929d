import { BerthError, isBerthError, messageOf, type Sha256 } from '@berth/base';
import { type CallOptions, identityOf, labelOf, type PackedArchive } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { diffIdsOf, parseImageConfig } from '../image/config.ts';
import { type PackageLayer } from '../image/plan-layers.ts';
import { type OciSource } from '../source.ts';
import { packageTag } from '../tags.ts';
import { readConfig, readPackageImage } from './package-image.ts';

/** The archives that a repository is known to have, as layers: put there in this run, or named by manifests that are there. */
export interface KnownLayers {
  /** Uploads an archive unless this run has done so. */
  put(spec: ConcreteSpec, archive: PackedArchive, options: CallOptions): Promise<PackageLayer>;
  /** The layer of a package; `undefined` when the repository has none (buildcache-formats §8.7). */
  find(spec: ConcreteSpec, options: CallOptions): Promise<PackageLayer | undefined>;
}

export function createKnownLayers(source: OciSource): KnownLayers {
  const uploads = new Map<DagHash, { readonly digest: Sha256; readonly layer: Promise<PackageLayer> }>();
  const found = new Map<DagHash, Promise<PackageLayer | undefined>>();
  const put: KnownLayers['put'] = (spec, archive, options) => {
    const { hash } = spec;
    const before = uploads.get(hash);
    if (before?.digest === archive.digest) return before.layer;
    const layer = upload(source, { spec, archive }, options);
    const started = { digest: archive.digest, layer };
    uploads.set(hash, started);
    layer.catch(() => {
      if (uploads.get(hash) === started) uploads.delete(hash);
    });
    return layer;
  };
  const find: KnownLayers['find'] = async (spec, options) => {
    const uploaded = await uploads.get(spec.hash)?.layer.catch(() => undefined);
    if (uploaded !== undefined) return uploaded;
    const asked = found.get(spec.hash) ?? readLayer(source, spec, options);
    found.set(spec.hash, asked);
    const layer = await forgetFailure(asked, () => found.delete(spec.hash));
    // What is not there now may be there later.
    if (layer === undefined) found.delete(spec.hash);
    return layer;
  };
  return { put, find };
}

async function forgetFailure<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    forget();
    throw error;
  }
}

async function upload(
  { registry }: OciSource,
  { spec, archive }: { readonly spec: ConcreteSpec; readonly archive: PackedArchive },
  options: CallOptions,
): Promise<PackageLayer> {
  const { digest, diffId, source } = archive;
  await registry.putBlob({ digest, source }, options);
  return { hash: spec.hash, label: labelOf(identityOf(spec)), digest, diffId, sizeBytes: source.sizeBytes };
}

/** A package that is there but cannot be read has no layer: images go without it, with a warning by whoever asked. */
async function readLayer(
  source: OciSource,
  spec: ConcreteSpec,
  options: CallOptions,
): Promise<PackageLayer | undefined> {
  const identity = identityOf(spec);
  try {
    const image = await readPackageImage(source, packageTag(identity), options);
    if (image?.archive === undefined) return undefined;
    const what = `config of ${image.tag} of mirror ${source.connection.name}`;
    const diffId = diffIdsOf(parseImageConfig(await readConfig(source, image, options), what), what).at(-1);
    if (diffId === undefined) throw new BerthError('format', 'ERR_DOCUMENT', `${what}: /rootfs/diff_ids: it is empty`);
    const { digest, sizeBytes } = image.archive;
    return { hash: spec.hash, label: labelOf(identity), digest, sizeBytes, diffId };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!isBerthError(error) || error.kind === 'auth' || error.kind === 'io' || error.kind === 'busy') throw error;
    source.connection.emit({ type: 'debug', message: messageOf(error) });
    return undefined;
  }
}
