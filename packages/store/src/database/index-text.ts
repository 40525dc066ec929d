import { BerthError, JsonNumber } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { type DatabaseRecord, formatRecord } from './record.ts';
import { StoredNode } from './stored-node.ts';
import { TextScanner } from './text-scanner.ts';

/** `index.json`: its version and its records, in the order of the file. Nodes are parsed when they are asked for. */
export interface DatabaseIndex {
  readonly version: string;
  readonly records: ReadonlyMap<DagHash, DatabaseRecord>;
}

/** The version this package writes. */
export const DATABASE_VERSION = '8';

export const EMPTY_INDEX: DatabaseIndex = { version: DATABASE_VERSION, records: new Map() };

/**
 * Reads the text of an `index.json` (store-and-specs-on-disk C.5): one pass over the text, and no object for what nobody
 * asks about. What follows the document is ignored. Throws ERR_DATABASE_FORMAT (kind `index`), for a record with a key of
 * another program too: written back, it would make Spack refuse the database.
 */
export function parseDatabaseIndex(text: string, what: string): DatabaseIndex {
  const scanner = new TextScanner(text, (why, at) => formatError(what, `${why} at character ${at}`));
  let index: DatabaseIndex | undefined;
  scanner.object((key) => {
    if (key === 'database') index = readDatabase(scanner, what);
    else scanner.skipValue();
  });
  if (index === undefined) throw formatError(what, 'no "database" in it');
  return index;
}

/** The whole text of an `index.json`; the nodes of records that were read are written as they were. */
export function formatDatabaseIndex(records: Iterable<DatabaseRecord>): string {
  const members: string[] = [];
  for (const record of records) members.push(`"${record.hash}":${formatRecord(record)}`);
  return `{"database":{"version":"${DATABASE_VERSION}","installs":{${members.join(',')}}}}`;
}

export function formatError(what: string, why: string, cause?: unknown): BerthError {
  return new BerthError('index', 'ERR_DATABASE_FORMAT', `read ${what}: ${why}`, {
    hint: 'Rebuild the database from the installed packages: berth reindex.',
    cause,
  });
}

function readDatabase(scanner: TextScanner, what: string): DatabaseIndex {
  let version: string | undefined;
  const records = new Map<DagHash, DatabaseRecord>();
  scanner.object((key) => {
    if (key === 'version') version = scanner.string();
    else if (key === 'installs') readRecords(scanner, what, records);
    else scanner.skipValue();
  });
  if (version === undefined) throw formatError(what, 'no version in it');
  return { version, records };
}

function readRecords(scanner: TextScanner, what: string, records: Map<DagHash, DatabaseRecord>): void {
  scanner.object((key) => {
    if (!/^[a-z2-7]{32}$/.test(key)) throw formatError(what, `not a DAG hash: ${JSON.stringify(key.slice(0, 60))}`);
    const hash = key as DagHash;
    if (records.has(hash)) throw formatError(what, `two records of ${hash}`);
    records.set(hash, readRecord(scanner, { hash, what }));
  });
}

interface RecordDraft {
  nodeText: string | undefined;
  refCount: number;
  path: string | undefined;
  installed: boolean;
  explicit: boolean;
  installationTime: JsonNumber;
  deprecatedFor: DagHash | undefined;
  origin: string | undefined;
}

/** Each key a record may have, and how it is read (older versions left some out). */
const RECORD_KEYS: Readonly<Record<string, (draft: RecordDraft, scanner: TextScanner) => void>> = {
  spec: (draft, scanner) => (draft.nodeText = scanner.skipValue()),
  ref_count: (draft, scanner) => (draft.refCount = scanner.count()),
  path: (draft, scanner) => {
    const path = scanner.optionalString();
    draft.path = path === 'None' ? undefined : path;
  },
  installed: (draft, scanner) => (draft.installed = scanner.boolean()),
  explicit: (draft, scanner) => (draft.explicit = scanner.boolean()),
  installation_time: (draft, scanner) => (draft.installationTime = new JsonNumber(scanner.number())),
  deprecated_for: (draft, scanner) => (draft.deprecatedFor = scanner.optionalString() as DagHash | undefined),
  origin: (draft, scanner) => (draft.origin = scanner.optionalString()),
  in_buildcache: (_draft, scanner) => scanner.boolean(),
};

interface RecordPlace {
  readonly hash: DagHash;
  readonly what: string;
}

function readRecord(scanner: TextScanner, place: RecordPlace): DatabaseRecord {
  const draft: RecordDraft = {
    nodeText: undefined,
    refCount: 0,
    path: undefined,
    installed: false,
    explicit: false,
    installationTime: new JsonNumber('0.0'),
    deprecatedFor: undefined,
    origin: undefined,
  };
  scanner.object((key) => {
    const read = Object.hasOwn(RECORD_KEYS, key) ? RECORD_KEYS[key] : undefined;
    if (read === undefined) throw formatError(place.what, `record ${place.hash}: unknown key ${JSON.stringify(key)}`);
    read(draft, scanner);
  });
  const { nodeText, ...facts } = draft;
  if (nodeText === undefined) throw formatError(place.what, `record ${place.hash}: no "spec" in it`);
  const fail = (why: string, cause?: unknown): BerthError =>
    formatError(place.what, `record ${place.hash}: ${why}`, cause);
  return { ...facts, hash: place.hash, node: new StoredNode(nodeText, fail) };
}
