import { BerthError, type JsonObject } from '@berth/base';
import {
  type ConcreteSpec,
  type DagHash,
  type DepType,
  linkNodes,
  NO_VIRTUALS,
  satisfies,
  type Spec,
  type VirtualPackages,
} from '@berth/spec';
import { type DatabaseIndex } from './index-text.ts';
import { type DatabaseRecord, recordState, type RecordState } from './record.ts';

/** Which databases an answer covers: this install tree's, those of its upstreams, or all. */
export type DatabaseScope = 'local' | 'upstream' | 'all';

export interface RecordQuery {
  /** Only what satisfies this spec. */
  readonly constraint?: Spec | undefined;
  /** Which names in the constraint are virtual packages; none if not given. */
  readonly virtuals?: VirtualPackages | undefined;
  readonly predicate?: ((record: DatabaseRecord) => boolean) | undefined;
  /** Only records in one of these states; installed ones if not given. */
  readonly states?: readonly RecordState[] | undefined;
  readonly explicit?: boolean | undefined;
  readonly scope?: DatabaseScope | undefined;
}

export interface InstalledSpec {
  readonly record: DatabaseRecord;
  readonly spec: ConcreteSpec;
}

/** What a snapshot is made of. */
export interface SnapshotSources {
  readonly index: DatabaseIndex;
  /** Names the database in messages. */
  readonly what: string;
  /** In their order of precedence. */
  readonly upstreams: readonly DatabaseSnapshot[];
  /** Where a spec without a record goes. */
  readonly defaultPrefix: (spec: ConcreteSpec) => string;
  /** Told about each dependency that no database knows; its edge is left out of the specs. */
  readonly onMissingDependency: (parent: DagHash, child: string) => void;
}

/** The spec format of the nodes of each database version (store-and-specs-on-disk C.5). */
const SPEC_FORMATS: Readonly<Record<string, number>> = { '6': 3, '7': 4, '8': 5 };

/**
 * A database as it was at one moment, with its upstreams behind it: a hash that is known here hides theirs, even when it
 * is not installed here (store-and-specs-on-disk C.10). Specs are built when they are asked for, each once.
 */
export class DatabaseSnapshot {
  readonly #sources: SnapshotSources;
  readonly #specs = new Map<string, ConcreteSpec>();
  #parents: ReadonlyMap<DagHash, readonly DagHash[]> | undefined;

  constructor(sources: SnapshotSources) {
    this.#sources = sources;
  }

  /** The record of this database, else of the first upstream that has one. */
  get(hash: DagHash): DatabaseRecord | undefined {
    return this.local(hash) ?? this.upstreamOf(hash)?.get(hash);
  }

  local(hash: DagHash): DatabaseRecord | undefined {
    return this.#sources.index.records.get(hash);
  }

  /** The nearest upstream that has a record of `hash`, unless this database has one. */
  upstreamOf(hash: DagHash): DatabaseSnapshot | undefined {
    if (this.local(hash) !== undefined) return undefined;
    return this.#sources.upstreams.find((upstream) => upstream.local(hash) !== undefined);
  }

  /** Records in the order of the files, this database's first; each hash once. */
  *records(scope: DatabaseScope = 'all'): Iterable<DatabaseRecord> {
    const seen = new Set<DagHash>(this.#sources.index.records.keys());
    if (scope !== 'upstream') yield* this.#sources.index.records.values();
    if (scope === 'local') return;
    for (const upstream of this.#sources.upstreams) {
      for (const record of upstream.records('local')) {
        if (!seen.has(record.hash)) yield record;
        seen.add(record.hash);
      }
    }
  }

  /** True when the package can be used: installed here or in the upstream that counts. */
  isInstalled(hash: DagHash): boolean {
    return this.get(hash)?.installed === true;
  }

  /** The spec of a record, linked to its dependencies. Throws ERR_NOT_IN_DATABASE (`notfound`). */
  spec(hash: DagHash): ConcreteSpec {
    const spec = this.#find(hash);
    if (spec !== undefined) return spec;
    throw new BerthError('notfound', 'ERR_NOT_IN_DATABASE', `read ${this.#sources.what}: no record of ${hash}`, {
      details: { hash },
    });
  }

  /** Records whose hash begins with `prefix`, in any state; an exact match alone is also a prefix of one. */
  withHashPrefix(prefix: string): readonly DatabaseRecord[] {
    return Array.from(this.records()).filter((record) => record.hash.startsWith(prefix));
  }

  query(query: RecordQuery = {}): readonly InstalledSpec[] {
    const { constraint, virtuals = NO_VIRTUALS, scope = 'all' } = query;
    const found: InstalledSpec[] = [];
    for (const record of this.records(scope)) {
      // Most records fail here already: no spec is built for those.
      if (!matchesRecord(record, query)) continue;
      const spec = this.spec(record.hash);
      if (constraint === undefined || satisfies(spec, constraint, virtuals)) found.push({ record, spec });
    }
    return found;
  }

  /** Local records with an edge of one of `types` to `hash`: direct dependents only. */
  dependents(hash: DagHash, types: readonly DepType[]): readonly DatabaseRecord[] {
    this.#parents ??= findParents(this.#sources.index);
    return (this.#parents.get(hash) ?? []).flatMap((parent) => {
      const record = this.local(parent);
      const depends = record?.node.edges.some(
        (edge) => edge.hash === hash && types.some((type) => edge.types.has(type)),
      );
      return record !== undefined && depends === true ? [record] : [];
    });
  }

  /** Where a spec is or would be: an external's path, its record's path, else the projection. */
  prefixOf(spec: ConcreteSpec): string {
    return spec.external?.path ?? this.get(spec.hash)?.path ?? this.#sources.defaultPrefix(spec);
  }

  #find(hash: string): ConcreteSpec | undefined {
    const known = this.#specs.get(hash);
    if (known !== undefined) return known;
    const record = this.local(hash as DagHash);
    if (record === undefined) return this.#findUpstream(hash);
    const { index, what, onMissingDependency } = this.#sources;
    const linked = linkNodes(this.#unlinkedClosure(record), {
      what,
      kind: 'index',
      formatVersion: SPEC_FORMATS[index.version] ?? 5,
      pointerOf: (key) => `/database/installs/${key}/spec`,
      lookUp: (child) => this.#find(child),
      onMissing: (missing) => {
        onMissingDependency(missing.parentHash as DagHash, missing.hash);
      },
    });
    for (const [key, spec] of linked) this.#specs.set(key, spec);
    return this.#specs.get(hash);
  }

  #findUpstream(hash: string): ConcreteSpec | undefined {
    const upstream = this.#sources.upstreams.find((database) => database.local(hash as DagHash) !== undefined);
    return upstream?.spec(hash as DagHash);
  }

  /** The nodes below `record` that have no spec yet, itself included. */
  #unlinkedClosure(record: DatabaseRecord): Map<string, JsonObject> {
    const nodes = new Map<string, JsonObject>();
    const open = [record];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (nodes.has(next.hash)) continue;
      nodes.set(next.hash, next.node.json);
      for (const edge of next.node.edges) {
        const child = this.local(edge.hash);
        if (child !== undefined && !this.#specs.has(edge.hash)) open.push(child);
      }
    }
    return nodes;
  }
}

function matchesRecord(record: DatabaseRecord, query: RecordQuery): boolean {
  const { constraint, virtuals = NO_VIRTUALS, predicate, states = ['installed'], explicit } = query;
  if (!states.includes(recordState(record))) return false;
  if (explicit !== undefined && record.explicit !== explicit) return false;
  const name = constraint?.name;
  if (name !== undefined && !virtuals.isVirtual(name) && name !== record.node.name) return false;
  return predicate?.(record) !== false;
}

function findParents(index: DatabaseIndex): ReadonlyMap<DagHash, readonly DagHash[]> {
  const parents = new Map<DagHash, DagHash[]>();
  for (const record of index.records.values()) {
    for (const { hash } of record.node.edges) {
      const known = parents.get(hash);
      if (known === undefined) parents.set(hash, [record.hash]);
      else if (known.at(-1) !== record.hash) known.push(record.hash);
    }
  }
  return parents;
}
