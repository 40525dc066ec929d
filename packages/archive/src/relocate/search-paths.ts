import { errnoCode, forEachInTurns, ioError } from '@berth/base';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { descriptorReader, type ByteReader } from './byte-reader.ts';
import { joinSearchPath, splitSearchPath } from './elf/edit.ts';
import { ELF_MAGIC, readElf, sharesBytes, type ElfSearchPath } from './elf/read.ts';
import { type RelocationMember } from './types.ts';
import { withWritable } from './writable.ts';
import { writeAt } from './write-at.ts';

/** A smaller file is no ELF file. */
const MIN_ELF_BYTES = 52;

export interface PruneSearchPathsOptions {
  /** Where the tree will lie: entries of search paths below it are looked for in the tree where it lies now. */
  readonly finalPrefix: string;
  readonly entries: Iterable<RelocationMember>;
  readonly signal: AbortSignal;
  /** Whether an absolute path outside the tree exists, or will; the file system is asked by default. */
  readonly pathExists?: (path: string) => Promise<boolean>;
}

/**
 * Drops from the ELF search paths below `directory` the entries that are neither `$…` nor absolute and there, in place
 * (buildcache-formats §12.9). Returns the changed paths in the order of the entries; rejects with `io` ERR_IO.
 */
export async function pruneSearchPaths(
  directory: string,
  options: PruneSearchPathsOptions,
): Promise<readonly string[]> {
  const files = [...options.entries].filter(
    ({ kind, sizeBytes, hardLinkOf }) => kind === 'file' && sizeBytes >= MIN_ELF_BYTES && hardLinkOf === undefined,
  );
  const changed: string[] = [];
  const exists = existence(directory, options);
  await forEachInTurns(files, options, async ({ path }) => {
    try {
      if (await pruneFile(join(directory, path), exists)) changed.push(path);
    } catch (cause) {
      throw ioError(`prune the search path of ${path}`, cause);
    }
  });
  return changed;
}

/** Answers for every path once. */
function existence(
  directory: string,
  { finalPrefix, pathExists = isThere }: PruneSearchPathsOptions,
): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  const ask = async (path: string): Promise<boolean> => {
    if (path === finalPrefix || path.startsWith(`${finalPrefix}/`))
      return isThere(directory + path.slice(finalPrefix.length));
    return pathExists(path);
  };
  return async (path) => {
    const answer = known.get(path) ?? ask(path);
    known.set(path, answer);
    return answer;
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (ABSENT.has(errnoCode(error) ?? '')) return false;
    throw error;
  }
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG']);

async function pruneFile(path: string, exists: (path: string) => Promise<boolean>): Promise<boolean> {
  const searchPath = readSearchPath(path);
  if (searchPath === undefined) return false;
  const kept: Buffer[] = [];
  for (const entry of splitSearchPath(searchPath.text)) {
    const text = entry.toString();
    if (text.startsWith('$') || (text.startsWith('/') && (await exists(text)))) kept.push(entry);
  }
  const pruned = joinSearchPath(kept);
  if (pruned.equals(searchPath.text)) return false;
  const bytes = Buffer.concat([pruned, Buffer.alloc(searchPath.text.length - pruned.length)]);
  await withWritable(path, async (descriptor) => {
    writeAt(descriptor, bytes, searchPath.fileOffset);
  });
  return true;
}

/** Of an ELF file that has one which shares no bytes with a symbol's name. */
function readSearchPath(path: string): ElfSearchPath | undefined {
  const descriptor = openSync(path, 'r');
  try {
    const start = Buffer.alloc(ELF_MAGIC.length);
    readSync(descriptor, start, 0, start.length, 0);
    if (!start.equals(ELF_MAGIC)) return undefined;
    // Relocation may have made the file longer than the member was.
    return findSearchPath(descriptorReader(descriptor, fstatSync(descriptor).size));
  } finally {
    closeSync(descriptor);
  }
}

function findSearchPath(reader: ByteReader): ElfSearchPath | undefined {
  const reading = readElf(reader);
  if (reading.kind !== 'image' || reading.image.searchPath === undefined) return undefined;
  return sharesBytes(reading.image, reader, reading.image.searchPath) ? undefined : reading.image.searchPath;
}
