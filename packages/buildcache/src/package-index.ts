import {
  BerthError,
  type Emit,
  isBerthError,
  isJsonObject,
  JsonFields,
  type JsonObject,
  messageOf,
  parseStrictJson,
} from '@berth/base';
import { type ConcreteSpec, linkNodes, type MissingDependency, verifyDagHash } from '@berth/spec';
import { IndexScanner, type ScannedRecord } from './index-scan.ts';
import { type CallOptions } from './mirror.ts';
import { type RandomAccess } from './random-access.ts';

/** One record of an index (buildcache-formats §10). */
export interface IndexRecord {
  readonly hash: string;
  /** The record as it stands, unknown fields included. */
  readonly json: JsonObject;
  readonly node: JsonObject;
  readonly refCount: number;
  readonly inBuildcache: boolean;
}

/** What a mirror says it has. Records are parsed when asked for; memory holds their places only. */
export interface PackageIndex {
  /** True when the index lists a binary with this DAG hash; dependency-only records do not count (hostile-inputs X05). */
  has(hash: string): boolean;
  /** DAG hashes of all binaries, in the order of the index. */
  hashes(): Iterable<string>;
  /** The number of binaries. */
  readonly size: number;
  /**
   * The spec of a binary or of a dependency with its dependencies linked. `undefined` when it is not listed, or its record does not
   * belong to its hash: then a warning says so (X03). Rejects with `index` when records are malformed.
   */
  spec(hash: string, options: CallOptions): Promise<ConcreteSpec | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ReadIndexOptions extends CallOptions {
  /** Names the index in messages: `index of mirror m`. */
  readonly what: string;
  readonly emit: Emit;
}

/** The spec format of the nodes of each database version that can be read. */
const NODE_FORMATS: Readonly<Record<string, number>> = { 8: 5, 7: 4, 6: 3 };

/**
 * Reads an index. The result owns `source`. Rejects with `index`: ERR_INDEX when it is malformed or cut short,
 * ERR_INDEX_VERSION when another version of berth is needed.
 */
export async function readPackageIndex(source: RandomAccess, options: ReadIndexOptions): Promise<StoredIndex> {
  const places: ScannedRecord[] = [];
  const rows = new Map<string, number>();
  const repeated: ScannedRecord[] = [];
  const scanner = new IndexScanner(options.what, (record) => {
    if (rows.has(record.hash)) repeated.push(record);
    else rows.set(record.hash, places.push(record) - 1);
  });
  for await (const chunk of source.stream(0, source.sizeBytes)) {
    options.signal.throwIfAborted();
    scanner.push(chunk as Uint8Array);
  }
  const version = scanner.finish();
  const nodeFormat = NODE_FORMATS[version];
  if (nodeFormat === undefined) throw unknownVersion(options.what, version);
  await dropContradictions(source, { places, rows, repeated, options });
  return new StoredIndex(source, { places, rows, nodeFormat, options });
}

function unknownVersion(what: string, version: string): BerthError {
  const why = Number(version) > 8 ? 'needs a newer version of berth' : 'is not a version that can be read';
  return new BerthError('index', 'ERR_INDEX_VERSION', `${what}: index version ${JSON.stringify(version)} ${why}`, {
    details: { version },
  });
}

interface Rows {
  readonly places: readonly ScannedRecord[];
  readonly rows: Map<string, number>;
  readonly options: ReadIndexOptions;
}

/** Two different records for one hash: neither is believed (X03). */
async function dropContradictions(
  source: RandomAccess,
  index: Rows & { readonly repeated: readonly ScannedRecord[] },
): Promise<void> {
  for (const second of index.repeated) {
    const first = index.places[index.rows.get(second.hash) ?? -1];
    if (first === undefined) continue;
    const same = (await source.read(first.start, first.end)).equals(await source.read(second.start, second.end));
    if (same) continue;
    index.rows.delete(second.hash);
    warn(index.options, `${second.hash}: listed twice with different contents: ignored`);
  }
}

function warn({ emit, what }: ReadIndexOptions, text: string): void {
  emit({
    type: 'warning',
    code: 'INDEX_RECORD',
    message: `${what}: ${text}`,
    hint: 'Rebuild it: berth buildcache update-index MIRROR.',
  });
}

/** An index in one file or buffer. */
export class StoredIndex implements PackageIndex {
  readonly #source: RandomAccess;
  readonly #places: readonly ScannedRecord[];
  readonly #rows: Map<string, number>;
  readonly #nodeFormat: number;
  readonly #options: ReadIndexOptions;

  constructor(source: RandomAccess, index: Rows & { readonly nodeFormat: number }) {
    this.#source = source;
    this.#places = index.places;
    this.#rows = index.rows;
    this.#nodeFormat = index.nodeFormat;
    this.#options = index.options;
  }

  /** The spec format of its nodes; 5 in an index that may be merged into. */
  get nodeFormat(): number {
    return this.#nodeFormat;
  }

  get size(): number {
    let count = 0;
    for (const row of this.#rows.values()) if (this.#places[row]?.inBuildcache === true) count += 1;
    return count;
  }

  has(hash: string): boolean {
    return this.#place(hash)?.inBuildcache === true;
  }

  *hashes(): Iterable<string> {
    for (const [hash, row] of this.#rows) if (this.#places[row]?.inBuildcache === true) yield hash;
  }

  /** Places of all records, in the order of the file, those of dependencies too. */
  *records(): Iterable<ScannedRecord> {
    for (const row of this.#rows.values()) {
      const place = this.#places[row];
      if (place !== undefined) yield place;
    }
  }

  /** The bytes of the index. */
  get source(): RandomAccess {
    return this.#source;
  }

  hasRecord(hash: string): boolean {
    return this.#rows.has(hash);
  }

  /** One record, parsed strictly; `undefined` when absent or under a key that is not its hash (X03). */
  async record(hash: string): Promise<IndexRecord | undefined> {
    const place = this.#place(hash);
    if (place === undefined) return undefined;
    const what = `${this.#options.what}: record ${hash}`;
    const json = parseStrictJson(await this.#source.read(place.start, place.end), { what, kind: 'index' });
    const fields = new JsonFields(json, { what, kind: 'index', pointer: '' });
    const node = fields.object.get('spec');
    if (!isJsonObject(node)) throw fields.error('spec', 'expected an object');
    if (!this.#belongs(hash, node)) return undefined;
    const refCount = fields.has('ref_count') ? fields.count('ref_count') : 0;
    return { hash, json: fields.object, node, refCount, inBuildcache: place.inBuildcache };
  }

  async spec(hash: string, { signal }: CallOptions): Promise<ConcreteSpec | undefined> {
    const nodes = await this.#closure(hash, signal);
    if (!nodes.has(hash)) return undefined;
    const what = `${this.#options.what}: record ${hash}`;
    const spec = this.#link(nodes, what)?.get(hash);
    if (spec === undefined || verifyDagHash(spec) !== 'different') return spec;
    warn(this.#options, `${hash}: its record does not hash to it: ignored`);
    return undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#source[Symbol.asyncDispose]();
  }

  #place(hash: string): ScannedRecord | undefined {
    const row = this.#rows.get(hash);
    return row === undefined ? undefined : this.#places[row];
  }

  #belongs(hash: string, node: JsonObject): boolean {
    const stated = node.get('hash');
    if (stated === hash) return true;
    warn(this.#options, `${hash}: its record is of ${JSON.stringify(stated)}: ignored`);
    return false;
  }

  #link(nodes: ReadonlyMap<string, JsonObject>, what: string): ReadonlyMap<string, ConcreteSpec> | undefined {
    try {
      return linkNodes(nodes, {
        what,
        kind: 'index',
        formatVersion: this.#nodeFormat,
        onMissing: requireDependencies(nodes, what),
      });
    } catch (error) {
      if (!isBerthError(error)) throw error;
      warn(this.#options, `${messageOf(error)}: ignored`);
      return undefined;
    }
  }

  async #closure(hash: string, signal: AbortSignal): Promise<ReadonlyMap<string, JsonObject>> {
    const nodes = new Map<string, JsonObject>();
    const pending = [hash];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      signal.throwIfAborted();
      if (nodes.has(next)) continue;
      const record = await this.record(next);
      if (record === undefined) continue;
      nodes.set(next, record.node);
      pending.push(...dependencyHashes(record.node));
    }
    return nodes;
  }
}

/** What a spliced node was built as need not be listed (§10); everything it depends on must be. */
function requireDependencies(
  nodes: ReadonlyMap<string, JsonObject>,
  what: string,
): (missing: MissingDependency) => void {
  return ({ parentHash, name, hash }) => {
    const buildSpec = nodes.get(parentHash)?.get('build_spec');
    if (isJsonObject(buildSpec) && buildSpec.get('hash') === hash) return;
    throw new BerthError('index', 'ERR_INDEX', `${what}: its dependency ${name}/${hash} is not listed`);
  };
}

/** DAG hashes of the direct dependencies of a node and of what it was built as, in any spec format from 3 on. */
function dependencyHashes(node: JsonObject): readonly string[] {
  const dependencies = node.get('dependencies');
  const entries = Array.isArray(dependencies)
    ? [...(dependencies as readonly unknown[]), node.get('build_spec')]
    : [node.get('build_spec')];
  return entries.flatMap((entry) => {
    const hash = entry instanceof Map ? (entry as JsonObject).get('hash') : undefined;
    return typeof hash === 'string' ? [hash] : [];
  });
}

/** Several indexes of one mirror as one; where two list a hash, the first answers. */
export function mergeIndexes(indexes: readonly PackageIndex[]): PackageIndex {
  const [only] = indexes;
  if (only !== undefined && indexes.length === 1) return only;
  const hashes = new Set(indexes.flatMap((index) => Array.from(index.hashes())));
  return {
    has: (hash) => hashes.has(hash),
    hashes: () => hashes,
    size: hashes.size,
    spec: async (hash, options) => {
      for (const index of indexes) {
        const spec = await index.spec(hash, options);
        if (spec !== undefined) return spec;
      }
      return undefined;
    },
    [Symbol.asyncDispose]: async () => {
      for (const index of indexes) await index[Symbol.asyncDispose]();
    },
  };
}
