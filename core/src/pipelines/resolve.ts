import { BerthError } from '@berth/base';
import { type PackageIndex } from '@berth/buildcache';
import {
  type ConcreteSpec,
  type DagHash,
  formatSpec,
  isConcrete,
  isDagHash,
  preferVersions,
  satisfies,
  type Spec,
} from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { readMirrorIndex } from './read-index.ts';

/** Where a spec that matches was found: the environment, the install tree, or a mirror. */
export interface Candidate {
  readonly spec: ConcreteSpec;
  /** `installed`, `environment`, or the name of a mirror. */
  readonly origin: string;
  readonly installed: boolean;
}

export interface ResolveOptions {
  /** Concrete specs of the active environment, which come first when a hash is looked up. */
  readonly environment: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly mirrors: readonly OpenMirror[];
  /** Which specs of mirrors this machine can use; words that name an architecture are not held to it. */
  readonly runsHere: (spec: ConcreteSpec) => boolean;
}

/**
 * The concrete spec for each query: a hash finds the one spec that begins with it, words find the best match among what is
 * installed and what the mirrors hold: the preferred version, and of equal ones an installed one. Rejects with `usage`:
 * ERR_HASH_AMBIGUOUS, ERR_HASH_UNKNOWN, ERR_NO_MATCH.
 */
export async function resolveSpecs(
  queries: readonly Spec[],
  options: ResolveOptions,
  context: PipelineContext,
): Promise<readonly ConcreteSpec[]> {
  const sources = openSources(options, context);
  const found: ConcreteSpec[] = [];
  for (const query of queries) {
    if (isConcrete(query)) found.push(query);
    else if (query.abstractHash === undefined) found.push(await bestMatch(query, options, sources));
    else found.push(await byHash(query, query.abstractHash, sources));
  }
  return found;
}

interface Source {
  readonly name: string;
  withPrefix(prefix: string): Promise<readonly ConcreteSpec[]>;
  all(query: Spec): Promise<readonly Candidate[]>;
}

function openSources({ environment, snapshot, mirrors }: ResolveOptions, context: PipelineContext): readonly Source[] {
  const candidatesOf = (specs: readonly ConcreteSpec[], origin: string, installed: boolean): readonly Candidate[] =>
    specs.map((spec) => ({ spec, origin, installed }));
  const local: Source[] = [
    {
      name: 'environment',
      withPrefix: async (prefix) => environment.filter(({ hash }) => hash.startsWith(prefix)),
      all: async () => candidatesOf(environment, 'environment', false),
    },
    {
      name: 'installed',
      withPrefix: async (prefix) => snapshot.withHashPrefix(prefix).map(({ hash }) => snapshot.spec(hash)),
      all: async (query) => candidatesOf(installedNamed(snapshot, query.name), 'installed', true),
    },
  ];
  return [...local, ...mirrors.map((mirror) => mirrorSource(mirror, context))];
}

function installedNamed(snapshot: DatabaseSnapshot, name: string | undefined): readonly ConcreteSpec[] {
  const predicate = name === undefined ? undefined : (record: { node: { name: string } }) => record.node.name === name;
  return snapshot.query({ predicate }).map(({ spec }) => spec);
}

function mirrorSource({ mirror, name }: OpenMirror, context: PipelineContext): Source {
  let opened: Promise<PackageIndex | undefined> | undefined;
  const index = (): Promise<PackageIndex | undefined> =>
    (opened ??= readMirrorIndex(mirror, {
      ...context,
      missing: async () => `mirror ${name} has no index: its packages are found by full hash only`,
    }));
  const specsOf = async (accept: (hash: string) => boolean): Promise<readonly ConcreteSpec[]> => {
    const found: ConcreteSpec[] = [];
    const all = await index();
    for (const hash of all?.hashes() ?? []) {
      const spec = accept(hash) ? await all?.spec(hash, { signal: context.signal }) : undefined;
      if (spec !== undefined) found.push(spec);
    }
    return found;
  };
  return {
    name,
    withPrefix: (prefix) => specsOf((hash) => hash.startsWith(prefix)),
    all: async (query) => {
      const specs = await specsOf(() => true);
      const named = specs.filter((spec) => query.name === undefined || spec.name === query.name);
      return named.map((spec) => ({ spec, origin: name, installed: false }));
    },
  };
}

/** The first source with a match decides (store-and-specs-on-disk B.3). */
async function byHash(query: Spec, prefix: string, sources: readonly Source[]): Promise<ConcreteSpec> {
  for (const source of sources) {
    const found = unique(await source.withPrefix(prefix));
    if (found.length > 1) throw ambiguous(prefix, source.name, found);
    const [only] = found;
    if (only === undefined) continue;
    if (satisfies(only, query)) return only;
    throw new BerthError(
      'usage',
      'ERR_HASH_MISMATCH',
      `/${prefix} is ${labelOf(only)}, which is not ${formatSpec(query)}`,
      {
        hint: 'Give the hash alone, or correct the rest of the spec.',
      },
    );
  }
  throw new BerthError(
    'usage',
    'ERR_HASH_UNKNOWN',
    `/${prefix}: no such hash in the environment, the install tree or the index of a mirror`,
    {
      hint: isDagHash(prefix)
        ? 'Packages of a mirror without an index are found after: berth buildcache update-index MIRROR.'
        : 'Give more or other characters of the hash; berth find -L shows what is installed.',
      details: { hash: prefix },
    },
  );
}

async function bestMatch(query: Spec, options: ResolveOptions, sources: readonly Source[]): Promise<ConcreteSpec> {
  const candidates: Candidate[] = [];
  for (const source of sources) candidates.push(...(await source.all(query)));
  const matching = candidates.filter(({ spec }) => satisfies(spec, query));
  const anywhere = Object.values(query.architecture).some((part) => part !== undefined);
  const usable = matching.filter(({ spec, installed }) => installed || anywhere || options.runsHere(spec));
  const [best] = rank(usable);
  if (best !== undefined) return best.spec;
  throw noMatch(query, matching);
}

/** Best first: version, then what is installed already, then the order of the sources. */
function rank(candidates: readonly Candidate[]): readonly Candidate[] {
  const installedFirst = candidates.toSorted((a, b) => Number(b.installed) - Number(a.installed));
  return preferVersions(installedFirst.map((candidate) => ({ ...candidate, version: candidate.spec.version })));
}

function unique(specs: readonly ConcreteSpec[]): readonly ConcreteSpec[] {
  return [...new Map<DagHash, ConcreteSpec>(specs.map((spec) => [spec.hash, spec])).values()];
}

function ambiguous(prefix: string, source: string, found: readonly ConcreteSpec[]): BerthError {
  const names = found.map(labelOf).join(', ');
  return new BerthError(
    'usage',
    'ERR_HASH_AMBIGUOUS',
    `/${prefix}: several specs (${source}) begin with it: ${names}`,
    {
      hint: 'Give more characters of the hash.',
      details: { candidates: found.map(({ hash }) => hash) },
    },
  );
}

function noMatch(query: Spec, elsewhere: readonly Candidate[]): BerthError {
  const [other] = elsewhere;
  if (other !== undefined) {
    const { platform, os, target } = other.spec.architecture;
    return new BerthError(
      'usage',
      'ERR_NO_MATCH',
      `${formatSpec(query)}: the ${elsewhere.length} that match are for other machines, such as ${platform}-${os}-${target}`,
      {
        hint: 'Name the architecture in the spec (os=… target=…) if it runs here all the same.',
      },
    );
  }
  return new BerthError(
    'usage',
    'ERR_NO_MATCH',
    `${formatSpec(query)}: nothing that is installed or on a mirror matches, and this version does not concretize`,
    {
      hint: 'berth buildcache list -a shows what the mirrors hold; an environment with a lock file installs whatever it names.',
    },
  );
}
