import { type DagHash, type DepType, traverse } from '@berth/spec';
import { type DatabaseRecord } from '../database/record.ts';
import { type DatabaseSnapshot } from '../database/snapshot.ts';

/** Over these edges a package needs another at run time. */
const RUN_TIME: readonly DepType[] = ['link', 'run'];

export interface UninstallPlan {
  /** What is to be removed, dependents before what they depend on. */
  readonly hashes: readonly DagHash[];
  /** Installed packages outside the plan that need one inside it: they forbid it unless forced. */
  readonly dependents: readonly DatabaseRecord[];
}

/**
 * What removing `hashes` means (store-and-specs-on-disk D.8). With `withDependents`, all that needs them goes too. Only
 * link and run dependents count; environments that hold a package are the caller's to ask.
 */
export function planUninstall(
  snapshot: DatabaseSnapshot,
  hashes: Iterable<DagHash>,
  options: { readonly withDependents: boolean },
): UninstallPlan {
  const named = new Set(hashes);
  const dependents = installedDependents(snapshot, named);
  if (!options.withDependents) return { hashes: dependentsFirst(snapshot, named), dependents };
  const all = new Set([...named, ...dependents.map((record) => record.hash)]);
  return { hashes: dependentsFirst(snapshot, all), dependents: [] };
}

/** Local packages that are installed and need one of `hashes`, directly or not, without these themselves. */
export function installedDependents(
  snapshot: DatabaseSnapshot,
  hashes: ReadonlySet<DagHash>,
): readonly DatabaseRecord[] {
  const found = new Map<DagHash, DatabaseRecord>();
  const open = [...hashes];
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    for (const record of snapshot.dependents(hash, RUN_TIME)) {
      if (hashes.has(record.hash) || found.has(record.hash) || !record.installed) continue;
      found.set(record.hash, record);
      open.push(record.hash);
    }
  }
  return [...found.values()];
}

export interface GarbageQuery {
  /** What must stay, with all it needs; the explicitly installed packages if not given. */
  readonly roots?: Iterable<DagHash> | undefined;
  /** Keep build dependencies of what stays too. */
  readonly keepBuildDependencies: boolean;
  /** Only these may go. */
  readonly candidate?: ((record: DatabaseRecord) => boolean) | undefined;
}

/** Installed local packages that nothing needs (store-and-specs-on-disk D.9), dependents first. */
export function findGarbage(snapshot: DatabaseSnapshot, query: GarbageQuery): readonly DagHash[] {
  const { keepBuildDependencies, candidate = () => true } = query;
  const types: readonly DepType[] = keepBuildDependencies ? [...RUN_TIME, 'build'] : RUN_TIME;
  const kept = reachable(snapshot, query.roots ?? explicitHashes(snapshot), types);
  const garbage = Array.from(snapshot.records('local')).filter(
    (record) => record.installed && !kept.has(record.hash) && candidate(record),
  );
  return dependentsFirst(snapshot, new Set(garbage.map((record) => record.hash)));
}

function explicitHashes(snapshot: DatabaseSnapshot): readonly DagHash[] {
  return Array.from(snapshot.records('local')).flatMap((record) => (record.explicit ? [record.hash] : []));
}

function reachable(
  snapshot: DatabaseSnapshot,
  roots: Iterable<DagHash>,
  types: readonly DepType[],
): ReadonlySet<DagHash> {
  const reached = new Set<DagHash>();
  const open = [...roots];
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    if (reached.has(hash)) continue;
    reached.add(hash);
    for (const edge of snapshot.get(hash)?.node.edges ?? []) {
      if (types.some((type) => edge.types.has(type))) open.push(edge.hash);
    }
  }
  return reached;
}

function dependentsFirst(snapshot: DatabaseSnapshot, hashes: ReadonlySet<DagHash>): readonly DagHash[] {
  const known = Array.from(hashes).filter((hash) => snapshot.local(hash) !== undefined);
  const specs = known.map((hash) => snapshot.spec(hash));
  return traverse(specs, { order: 'topological' }).flatMap(({ hash }) => (hashes.has(hash) ? [hash] : []));
}
