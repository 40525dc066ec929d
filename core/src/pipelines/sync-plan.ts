import { BerthError, isAvailabilityFailure, messageOf } from '@berth/base';
import { type Mirror } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash, formatSpec, linkRunClosure, satisfies, type Spec } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { type PushScope } from './push-plan.ts';

export interface SyncSelection {
  readonly source: OpenMirror;
  /** Packages that match one of them; none: everything that the source has. */
  readonly queries: readonly Spec[];
  /** Of what matches: with what it links to and runs with, without, or only that. */
  readonly scope: PushScope;
}

/** What a sync is about to look at, as plain data. */
export interface SyncPlan {
  /** Dependencies before their dependents, externals left out. */
  readonly packages: readonly ConcreteSpec[];
  /** Needed by what was asked for, and not on the source. */
  readonly missing: readonly ConcreteSpec[];
}

type Context = Pick<PipelineContext, 'emit' | 'signal'>;

/** Selects packages of a mirror. Rejects with `usage`, ERR_NO_MATCH, when nothing there matches a query. */
export async function planSync(selection: SyncSelection, context: Context): Promise<SyncPlan> {
  const { source, queries, scope } = selection;
  const there = await specsOn(source, context);
  if (queries.length === 0) return { packages: inOrder(there.values(), there), missing: [] };
  const named = new Map<DagHash, ConcreteSpec>();
  for (const query of queries) {
    const matching = [...there.values()].filter((spec) => satisfies(spec, query));
    if (matching.length === 0) throw nothingMatches(query, source);
    for (const spec of matching) named.set(spec.hash, spec);
  }
  const selected = linkRunClosure([...named.values()]).filter(
    ({ hash, external }) => external === undefined && (scope === 'all' || named.has(hash) === (scope === 'package')),
  );
  return {
    packages: inOrder(
      selected.filter(({ hash }) => there.has(hash)),
      there,
    ),
    missing: selected.filter(({ hash }) => !there.has(hash)),
  };
}

/** Each package after everything of `known` that it links to or runs with. */
function inOrder(specs: Iterable<ConcreteSpec>, known: ReadonlyMap<DagHash, ConcreteSpec>): readonly ConcreteSpec[] {
  const wanted = new Map([...specs].map((spec) => [spec.hash, spec]));
  return linkRunClosure([...wanted.values()])
    .toReversed()
    .flatMap(({ hash }) => (wanted.has(hash) ? (known.get(hash) ?? []) : []));
}

/** Every package that a mirror lists, with its spec: from the index as far as it goes, else from the packages themselves. */
async function specsOn({ mirror, name }: OpenMirror, { emit, signal }: Context): Promise<Map<DagHash, ConcreteSpec>> {
  const unknown = new Set<string>();
  for await (const { hash } of mirror.list({ signal })) unknown.add(hash);
  const specs = new Map<DagHash, ConcreteSpec>();
  const add = (spec: ConcreteSpec): void => {
    specs.set(spec.hash, spec);
    unknown.delete(spec.hash);
  };
  for await (const spec of indexedSpecs(mirror, unknown, { emit, signal })) add(spec);
  if (unknown.size > 0) for await (const spec of mirror.specs?.(new Set(unknown), { signal }) ?? []) add(spec);
  if (unknown.size > 0) {
    emit({
      type: 'warning',
      code: 'PACKAGES_LEFT_OUT',
      message: `mirror ${name}: ${unknown.size} of its packages cannot be read and are left out`,
      hint: `Look at them with berth buildcache check --verify --mirror-url ${name}.`,
    });
  }
  return specs;
}

/** What is listed and in the index. An index that cannot be read is none: everything is in the packages too. */
async function* indexedSpecs(
  mirror: Mirror,
  listed: ReadonlySet<string>,
  { emit, signal }: Context,
): AsyncIterable<ConcreteSpec> {
  try {
    await using index = await mirror.index({ signal });
    for (const hash of [...listed].filter((each) => index?.has(each) === true)) {
      const spec = await index?.spec(hash, { signal });
      if (spec !== undefined) yield spec;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isAvailabilityFailure(error)) throw error;
    emit({ type: 'debug', message: `index of mirror ${mirror.name} is not used: ${messageOf(error)}` });
  }
}

function nothingMatches(query: Spec, { name }: OpenMirror): BerthError {
  const hint = `See what there is with berth buildcache list -a, and index it with berth buildcache update-index ${name}.`;
  return new BerthError('usage', 'ERR_NO_MATCH', `${formatSpec(query)}: mirror ${name} has no binary that matches`, {
    hint,
  });
}

/** A package that a selection needs and the source lacks. */
export function notOnSource(spec: ConcreteSpec, { name }: OpenMirror): BerthError {
  return new BerthError('notfound', 'ERR_NO_BINARY', `${labelOf(spec)}: mirror ${name} does not have it`, {
    hint: 'Push it there first, or copy the named packages alone with --only package.',
    details: { mirror: name, hash: spec.hash },
  });
}
