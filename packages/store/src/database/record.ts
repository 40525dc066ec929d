import { formatJsonString, JsonNumber } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { type StoredNode } from './stored-node.ts';

/** One record of the database (store-and-specs-on-disk C.5). Values of this type never change. */
export interface DatabaseRecord {
  readonly hash: DagHash;
  readonly node: StoredNode;
  /** Records of this database with an edge to this one, plus those deprecated for it. */
  readonly refCount: number;
  /** Absolute; `undefined` after a reindex for what is not on disk. */
  readonly path: string | undefined;
  /** Present on disk; true of externals. */
  readonly installed: boolean;
  /** Asked for by a user. */
  readonly explicit: boolean;
  /** Seconds since the epoch, as written. */
  readonly installationTime: JsonNumber;
  readonly deprecatedFor: DagHash | undefined;
  /** Where an imported record comes from: `external-db`. */
  readonly origin: string | undefined;
}

/** Whether a record's package is on disk, replaced by another, or neither. */
export type RecordState = 'installed' | 'deprecated' | 'missing';

export function recordState(record: Pick<DatabaseRecord, 'installed' | 'deprecatedFor'>): RecordState {
  if (record.installed) return 'installed';
  return record.deprecatedFor === undefined ? 'missing' : 'deprecated';
}

/** The record as Spack writes it: these keys in this order and no others, or it refuses the whole database. */
export function formatRecord(record: DatabaseRecord): string {
  const members = [
    `"spec":${record.node.text}`,
    `"ref_count":${record.refCount}`,
    `"path":${formatOptional(record.path)}`,
    `"installed":${record.installed}`,
    `"explicit":${record.explicit}`,
    `"installation_time":${record.installationTime.token}`,
    `"deprecated_for":${formatOptional(record.deprecatedFor)}`,
  ];
  if (record.origin !== undefined) members.push(`"origin":${formatJsonString(record.origin)}`);
  return `{${members.join(',')}}`;
}

/** A time in the form Python writes: always with a fraction, so that a reader gets a float. */
export function secondsNumber(seconds: number): JsonNumber {
  return new JsonNumber(Number.isInteger(seconds) ? `${seconds}.0` : String(seconds));
}

function formatOptional(text: string | undefined): string {
  return text === undefined ? 'null' : formatJsonString(text);
}
