import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { errnoCode, ioError, jsonNumber, jsonObject, type JsonObject } from '@berth/base';
import { base32 } from '@berth/spec';
import { secondsNumber } from '../database/record.ts';
import { type Location } from './walk-tree.ts';

/** What the manifest tells of one path (store-and-specs-on-disk D.7). */
export interface ManifestEntry {
  /** The whole `st_mode`, kind of file included. */
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
  /** Text of a link. */
  readonly dest?: string | undefined;
  /** SHA-1 of a file's content in upper-case base32. */
  readonly hash?: string | undefined;
  /** Modification time of a file in seconds. */
  readonly time?: number | undefined;
  readonly size?: number | undefined;
}

/** Read and hashed without a pause in between, so that all files can share the memory. */
const WINDOW: Buffer = Buffer.allocUnsafe(256 * 1024);
/** The event loop turns after this many bytes of one file. */
const TURN_BYTES = 16 * WINDOW.length;

/** `undefined` when there is nothing at `location`. */
export async function readManifestEntry(location: Location, signal: AbortSignal): Promise<ManifestEntry | undefined> {
  try {
    const stats = lstatSync(location, { bigint: true });
    const facts = { mode: Number(stats.mode), owner: Number(stats.uid), group: Number(stats.gid) };
    if (stats.isSymbolicLink()) return { ...facts, dest: readlinkSync(location) };
    if (!stats.isFile()) return facts;
    const size = Number(stats.size);
    return { ...facts, hash: await hashFile(location, signal), time: modificationTime(stats), size };
  } catch (error) {
    signal.throwIfAborted();
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw ioError(`read ${String(location)}`, error);
  }
}

export function formatManifestEntry(entry: ManifestEntry): JsonObject {
  const { mode, owner, group, dest, hash, time, size } = entry;
  return jsonObject([
    ['mode', jsonNumber(mode)],
    ['owner', jsonNumber(owner)],
    ['group', jsonNumber(group)],
    ['dest', dest],
    ['hash', hash],
    ['time', time === undefined ? undefined : secondsNumber(time)],
    ['size', size === undefined ? undefined : jsonNumber(size)],
  ]);
}

/** Exactly the number that Python makes of the two parts of the time: a reader compares for equality. */
function modificationTime(stats: BigIntStats): number {
  const nanoseconds = 1_000_000_000n;
  return Number(stats.mtimeNs / nanoseconds) + 1e-9 * Number(stats.mtimeNs % nanoseconds);
}

async function hashFile(location: Location, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha1');
  const descriptor = openSync(location, 'r');
  try {
    let sizeBytes = 0;
    for (let count = -1; count !== 0; sizeBytes += count) {
      count = readSync(descriptor, WINDOW, 0, WINDOW.length, null);
      hash.update(WINDOW.subarray(0, count));
      if (sizeBytes === 0 || sizeBytes % TURN_BYTES !== 0) continue;
      await setImmediate();
      signal.throwIfAborted();
    }
  } finally {
    closeSync(descriptor);
  }
  return base32(hash.digest()).toUpperCase();
}
