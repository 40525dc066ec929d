import { BerthError } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type DatabaseRecord, secondsNumber } from './record.ts';
import { storedNodeOf } from './stored-node.ts';

/** What a transaction must be told about the world. */
export interface TransactionWorld {
  /** True when an upstream has the package installed. */
  readonly installedUpstream: (hash: DagHash) => boolean;
  readonly prefixOf: (spec: ConcreteSpec) => string;
  /** True when the prefix holds the metadata of exactly this spec. */
  readonly isOnDisk: (spec: ConcreteSpec, prefix: string) => Promise<boolean>;
  readonly nowSeconds: () => number;
}

export interface AddOptions {
  readonly explicit: boolean;
  /** Seconds since the epoch; now if not given. */
  readonly installationTime?: number | undefined;
}

/**
 * Changes to the records of one database, kept in memory until the transaction ends (store-and-specs-on-disk C.8). Reference
 * counts follow from the operations.
 */
export class DatabaseTransaction {
  readonly #world: TransactionWorld;
  readonly #records: Map<DagHash, DatabaseRecord>;
  #changed = false;

  constructor(records: ReadonlyMap<DagHash, DatabaseRecord>, world: TransactionWorld) {
    this.#records = new Map(records);
    this.#world = world;
  }

  /** False as long as nothing was changed: nothing is written then. */
  get changed(): boolean {
    return this.#changed;
  }

  get(hash: DagHash): DatabaseRecord | undefined {
    return this.#records.get(hash);
  }

  records(): ReadonlyMap<DagHash, DatabaseRecord> {
    return this.#records;
  }

  /**
   * Records a spec and, as not asked for, those of its dependencies that no record here knows. Whether each is installed is
   * looked up on disk. What an upstream has installed is left out, with all below it.
   */
  async add(spec: ConcreteSpec, options: AddOptions): Promise<void> {
    const time = options.installationTime ?? this.#world.nowSeconds();
    const isUpstream = (hash: DagHash): boolean => !this.#records.has(hash) && this.#world.installedUpstream(hash);
    if (isUpstream(spec.hash)) return;
    for (const node of childrenFirst(spec, (hash) => this.#records.has(hash) || isUpstream(hash))) {
      if (node.hash !== spec.hash) await this.#addOne(node, { explicit: false, time });
    }
    await this.#addOne(spec, { explicit: options.explicit, time });
  }

  /** Sets or clears the mark of what a user asked for. */
  mark(hash: DagHash, explicit: boolean): void {
    this.#change(this.#need(hash), { explicit });
  }

  /** Takes a package off the record; as long as others refer to it, it is only no longer installed. */
  remove(hash: DagHash): void {
    const record = this.#need(hash);
    if (record.refCount > 0) {
      this.#change(record, { installed: false });
      return;
    }
    const open = [record];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      this.#records.delete(next.hash);
      this.#changed = true;
      for (const target of referencesOf(next)) {
        const child = this.#refer(target, -1);
        if (child?.refCount === 0 && !child.installed) open.push(child);
      }
    }
  }

  /** Records that `old` was given up for `replacement`. */
  deprecate(old: DagHash, replacement: DagHash): void {
    this.#need(replacement);
    const record = this.#need(old);
    this.#refer(replacement, 1);
    if (record.deprecatedFor !== undefined) this.#refer(record.deprecatedFor, -1);
    this.#change(this.#need(old), { deprecatedFor: replacement, installed: false });
  }

  /** Replaces all records at once, as a reindex does. Reference counts are computed. */
  replaceAll(records: Iterable<DatabaseRecord>): void {
    this.#records.clear();
    for (const record of records) this.#records.set(record.hash, record);
    const counts = countReferences(this.#records);
    for (const record of this.#records.values()) {
      this.#records.set(record.hash, { ...record, refCount: counts.get(record.hash) ?? 0 });
    }
    this.#changed = true;
  }

  async #addOne(spec: ConcreteSpec, facts: { readonly explicit: boolean; readonly time: number }): Promise<void> {
    const known = this.#records.get(spec.hash);
    const path = spec.external === undefined ? (known?.path ?? this.#world.prefixOf(spec)) : spec.external.path;
    const installed = spec.external !== undefined || (path !== undefined && (await this.#world.isOnDisk(spec, path)));
    const installationTime = secondsNumber(facts.time);
    const { explicit } = facts;
    if (known !== undefined) {
      this.#change(known, { installed, installationTime, explicit, path });
      return;
    }
    const node = storedNodeOf(spec);
    const { hash } = spec;
    this.#records.set(hash, {
      ...{ hash, node, refCount: 0, path, installed, explicit, installationTime },
      deprecatedFor: undefined,
      origin: undefined,
    });
    this.#changed = true;
    for (const child of new Set(node.edges.map((edge) => edge.hash))) this.#refer(child, 1);
  }

  #refer(hash: DagHash, by: 1 | -1): DatabaseRecord | undefined {
    const record = this.#records.get(hash);
    // A reference to a record of an upstream is not counted anywhere.
    return record === undefined ? undefined : this.#change(record, { refCount: Math.max(0, record.refCount + by) });
  }

  #change(record: DatabaseRecord, changes: Partial<DatabaseRecord>): DatabaseRecord {
    const changed = { ...record, ...changes };
    this.#records.set(record.hash, changed);
    this.#changed = true;
    return changed;
  }

  #need(hash: DagHash): DatabaseRecord {
    const record = this.#records.get(hash);
    if (record !== undefined) return record;
    throw new BerthError('notfound', 'ERR_NOT_IN_DATABASE', `change the database: no record of ${hash}`, {
      details: { hash },
    });
  }
}

/** How often each hash is referred to: once for each record with an edge to it, once for each deprecated for it. */
export function countReferences(records: ReadonlyMap<DagHash, DatabaseRecord>): ReadonlyMap<DagHash, number> {
  const counts = new Map<DagHash, number>();
  for (const record of records.values()) {
    for (const target of referencesOf(record)) counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return counts;
}

function referencesOf(record: DatabaseRecord): readonly DagHash[] {
  const children = new Set(record.node.edges.map((edge) => edge.hash));
  return record.deprecatedFor === undefined ? [...children] : [...children, record.deprecatedFor];
}

/** The nodes below `root` (itself last) without those below a node that `isKnown`; children before their parents. */
function childrenFirst(root: ConcreteSpec, isKnown: (hash: DagHash) => boolean): readonly ConcreteSpec[] {
  const order: ConcreteSpec[] = [];
  const seen = new Set<DagHash>([root.hash]);
  const stack = [{ spec: root, next: 0 }];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const edge = frame.spec.dependencies[frame.next];
    frame.next += 1;
    if (edge === undefined) {
      order.push(frame.spec);
      stack.pop();
    } else if (!seen.has(edge.spec.hash) && !isKnown(edge.spec.hash)) {
      seen.add(edge.spec.hash);
      stack.push({ spec: edge.spec, next: 0 });
    }
  }
  return order;
}
