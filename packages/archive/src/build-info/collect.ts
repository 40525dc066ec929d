import { forEachLimited, ioError } from '@berth/base';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { scanFile } from '../relocate/file-window.ts';
import { createPrefixFinder, type PrefixFinder } from '../relocate/prefix-finder.ts';
import { startsWithPrefix, TextScanner } from '../relocate/text.ts';
import { type RelocationMember } from '../relocate/types.ts';
import { FileClassifier } from './classify.ts';

/** The three lists of a build info. */
export interface Relocations {
  readonly relocateBinaries: readonly string[];
  readonly relocateLinks: readonly string[];
  readonly relocateTextFiles: readonly string[];
}

export interface CollectOptions {
  /** The prefix to read. */
  readonly directory: string;
  /** Its entries in archive order. */
  readonly entries: Iterable<RelocationMember>;
  /** What to look for: prefixes of the specs (buildcache-formats §4.1), the sbang path, the install tree root. */
  readonly prefixes: readonly string[];
  readonly signal: AbortSignal;
}

const CONCURRENCY = 8;

/**
 * Lists what has to be looked at when the package moves: each file is read once, metadata and later hard links are left
 * out (buildcache-formats §4.2). Rejects with `io` ERR_IO naming the file.
 */
export async function collectRelocations(options: CollectOptions): Promise<Relocations> {
  const entries = [...options.entries].filter(isCandidate);
  const kinds: ('binary' | 'text' | 'link' | undefined)[] = entries.map(() => undefined);
  const finder = createPrefixFinder(options.prefixes.map((prefix) => Buffer.from(prefix)));
  await forEachLimited(
    entries.entries(),
    { concurrency: CONCURRENCY, signal: options.signal },
    async ([index, entry], signal) => {
      kinds[index] =
        entry.kind === 'symlink'
          ? linkKind(entry, options.prefixes)
          : await fileKind(options, { path: entry.path, finder, signal });
    },
  );
  const of = (kind: 'binary' | 'text' | 'link'): readonly string[] =>
    entries.filter((_, index) => kinds[index] === kind).map(({ path }) => path);
  return { relocateBinaries: of('binary'), relocateLinks: of('link'), relocateTextFiles: of('text') };
}

function isCandidate({ path, kind, hardLinkOf }: RelocationMember): boolean {
  return kind !== 'directory' && hardLinkOf === undefined && path !== '.spack' && !path.startsWith('.spack/');
}

function linkKind({ linkTarget }: RelocationMember, prefixes: readonly string[]): 'link' | undefined {
  return linkTarget?.startsWith('/') === true && startsWithPrefix(Buffer.from(linkTarget), prefixes)
    ? 'link'
    : undefined;
}

async function fileKind(
  options: CollectOptions,
  { path, finder, signal }: { readonly path: string; readonly finder: PrefixFinder; readonly signal: AbortSignal },
): Promise<'binary' | 'text' | undefined> {
  try {
    const file = await open(join(options.directory, path), 'r');
    try {
      const { size: sizeBytes } = await file.stat();
      return await openFileKind(file, { finder, sizeBytes, signal });
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError(`pack ${path}`, cause);
  }
}

interface OpenFileOptions {
  readonly finder: PrefixFinder;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

async function openFileKind(file: FileHandle, options: OpenFileOptions): Promise<'binary' | 'text' | undefined> {
  const classifier = new FileClassifier();
  const scanner = new TextScanner(options.finder);
  const hits: number[] = [];
  let classified = 0;
  await scanFile(file, options, ({ bytes, base, final }) => {
    const undecided = classifier.push(bytes.subarray(classified - base));
    classified = base + bytes.length;
    if (!undecided) return undefined;
    if (hits.length > 0) return bytes.length;
    return scanner.scan(bytes, final, (offset) => {
      hits.push(base + offset);
      return false;
    });
  });
  if (classifier.kind === 'binary') return 'binary';
  return classifier.kind === 'text' && hits.length > 0 ? 'text' : undefined;
}
