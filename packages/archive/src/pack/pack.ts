import { BerthError, ioError } from '@berth/base';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { BUILD_INFO_PATH } from '../build-info/build-info.ts';
import { shown } from '../failures.ts';
import { RelocationCollector, type Relocations } from '../build-info/collect-relocations.ts';
import { type FileInspector } from '../build-info/inspect-file.ts';
import { paddingAfter, type TarMember } from '../tar/block.ts';
import { formatEnd, formatMember } from '../tar/writer.ts';
import { ChunkFiller } from './chunk-filler.ts';
import { type PrefixEntry, walkPrefix } from './walk.ts';

/** Makes the build information from what was seen of the files, all of which precede it in the archive. */
export interface BuildInfoSource {
  /** What is looked for: prefixes of the specs (buildcache-formats §4.1), the sbang path, the install tree root. */
  readonly prefixes: readonly string[];
  readonly format: (relocations: Relocations) => Uint8Array;
}

export interface PackOptions {
  /** The directory to read. */
  readonly prefix: string;
  /** The absolute prefix that the archive names; `prefix` unless given. */
  readonly recordedPrefix?: string | undefined;
  /** Content of the `.spack/binary_distribution` that ends the archive, or how to make it. */
  readonly buildInfo: Uint8Array | BuildInfoSource;
  /** Of `walkPrefix`, if that was done already. */
  readonly entries?: readonly PrefixEntry[] | undefined;
  readonly signal: AbortSignal;
}

/**
 * The uncompressed archive of a prefix, in chunks: the same bytes wherever and whenever it is packed (buildcache-formats
 * §3.1, §3.2). Files are read while the chunks are taken; ERR_FILE_CHANGED when one became shorter meanwhile.
 */
export async function* packPrefix(options: PackOptions): AsyncGenerator<Buffer> {
  const entries = options.entries ?? (await walkPrefix(options.prefix, options));
  for (const chunk of archiveChunks(entries, new ChunkFiller(), options)) {
    options.signal.throwIfAborted();
    yield chunk;
  }
}

/** As `packPrefix`, in the chunks of `filler`. */
export function* archiveChunks(
  entries: readonly PrefixEntry[],
  filler: ChunkFiller,
  options: PackOptions,
): Generator<Buffer> {
  const top = archiveName(options.recordedPrefix ?? options.prefix);
  const { buildInfo } = options;
  const collector = new RelocationCollector('prefixes' in buildInfo ? buildInfo.prefixes : []);
  for (const parent of parentsOf(top)) yield* filler.append(formatMember(directoryMember(parent)));
  for (const entry of withoutBuildInfo(entries)) {
    yield* filler.append(formatMember(memberOf(entry, top)));
    const inspector = 'prefixes' in buildInfo ? collector.inspectorOf(entry) : undefined;
    if (entry.kind === 'file' && entry.hardLinkOf === undefined) {
      yield* appendFile(filler, { place: `${options.prefix}/${entry.path}`, sizeBytes: entry.sizeBytes, inspector });
    }
    collector.add(entry, inspector);
  }
  const content = 'prefixes' in buildInfo ? buildInfo.format(collector.relocations) : buildInfo;
  yield* appendBuildInfo(filler, `${top}/${BUILD_INFO_PATH}`, content);
  yield* filler.append(formatEnd(filler.sizeBytes));
  yield* filler.rest();
}

/** Without the leading slash, as archives have it. */
function archiveName(prefix: string): string {
  const name = prefix.replace(/^\/+/, '').replace(/\/+$/, '');
  const isPlain = name.split('/').every((component) => !['', '.', '..'].includes(component));
  if (prefix.startsWith('/') && isPlain) return name;
  throw new BerthError('usage', 'ERR_PACK_RECORDED_PREFIX', `cannot pack ${shown(prefix)}: not a plain absolute path`);
}

function* parentsOf(name: string): Generator<string> {
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) yield name.slice(0, slash);
}

/** Whatever names the file that an earlier unpacking left: the archive gets its own at the end. */
function withoutBuildInfo(entries: readonly PrefixEntry[]): readonly PrefixEntry[] {
  const old = entries.find(({ path }) => path === BUILD_INFO_PATH);
  if (old === undefined) return entries;
  const first = old.hardLinkOf ?? old.path;
  return entries.filter(({ path, hardLinkOf }) => path !== first && hardLinkOf !== first);
}

const EXECUTABLE = 0o755;
const PLAIN = 0o644;
const OWNER_EXECUTE = 0o100;

function directoryMember(name: string): TarMember {
  return { name: `${name}/`, kind: 'directory', mode: EXECUTABLE, sizeBytes: 0, linkName: '' };
}

function memberOf(entry: PrefixEntry, top: string): TarMember {
  const name = entry.path === '' ? top : `${top}/${entry.path}`;
  if (entry.kind === 'directory') return directoryMember(name);
  if (entry.kind === 'symlink') {
    return { name, kind: 'symlink', mode: EXECUTABLE, sizeBytes: 0, linkName: entry.linkTarget ?? '' };
  }
  const mode = (entry.mode & OWNER_EXECUTE) === 0 ? PLAIN : EXECUTABLE;
  if (entry.hardLinkOf === undefined) return { name, kind: 'file', mode, sizeBytes: entry.sizeBytes, linkName: '' };
  return { name, kind: 'hardlink', mode, sizeBytes: 0, linkName: `${top}/${entry.hardLinkOf}` };
}

function* appendBuildInfo(filler: ChunkFiller, name: string, bytes: Uint8Array): Generator<Buffer> {
  yield* filler.append(formatMember({ name, kind: 'file', mode: PLAIN, sizeBytes: bytes.length, linkName: '' }));
  yield* filler.append(bytes);
  yield* filler.append(Buffer.alloc(paddingAfter(bytes.length)));
}

interface PackedFile {
  readonly place: string;
  readonly sizeBytes: number;
  readonly inspector: FileInspector | undefined;
}

/** Reads straight into the chunks: for many small files that is cheaper than a stream each. */
function* appendFile(filler: ChunkFiller, { place, sizeBytes, inspector }: PackedFile): Generator<Buffer> {
  if (sizeBytes === 0) return;
  const descriptor = attempt(place, () => openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW));
  try {
    for (let remaining = sizeBytes; remaining > 0;) {
      const bytes = filler.fill(remaining, (chunk, start, length) =>
        attempt(place, () => readSync(descriptor, chunk, start, length, null)),
      );
      if (bytes.length === 0) throw fileChanged(place, sizeBytes, sizeBytes - remaining);
      remaining -= bytes.length;
      inspector?.push(bytes, remaining === 0);
      yield* filler.full();
    }
  } finally {
    closeSync(descriptor);
  }
  yield* filler.append(Buffer.alloc(paddingAfter(sizeBytes)));
}

function attempt<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw ioError(`cannot pack ${shown(place)}`, error);
  }
}

function fileChanged(place: string, expected: number, found: number): BerthError {
  return new BerthError(
    'io',
    'ERR_FILE_CHANGED',
    `cannot pack ${shown(place)}: it shrank from ${expected} to ${found} bytes`,
    {
      hint: 'Something writes to the installed package: stop it and try again.',
      details: { expected, found },
    },
  );
}
