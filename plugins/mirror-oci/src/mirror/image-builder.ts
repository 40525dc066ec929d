import { createLimiter } from '@berth/base';
import { type CallOptions, type EnvironmentVariable, type ImageOptions, identityOf, labelOf } from '@berth/buildcache';
import { type ConcreteSpec, traverse } from '@berth/spec';
import { type BaseImage, readBaseImage } from '../image/base-image.ts';
import { type ConfigLayer, type ConfigParts } from '../image/config.ts';
import { type Descriptor } from '../image/descriptor.ts';
import { type MadeLayer, mergeLayers } from '../image/merge-layers.ts';
import { type LayerPlan, type PackageLayer, planLayers } from '../image/plan-layers.ts';
import { type ImageFamily, typesOf } from '../media-types.ts';
import { CONCURRENCY, type OciSource } from '../source.ts';
import { type KnownLayers } from './known-layers.ts';
import { type NamedBlob } from './put-manifest.ts';

/** An image before its config is written. */
export interface ImageDraft {
  readonly family: ImageFamily;
  /** Of the manifest, base first. */
  readonly layers: readonly Descriptor[];
  readonly config: ConfigParts;
  /** Blobs of layers that are no package's; the repository has them. */
  readonly present: readonly NamedBlob[];
  /** Packages without a layer. */
  readonly missing: readonly ConcreteSpec[];
}

export interface DraftRequest extends ImageOptions {
  /** Whose run time closure the image holds; of one root its own layer is the last. */
  readonly roots: readonly ConcreteSpec[];
  readonly architecture: string;
  readonly runEnvironment: readonly EnvironmentVariable[];
}

export interface ImageBuilder extends AsyncDisposable {
  /** Collects the layers of an image, and puts those that are no package's into the repository. Rejects with what is wrong with the base image or with a layer that has to be merged. */
  draft(request: DraftRequest, options: CallOptions): Promise<ImageDraft>;
}

/** Base images and merged layers are read, made and put once for all images of a run. */
export function createImageBuilder(source: OciSource, layers: KnownLayers): ImageBuilder {
  const bases = new Map<string, Promise<BaseImage>>();
  const merged = new Map<string, Promise<MadeLayer>>();
  const put = new Map<string, Promise<unknown>>();
  const repositories: AsyncDisposable[] = [];
  const base = async (request: DraftRequest, options: CallOptions): Promise<BaseImage | undefined> => {
    const { baseImage, architecture } = request;
    if (baseImage === undefined) return undefined;
    return once(bases, `${architecture} ${baseImage}`, async () => {
      const repository = await source.openBase(baseImage, options);
      repositories.push(repository.registry);
      return readBaseImage({ reference: baseImage, repository, architecture, blobs: source.blobs }, options);
    });
  };
  const merge = async (packages: readonly PackageLayer[], options: CallOptions): Promise<MadeLayer> =>
    once(merged, packages.map(({ digest }) => digest).join(' '), () => mergeLayers(source, packages, options));
  return {
    draft: async (request, options) => {
      const under = await base(request, options);
      const { found, missing } = await packagesOf(request.roots, layers, options);
      const plan = planLayers(found, under?.layers.length ?? 0);
      const shared = plan.merged.length === 0 ? undefined : await merge(plan.merged, options);
      const draft = assemble(request, { under, plan, shared, missing });
      for (const blob of draft.present) {
        await once(put, blob.digest, () => source.registry.putBlob(blob, { ...options, mountFrom: blob.mountFrom }));
      }
      return draft;
    },
    [Symbol.asyncDispose]: async () => {
      for (const repository of repositories) await repository[Symbol.asyncDispose]();
    },
  };
}

async function once<T>(memo: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const made = memo.get(key) ?? make();
  memo.set(key, made);
  try {
    return await made;
  } catch (error) {
    memo.delete(key);
    throw error;
  }
}

interface FoundPackages {
  readonly found: readonly PackageLayer[];
  readonly missing: readonly ConcreteSpec[];
}

/** The layers of the run time closure, every dependency before its dependents (buildcache-formats §8.3). */
async function packagesOf(
  roots: readonly ConcreteSpec[],
  layers: KnownLayers,
  options: CallOptions,
): Promise<FoundPackages> {
  const closure = traverse(roots, { types: ['link', 'run'], order: 'topological' }).toReversed();
  const installed = closure.filter(({ external }) => external === undefined);
  const limit = createLimiter(CONCURRENCY);
  const asked = await Promise.all(installed.map((spec) => limit(() => layers.find(spec, options))));
  return {
    found: asked.filter((layer) => layer !== undefined),
    missing: installed.filter((_, at) => asked[at] === undefined),
  };
}

interface DraftParts {
  readonly under: BaseImage | undefined;
  readonly plan: LayerPlan;
  readonly shared: MadeLayer | undefined;
  readonly missing: readonly ConcreteSpec[];
}

function assemble(request: DraftRequest, { under, plan, shared, missing }: DraftParts): ImageDraft {
  const family = under?.family ?? 'oci';
  const mediaType = typesOf(family).layer;
  const single = plan.single.map(({ digest, sizeBytes }) => ({ mediaType, digest, sizeBytes }));
  const common = shared === undefined ? [] : [{ mediaType, digest: shared.digest, sizeBytes: shared.source.sizeBytes }];
  return {
    family,
    layers: [...(under?.layers ?? []), ...common, ...single],
    config: {
      base: under?.config,
      architecture: request.architecture,
      layers: configLayers(plan, shared),
      runEnvironment: request.runEnvironment,
    },
    present: [...(under?.blobs ?? []), ...(shared === undefined ? [] : [shared])],
    missing,
  };
}

function configLayers({ merged, single }: LayerPlan, shared: MadeLayer | undefined): readonly ConfigLayer[] {
  const own = single.map(({ diffId, label }) => ({ diffId, createdBy: `berth buildcache push: ${label}` }));
  if (shared === undefined) return own;
  return [{ diffId: shared.diffId, createdBy: `berth buildcache push: ${merged.length} packages` }, ...own];
}

/** `libgreet@1.0/jcni4qe, …`, for messages. */
export function labelsOf(specs: readonly ConcreteSpec[]): string {
  return specs.map((spec) => labelOf(identityOf(spec))).join(', ');
}
