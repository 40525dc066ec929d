import { createHash } from 'node:crypto';
import { constants, type BigIntStats, createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { errnoCode } from '@berth/base';
import { type ByteRange, type StoredObject, type StoredObjectInfo } from '@berth/buildcache';

/** Objects up to this size are tagged by their content, larger ones by inode, size and times. */
export const CONTENT_TAG_BYTES: number = 1024 * 1024;

/** `undefined` is absent; `irregular` is something that is not a file: the caller treats it as absent and says so. */
export type Opened = { readonly file: FileHandle; readonly stats: BigIntStats } | 'irregular' | undefined;

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
const IRREGULAR: ReadonlySet<string> = new Set(['ELOOP', 'ENXIO', 'ENODEV', 'EISDIR']);

/** Opens a regular file, or a link to one, without ever blocking on anything else (hostile-inputs F01). */
export async function openRegular(path: string): Promise<Opened> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errnoCode(error) ?? '';
    if (ABSENT.has(code)) return undefined;
    if (IRREGULAR.has(code)) return 'irregular';
    throw error;
  }
  const stats = await file.stat({ bigint: true });
  if (stats.isFile()) return { file, stats };
  await file.close();
  return 'irregular';
}

/** The ETag of an object held in memory. */
export function contentTag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('hex')}"`;
}

function statTag({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `"${ino}-${size}-${mtimeNs}-${ctimeNs}"`;
}

function isSmall(stats: BigIntStats): boolean {
  return stats.size <= BigInt(CONTENT_TAG_BYTES);
}

/** Closes `file`. */
export async function describeObject({ file, stats }: Exclude<Opened, string | undefined>): Promise<StoredObjectInfo> {
  try {
    const etag = isSmall(stats) ? contentTag(await file.readFile()) : statTag(stats);
    return infoOf(stats, etag);
  } finally {
    await file.close();
  }
}

/** The object with a stream over the same open file that the tag was taken of; the stream closes it. */
export async function readObject(
  { file, stats }: Exclude<Opened, string | undefined>,
  options: { readonly range?: ByteRange | undefined; readonly ifNoneMatch?: string | undefined },
): Promise<StoredObject> {
  const small = isSmall(stats) ? await readAndClose(file) : undefined;
  const etag = small === undefined ? statTag(stats) : contentTag(small);
  const notModified = options.ifNoneMatch === etag;
  const { start, end } = clamp(options.range, Number(stats.size));
  const info = { ...infoOf(stats, etag), notModified };
  if (small !== undefined || notModified || start >= end) {
    if (small === undefined) await file.close();
    const bytes = notModified ? Buffer.alloc(0) : (small ?? Buffer.alloc(0)).subarray(start, end);
    return { ...info, body: Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false }) };
  }
  return { ...info, body: createReadStream('', { fd: file, start, end: end - 1 }) };
}

async function readAndClose(file: FileHandle): Promise<Buffer> {
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function clamp(range: ByteRange | undefined, size: number): { readonly start: number; readonly end: number } {
  return { start: Math.min(range?.start ?? 0, size), end: Math.min(range?.end ?? size, size) };
}

function infoOf(stats: BigIntStats, etag: string): StoredObjectInfo {
  return { sizeBytes: Number(stats.size), etag, modifiedAt: new Date(Number(stats.mtimeMs)) };
}
