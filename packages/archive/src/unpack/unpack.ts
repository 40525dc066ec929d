import {
  BerthError,
  DEFAULT_LIMITS,
  type ErrorKind,
  ioError,
  isBerthError,
  type Limits,
  type Sha256,
  VerifyStream,
} from '@berth/base';
import { createHash, randomBytes } from 'node:crypto';
import { lstat, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzip } from '../codec/gunzip.ts';
import { ARCHIVE_COMPRESSION, detectFormat, MAGIC_BYTES } from '../codec/magic.ts';
import { archiveError } from '../failures.ts';
import { TarReader } from '../tar/reader.ts';
import { settle, type UnpackedMember } from './settle.ts';
import { StagedTree } from './staged-tree.ts';
import { StoredChunks } from './stored-chunks.ts';

export interface UnpackOptions {
  /** The bytes as they are stored, compressed. Read to the end or destroyed. */
  readonly source: Readable;
  /** An empty directory of ours that nobody else can write to. Empty again after a failure. */
  readonly directory: string;
  /** Names the archive in messages: `blob 63cee6… of greet@1.0 from mirror m`. */
  readonly what: string;
  /** What the trusted document that named the archive says of it. */
  readonly expected?: {
    readonly digest?: Sha256 | undefined;
    readonly sizeBytes?: number | undefined;
    /** Of the uncompressed archive. */
    readonly diffId?: Sha256 | undefined;
  };
  /**
   * Files, relative to the prefix, that never appear under their names: their content is returned instead. With
   * `.spack/spec.json` withheld, nothing takes a half-installed package for an installed one.
   */
  readonly withhold?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly signal: AbortSignal;
  /** Told about stored bytes as they arrive. */
  readonly onBytes?: (bytes: number) => void;
}

/** A package whose files lie in the directory that was given, relative to it as they were to its prefix. */
export interface UnpackedPackage {
  /** The absolute prefix that the package was packed from. */
  readonly oldPrefix: string;
  /** Content of `.spack/binary_distribution`. */
  readonly buildInfo: Buffer;
  /** By path relative to the prefix, in archive order. */
  readonly members: ReadonlyMap<string, UnpackedMember>;
  readonly withheld: ReadonlyMap<string, Buffer>;
  /** Of the stored archive. */
  readonly sizeBytes: number;
  readonly uncompressedBytes: number;
}

/** Share of the free space that an archive may take. */
const USABLE_SPACE = 0.95;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Unpacks one package archive while it arrives. Resolves only when size and digests are the expected ones, so that the caller
 * may then publish the directory by rename; when it rejects, the directory is empty again and nothing outside of it was ever
 * touched. Rejects with `size` or `digest` when the bytes are not the expected ones, whatever else is wrong with them; else
 * with `archive`, `format`, `limit` or `io` (hostile-inputs A, Z; buildcache-formats §12.1).
 */
export async function unpackPackage(options: UnpackOptions): Promise<UnpackedPackage> {
  const { source, directory, what, expected, signal } = options;
  await requireOwnDirectory(options);
  try {
    const verify = new VerifyStream({ what, digest: expected?.digest, sizeBytes: expected?.sizeBytes });
    return await pipeline(source, verify, (chunks: AsyncIterable<Buffer>) => unpackChunks(chunks, options), { signal });
  } catch (error) {
    // The caller removes the directory in any case: what went wrong first is what has to be told.
    await emptyDirectory(directory).catch(() => undefined);
    throw ioError(what, error);
  }
}

async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}

/** Never unpacks through a link, among files of others, or where others can interfere (hostile-inputs A40, A41). */
async function requireOwnDirectory({ source, directory, what }: UnpackOptions): Promise<void> {
  try {
    const found = await lstat(directory);
    const isOurs = process.getuid === undefined || found.uid === process.getuid();
    const isPrivate = (found.mode & WRITABLE_BY_OTHERS) === 0;
    if (found.isDirectory() && isOurs && isPrivate && (await readdir(directory)).length === 0) return;
    throw new BerthError(
      'io',
      'ERR_UNPACK_DIRECTORY',
      `${what}: cannot unpack to ${directory}: it must be an empty directory that is ours alone`,
    );
  } catch (error) {
    source.destroy();
    throw ioError(what, error);
  }
}

const CONTENT_FAILURES: readonly ErrorKind[] = ['archive', 'format', 'limit'];

async function unpackChunks(chunks: AsyncIterable<Buffer>, options: UnpackOptions): Promise<UnpackedPackage> {
  const stored = new StoredChunks(chunks, options.onBytes);
  try {
    await requireCompression(stored, options.what);
    return await unpackStored(stored, options);
  } catch (error) {
    // Bytes that are not the expected ones explain every other fault, so that one is told.
    if (isBerthError(error) && CONTENT_FAILURES.includes(error.kind) && options.expected?.digest !== undefined) {
      await stored.drain();
    }
    throw error;
  }
}

async function requireCompression(stored: StoredChunks, what: string): Promise<void> {
  const head = await stored.peek(MAGIC_BYTES);
  if (head.length < 2) throw archiveError(what, 'the archive is cut short');
  const found = detectFormat(head);
  if (found === ARCHIVE_COMPRESSION) return;
  throw new BerthError(
    'format',
    'ERR_ARCHIVE_FORMAT',
    `${what}: expected ${ARCHIVE_COMPRESSION}, found ${found ?? 'something unknown'}`,
    {
      hint: 'Package archives are tar files compressed with gzip: push the package again with --force.',
      details: { expected: ARCHIVE_COMPRESSION, found: found ?? null },
    },
  );
}

async function unpackStored(stored: StoredChunks, options: UnpackOptions): Promise<UnpackedPackage> {
  const { directory, what, withhold = [] } = options;
  const limits = await usableLimits(options);
  const places = placesIn(directory);
  const tree = new StagedTree({ what, limits, ...places, isHeldBack: endsWithOneOf(withhold) });
  let uncompressedBytes = 0;
  try {
    const reader = new TarReader(tree, { what, limits });
    const hash = options.expected?.diffId === undefined ? undefined : createHash('sha256');
    for await (const chunk of gunzip(stored.next, { what, limits })) {
      options.signal.throwIfAborted();
      uncompressedBytes += chunk.length;
      hash?.update(chunk);
      reader.push(chunk);
    }
    reader.end();
    requireDiffId(hash?.digest('hex'), options);
  } finally {
    tree.finish();
  }
  const settled = await settle(tree, { what, limits, directory, ...places, withhold });
  return { ...settled, sizeBytes: stored.sizeBytes, uncompressedBytes };
}

/** Two names that no member can foresee. */
function placesIn(directory: string): { readonly root: string; readonly aside: string } {
  const random = randomBytes(12).toString('hex');
  return { root: join(directory, `.root-${random}`), aside: join(directory, `.aside-${random}`) };
}

async function usableLimits(options: UnpackOptions): Promise<Limits> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { bavail, bsize } = await statfs(options.directory);
  return { ...limits, archiveBytes: Math.min(limits.archiveBytes, Math.floor(bavail * bsize * USABLE_SPACE)) };
}

function endsWithOneOf(paths: readonly string[]): (path: string) => boolean {
  const suffixes = paths.map((path) => `/${path}`);
  return (path) => suffixes.some((suffix) => path.endsWith(suffix));
}

function requireDiffId(found: string | undefined, { what, expected }: UnpackOptions): void {
  if (found === expected?.diffId) return;
  throw new BerthError(
    'digest',
    'ERR_DIGEST_MISMATCH',
    `${what}: expected the uncompressed digest sha256:${String(expected?.diffId)}, got sha256:${String(found)}`,
    {
      hint: 'The bytes on the mirror are not the ones that were published: push the package again with --force.',
      details: { expected: expected?.diffId, found },
    },
  );
}
