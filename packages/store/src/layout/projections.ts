import { BerthError } from '@berth/base';
import { type ConcreteSpec, formatPath, parseSpec, satisfies } from '@berth/spec';

/** Path formats by the specs they are for, in the order of the configuration. */
export type Projections = ReadonlyMap<string, string>;

/** What places packages when the configuration says nothing. */
export const DEFAULT_PROJECTIONS: Projections = new Map([
  ['all', '{architecture.platform}-{architecture.target}/{name}-{version}-{hash}'],
]);

/** The key that matches everything, and only after all others failed to, wherever it stands. */
const FALLBACK_KEY = 'all';

/**
 * The path of a spec below the root: the first projection it satisfies, else that of `all` (store-and-specs-on-disk C.1).
 * Throws ERR_PROJECTION (`config`) when none fits or when the path would leave the root.
 */
export function projectedPath(spec: ConcreteSpec, projections: Projections): string {
  const format = chooseProjection(spec, projections);
  if (format === undefined) throw projectionError(`none matches ${spec.name}, and there is none for "all"`);
  // Install trees are all lower case, literal text included.
  const path = formatPath(spec, format.toLowerCase());
  const parts = path.split('/');
  if (path === '' || path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw projectionError(`${format} gives ${JSON.stringify(path)}, which is not a path below the root`);
  }
  return path;
}

/** The format of the first key that `spec` satisfies. */
export function chooseProjection(spec: ConcreteSpec, projections: Projections): string | undefined {
  for (const [key, format] of projections) {
    if (key !== FALLBACK_KEY && satisfies(spec, parseSpec(key))) return format;
  }
  return projections.get(FALLBACK_KEY);
}

/** The projections with every `{hash}` cut to `hashLength` characters; each must have one then. */
export function withHashLength(projections: Projections, hashLength: number | undefined): Projections {
  if (hashLength === undefined) return projections;
  return new Map(
    Array.from(projections, ([key, format]) => {
      if (!/\{hash(?::\d+)?\}/i.test(format)) {
        throw projectionError(`${format} has no {hash}, which config:install_hash_length needs`);
      }
      return [key, format.replaceAll(/\{hash\}/gi, `{hash:${hashLength}}`)];
    }),
  );
}

function projectionError(why: string): BerthError {
  return new BerthError('config', 'ERR_PROJECTION', `choose a prefix: config:install_tree:projections: ${why}`, {
    hint: 'Correct the projections of the install tree.',
  });
}
