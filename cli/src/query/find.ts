import { compareSpecs, type ConcreteSpec, satisfies, type Spec, traverse } from '@berth/spec';
import { type DatabaseScope, type DatabaseSnapshot, type RecordQuery } from '@berth/store';
import { resolve } from 'node:path';
import { UsageError } from '../arguments/usage-error.ts';
import { type StoreSession } from '../store-session.ts';

/** What `find` looks for. */
export interface FindQuery {
  readonly constraints: readonly Spec[];
  readonly records: Pick<RecordQuery, 'states' | 'explicit' | 'predicate'>;
  readonly externalOnly: boolean;
  /** `all`, `local`, `upstream`, the name of an upstream or the folder of an install tree. */
  readonly installTree: string;
}

/** What was found, each spec once. */
export interface FoundSpecs {
  /** Those of an environment in the order of its graph, otherwise in the order of specs. */
  readonly recorded: readonly ConcreteSpec[];
  /** What the environment has locked but nobody has installed. */
  readonly pending: readonly ConcreteSpec[];
}

/** The specs that match. */
export function findSpecs(session: StoreSession, snapshot: DatabaseSnapshot, query: FindQuery): FoundSpecs {
  const { constraints, externalOnly } = query;
  const tree = databaseOf(session, snapshot, query.installTree);
  const records = { ...query.records, scope: tree.scope };
  const found = (constraints.length === 0 ? [undefined] : constraints)
    .flatMap((constraint) => tree.snapshot.query({ ...records, constraint }))
    .map(({ spec }) => spec)
    .filter(({ external }) => !externalOnly || external !== undefined);
  const { environment } = session;
  if (environment === undefined) return { recorded: [...new Set(found)].sort(compareSpecs), pending: [] };
  const byHash = new Map(found.map((spec) => [spec.hash, spec]));
  const members = traverse(environment.roots);
  return {
    recorded: members.flatMap(({ hash }) => byHash.get(hash) ?? []),
    pending: members.filter(
      (spec) => !byHash.has(spec.hash) && !snapshot.isInstalled(spec.hash) && matches(spec, constraints),
    ),
  };
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
