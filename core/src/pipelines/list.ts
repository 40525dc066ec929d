import { BerthError } from '@berth/base';
import { type Mirror } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash, formatSpec, satisfies, type Spec } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { readMirrorIndex } from './read-index.ts';

/** A package that has a binary, and where. */
export interface ListedBinary {
  readonly spec: ConcreteSpec;
  /** Names, in the order in which they are asked. */
  readonly mirrors: readonly string[];
}

export interface ListBinariesOptions {
  readonly mirrors: readonly OpenMirror[];
  /** A package is listed if it satisfies one of them; none: all are. */
  readonly queries: readonly Spec[];
  /** Which packages to list beside, e.g. those that run on this machine. */
  readonly accept: (spec: ConcreteSpec, query: Spec | undefined) => boolean;
}

/**
 * What the indexes of the mirrors list as available, each package once, in the order of the mirrors. What only other packages
 * depend on has no binary and is left out (hostile-inputs X05). A mirror without a usable index is passed over with a warning.
 */
export async function listBinaries(
  options: ListBinariesOptions,
  context: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<readonly ListedBinary[]> {
  const found = new Map<DagHash, { readonly spec: ConcreteSpec; readonly mirrors: string[] }>();
  for (const { mirror, name } of options.mirrors) {
    for await (const spec of indexedSpecs(mirror, context)) {
      if (!isWanted(spec, options)) continue;
      const listed = found.get(spec.hash);
      if (listed === undefined) found.set(spec.hash, { spec, mirrors: [name] });
      else listed.mirrors.push(name);
    }
  }
  return [...found.values()];
}

function isWanted(spec: ConcreteSpec, { queries, accept }: ListBinariesOptions): boolean {
  if (queries.length === 0) return accept(spec, undefined);
  return queries.some((query) => satisfies(spec, query) && accept(spec, query));
}

async function* indexedSpecs(
  mirror: Mirror,
  { emit, signal }: Pick<PipelineContext, 'emit' | 'signal'>,
): AsyncIterable<ConcreteSpec> {
  const missing = async (): Promise<string> => {
    const packages = await countPackages(mirror, signal);
    return packages === 0
      ? `mirror ${mirror.name} is empty`
      : `mirror ${mirror.name} has no index: its ${packages} packages are not listed`;
  };
  const index = await readMirrorIndex(mirror, { missing, emit, signal });
  if (index === undefined) return;
  await using owned = index;
  for (const hash of owned.hashes()) {
    const spec = await owned.spec(hash, { signal });
    if (spec !== undefined) yield spec;
  }
}

async function countPackages(mirror: Mirror, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const listed of mirror.list({ signal })) if (listed.hash !== '') count += 1;
  return count;
}

/**
 * The binaries that queries select. Rejects with `usage`: ERR_NO_MATCH, or, where several match and `multiple` is not set,
 * ERR_SEVERAL_MATCH.
 */
export function selectBinaries(
  queries: readonly Spec[],
  { binaries, multiple }: { readonly binaries: readonly ListedBinary[]; readonly multiple: boolean },
): readonly ConcreteSpec[] {
  const selected = queries.flatMap((query) => {
    const matching = binaries.map(({ spec }) => spec).filter((spec) => satisfies(spec, query));
    if (matching.length === 0) throw noBinary(query);
    if (matching.length > 1 && !multiple) throw severalBinaries(query, matching);
    return matching;
  });
  return [...new Set(selected)];
}

function noBinary(query: Spec): BerthError {
  return new BerthError('usage', 'ERR_NO_MATCH', `${formatSpec(query)}: no mirror lists a binary that matches`, {
    hint: 'berth buildcache list -a shows what the mirrors hold; --otherarch also takes what is built for other machines.',
  });
}

function severalBinaries(query: Spec, matching: readonly ConcreteSpec[]): BerthError {
  const names = matching.map(labelOf).join(', ');
  return new BerthError('usage', 'ERR_SEVERAL_MATCH', `${formatSpec(query)}: several binaries match: ${names}`, {
    hint: 'Name one by its hash, or take them all with --multiple.',
    details: { candidates: matching.map(({ hash }) => hash) },
  });
}
