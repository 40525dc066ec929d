import { BerthError, type Sha256 } from '@berth/base';

/** One package as a layer of an image. */
export interface PackageLayer {
  readonly hash: string;
  /** `greet@1.0/7y7a35n`. */
  readonly label: string;
  /** Of the compressed archive. */
  readonly digest: Sha256;
  readonly sizeBytes: number;
  /** Of the uncompressed archive. */
  readonly diffId: Sha256;
}

/** Which layers an image gets, below the base image's. */
export interface LayerPlan {
  /** Packages that share one layer, in the order of the packages; empty: none have to. */
  readonly merged: readonly PackageLayer[];
  /** Packages with a layer of their own, the image's own package last. */
  readonly single: readonly PackageLayer[];
}

/** The most layers that runtimes mount. */
export const MAX_LAYERS = 127;

/**
 * Fits packages (dependencies first, the image's own last) into the layers that a base image leaves. Where they are too many, the
 * smallest dependencies share one layer, which comes first: that moves the fewest bytes, and the order of layers means nothing between
 * packages, whose files never overlap. The last package keeps its own layer, the same bytes as in the build cache. Throws `limit`,
 * ERR_OCI_LAYERS, when the base image leaves no room (hostile-inputs R29).
 */
export function planLayers(packages: readonly PackageLayer[], baseLayers: number): LayerPlan {
  const surplus = baseLayers + packages.length - MAX_LAYERS;
  if (surplus <= 0) return { merged: [], single: packages };
  const dependencies = packages.slice(0, -1);
  const count = surplus + 1;
  if (count > dependencies.length) {
    throw new BerthError(
      'limit',
      'ERR_OCI_LAYERS',
      `image of ${packages.at(-1)?.label ?? 'no package'}: its base image has ${baseLayers} layers, and ${MAX_LAYERS} are the most`,
      { hint: 'Use a base image with fewer layers.', details: { baseLayers, maxLayers: MAX_LAYERS } },
    );
  }
  const smallest = new Set(dependencies.toSorted(bySize).slice(0, count));
  return {
    merged: packages.filter((each) => smallest.has(each)),
    single: packages.filter((each) => !smallest.has(each)),
  };
}

/** By digest where sizes are equal, so that everybody merges the same ones. */
function bySize(a: PackageLayer, b: PackageLayer): number {
  return a.sizeBytes - b.sizeBytes || (a.digest < b.digest ? -1 : 1);
}
