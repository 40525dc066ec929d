import { BerthError } from '@berth/base';
import { compareSpecs, type ConcreteSpec, formatSpec, satisfies, type Spec, traverse } from '@berth/spec';
import { type DatabaseScope, type DatabaseSnapshot, type RecordQuery } from '@berth/store';
import { resolve } from 'node:path';
import { UsageError } from '../arguments/usage-error.ts';
import { type StoreSession } from '../store-session.ts';

/** What `find` looks for. */
export interface FindQuery {
  readonly constraints: readonly Spec[];
  readonly records: Pick<RecordQuery, 'states' | 'explicit' | 'predicate'>;
  readonly externalOnly: boolean;
  /** Also what the environment has locked but nobody has installed. */
  readonly concretized: boolean;
  /** `all`, `local`, `upstream`, the name of an upstream or the folder of an install tree. */
  readonly installTree: string;
}

/**
 * The specs that match, each once: those of the environment in the order of its graph, otherwise in the order of specs. A
 * constraint that nothing matches is `notfound`, ERR_NOT_INSTALLED.
 */
export function findSpecs(
  session: StoreSession,
  snapshot: DatabaseSnapshot,
  query: FindQuery,
): readonly ConcreteSpec[] {
  const { constraints, externalOnly } = query;
  const tree = databaseOf(session, snapshot, query.installTree);
  const records = { ...query.records, scope: tree.scope };
  const found = (constraints.length === 0 ? [undefined] : constraints)
    .flatMap((constraint) => tree.snapshot.query({ ...records, constraint }))
    .map(({ spec }) => spec)
    .filter(({ external }) => !externalOnly || external !== undefined);
  const { environment } = session;
  const specs =
    environment === undefined
      ? [...new Set(found)].sort(compareSpecs)
      : inEnvironment(found, query, { roots: environment.roots, snapshot });
  if (specs.length === 0 && constraints.length > 0) throw noMatch(constraints, environment !== undefined);
  return specs;
}

interface Members {
  readonly roots: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
}

function inEnvironment(
  found: readonly ConcreteSpec[],
  { concretized, constraints }: FindQuery,
  { roots, snapshot }: Members,
): readonly ConcreteSpec[] {
  const byHash = new Map(found.map((spec) => [spec.hash, spec]));
  return traverse(roots).flatMap((member) => {
    const spec = byHash.get(member.hash);
    if (spec !== undefined) return [spec];
    return concretized && !snapshot.isInstalled(member.hash) && matches(member, constraints) ? [member] : [];
  });
}

function matches(spec: ConcreteSpec, constraints: readonly Spec[]): boolean {
  return constraints.length === 0 || constraints.some((constraint) => satisfies(spec, constraint));
}

interface Tree {
  readonly snapshot: DatabaseSnapshot;
  readonly scope: DatabaseScope;
}

function databaseOf({ configuration, store }: StoreSession, snapshot: DatabaseSnapshot, wanted: string): Tree {
  if (wanted === 'all' || wanted === 'local' || wanted === 'upstream') return { snapshot, scope: wanted };
  const { cwd } = configuration.substitution;
  if (resolve(cwd, wanted) === resolve(store.root)) return { snapshot, scope: 'local' };
  const upstreams = Object.entries(configuration.upstreams()).map(([name, { install_tree: root }]) => ({
    name,
    root: configuration.resolvePath(root),
  }));
  const at = upstreams.findIndex(({ name, root }) => name === wanted || root === resolve(cwd, wanted));
  const upstream = store.upstreams[at];
  if (upstream !== undefined) return { snapshot: upstream, scope: 'local' };
  const names = ['all', 'local', 'upstream', ...upstreams.map(({ name }) => name)];
  throw new UsageError(`--install-tree ${wanted}: no such install tree`, `One of: ${names.join(', ')}, or a folder.`);
}

function noMatch(constraints: readonly Spec[], inEnvironment: boolean): BerthError {
  const wanted = constraints.map(formatSpec).join(' ');
  const where = inEnvironment ? 'no package of the environment' : 'no installed package';
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `find ${wanted}: ${where} matches`, {
    hint: inEnvironment
      ? 'berth -E find looks outside of the environment.'
      : 'berth find lists what is installed; berth find -m also what is only on record.',
  });
}
