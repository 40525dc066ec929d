import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Emit, errnoCode, ioError, messageOf } from '@berth/base';
import { type ConcreteSpec, type DagHash, traverse } from '@berth/spec';
import { type Database } from './database.ts';
import { findPrefixes, type FoundPrefix } from './find-prefixes.ts';
import { DATABASE_FILES, readIndexFile } from './index-file.ts';
import { type DatabaseRecord, secondsNumber } from './record.ts';
import { DatabaseSnapshot } from './snapshot.ts';
import { storedNodeOf } from './stored-node.ts';

export interface ReindexOptions {
  readonly root: string;
  readonly database: Database;
  /** True for what an upstream has: it needs no record here. */
  readonly isUpstream: (hash: DagHash) => boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface ReindexResult {
  /** Records that the database has now. */
  readonly recorded: number;
  /** Of those, packages found on disk. */
  readonly found: number;
}

/**
 * Rebuilds the database from what is on disk (store-and-specs-on-disk C.9). Marks, times, origins, deprecations and the
 * paths of what is gone are taken from the old records, as far as they can be read. The old file stays as
 * `index.json.bkp`.
 */
export async function reindex(options: ReindexOptions): Promise<ReindexResult> {
  const { database, root, emit, signal } = options;
  return database.transaction(
    async (transaction) => {
      await backUp(database.directory);
      const old = await readOldRecords(options);
      const found: FoundPrefix[] = [];
      for await (const prefix of findPrefixes(root, { signal, emit })) found.push(prefix);
      const records = composeRecords(found, old, options);
      transaction.replaceAll(records);
      return { recorded: records.length, found: records.filter((record) => record.installed).length };
    },
    { signal, ignoreDamage: true },
  );
}

interface OldRecord {
  readonly record: DatabaseRecord;
  readonly spec: ConcreteSpec;
}

type OldRecords = ReadonlyMap<DagHash, OldRecord>;

async function readOldRecords({ database, emit }: ReindexOptions): Promise<OldRecords> {
  const what = `database ${database.directory}`;
  try {
    const { index } = await readIndexFile(database.directory);
    const snapshot = new DatabaseSnapshot({
      ...{ index, what, upstreams: [], defaultPrefix: () => '' },
      onMissingDependency: () => undefined,
    });
    return new Map(snapshot.query({ states: ALL_STATES }).map((entry) => [entry.record.hash, entry] as const));
  } catch (error) {
    emit({
      type: 'warning',
      code: 'ERR_OLD_RECORDS',
      message: `reindex: the old records are not used: ${messageOf(error)}`,
    });
    return new Map();
  }
}

const ALL_STATES = ['installed', 'deprecated', 'missing'] as const;

function composeRecords(
  found: readonly FoundPrefix[],
  old: OldRecords,
  options: ReindexOptions,
): readonly DatabaseRecord[] {
  const prefixes = prefixesByHash(found, options.emit);
  const replacements = new Map(
    found.flatMap(({ spec, deprecated }) => deprecated.map((gone) => [gone.hash, spec.hash])),
  );
  const specs = knownSpecs(found, old).filter((spec) => prefixes.has(spec.hash) || !options.isUpstream(spec.hash));
  const hashes = new Set(specs.map((spec) => spec.hash));
  const now = Date.now() / 1000;
  return specs.map((spec) => {
    const known = old.get(spec.hash)?.record;
    const place = prefixes.get(spec.hash);
    if (known?.installed === true && place === undefined && spec.external === undefined) options.emit(gone(known));
    const replacement = known?.deprecatedFor ?? replacements.get(spec.hash);
    const isReplaced = place === undefined && replacement !== undefined && hashes.has(replacement);
    return {
      ...freshRecord(spec, place, now),
      ...keptFacts(known),
      ...(place === undefined ? {} : { path: place.prefix }),
      deprecatedFor: isReplaced ? replacement : undefined,
    };
  });
}

/** What is known of a spec from the tree alone. */
function freshRecord(spec: ConcreteSpec, place: FoundPrefix | undefined, now: number): DatabaseRecord {
  return {
    hash: spec.hash,
    node: storedNodeOf(spec),
    refCount: 0,
    path: spec.external?.path,
    installed: place !== undefined || spec.external !== undefined,
    explicit: place !== undefined,
    installationTime: secondsNumber(place?.installationTime ?? now),
    deprecatedFor: undefined,
    origin: undefined,
  };
}

/** What only the old record can tell. */
function keptFacts(known: DatabaseRecord | undefined): Partial<DatabaseRecord> {
  if (known === undefined) return {};
  const { path, explicit, installationTime, origin } = known;
  return { path, explicit, installationTime, origin };
}

function prefixesByHash(found: readonly FoundPrefix[], emit: Emit): ReadonlyMap<DagHash, FoundPrefix> {
  const prefixes = new Map<DagHash, FoundPrefix>();
  for (const candidate of found) {
    const first = prefixes.get(candidate.spec.hash);
    if (first === undefined) prefixes.set(candidate.spec.hash, candidate);
    else emit(twice(first, candidate));
  }
  return prefixes;
}

/** Every spec of the tree and of the old records, each once; what a prefix says of itself counts most. */
function knownSpecs(found: readonly FoundPrefix[], old: OldRecords): readonly ConcreteSpec[] {
  const specs = new Map<DagHash, ConcreteSpec>();
  const oldSpecs = Array.from(old.values(), ({ spec }) => spec);
  const foundSpecs = found.map(({ spec }) => spec);
  for (const spec of foundSpecs) specs.set(spec.hash, spec);
  const roots = [...foundSpecs, ...found.flatMap(({ deprecated }) => deprecated), ...oldSpecs];
  for (const spec of traverse(roots, { order: 'post' })) if (!specs.has(spec.hash)) specs.set(spec.hash, spec);
  return [...specs.values()];
}

async function backUp(directory: string): Promise<void> {
  try {
    await copyFile(join(directory, DATABASE_FILES.index), join(directory, DATABASE_FILES.backup));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw ioError(`back up the database ${directory}`, error);
  }
}

function gone(record: DatabaseRecord): Parameters<Emit>[0] {
  const what = `${record.node.name}/${record.hash.slice(0, 7)}`;
  return {
    type: 'warning',
    code: 'ERR_PREFIX_GONE',
    message: `reindex: ${what}: recorded as installed, but not on disk`,
  };
}

function twice(first: FoundPrefix, second: FoundPrefix): Parameters<Emit>[0] {
  const message = `reindex: ${second.prefix}: not recorded: ${first.prefix} holds the same package`;
  return { type: 'warning', code: 'ERR_PREFIX_TWICE', message };
}
