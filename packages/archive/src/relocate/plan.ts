import { BerthError, forEachInTurns, ioError } from '@berth/base';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hasBinaryMagic } from '../build-info/classify.ts';
import { bufferReader, descriptorReader, type ByteReader } from './byte-reader.ts';
import { CStringScanner, type BytePatch } from './c-string.ts';
import { planElf, type ElfEdit } from './elf/edit.ts';
import { readElf } from './elf/read.ts';
import { scanFile, WindowMemory } from './file-window.ts';
import { relocateLink } from './links.ts';
import { planMachO, readMachO, type MachOEdit } from './mach-o.ts';
import { finderOf } from './prefix-finder.ts';
import { TextScanner } from './text.ts';
import {
  type BinaryEdit,
  type LinkEdit,
  type RelocationMember,
  type RelocationPlan,
  type RelocationRequest,
  type RelocationWarning,
  type TextEdit,
} from './types.ts';
import { WideStringScanner } from './wide-string.ts';

/** Patches kept in memory, over all files of one package. */
const MAX_KEPT_PATCHES = 100_000;
/** Bytes of a link target, without its NUL (Linux PATH_MAX). */
const MAX_LINK_BYTES = 4095;

interface Planning {
  readonly request: RelocationRequest;
  readonly warnings: RelocationWarning[];
  readonly memory: WindowMemory;
  keptPatches: number;
}

/**
 * Reads every listed file and decides every change (buildcache-formats §12.3–§12.8). Rejects with `relocate` before
 * anything is touched: ERR_RELOCATE_LIST when a listed path is not a member of the right kind (hostile-inputs E01),
 * ERR_RELOCATE_GROW or ERR_RELOCATE_SHRINK when a string cannot hold its new prefix (E03).
 */
export async function planRelocation(request: RelocationRequest): Promise<RelocationPlan> {
  const { what, directory, prefixMap, platform, buildInfo, signal } = request;
  const binaries = listedFiles(request, buildInfo.relocateBinaries, 'relocate_binaries');
  const texts = listedFiles(request, buildInfo.relocateTextFiles, 'relocate_textfiles');
  const linkPaths = listedLinks(request);
  const planning: Planning = { request, warnings: [], memory: new WindowMemory(), keptPatches: 0 };
  if (prefixMap.pairs.length === 0) return { what, directory, prefixMap, platform, files: [], links: [], warnings: [] };
  const jobs = new Map([
    ...texts.map((path) => [path, 'text'] as const),
    ...binaries.map((path) => [path, 'binary'] as const),
  ]);
  const files: (BinaryEdit | TextEdit)[] = [];
  await forEachInTurns(jobs, { signal }, async ([path, listed]) => {
    const edit = await planFile(planning, { path, listed });
    if (edit !== undefined) files.push(edit);
  });
  const links: LinkEdit[] = [];
  await forEachInTurns(linkPaths, { signal }, async (path) => {
    const edit = planLink(planning, path);
    if (edit !== undefined) links.push(edit);
  });
  return { what, directory, prefixMap, platform, files, links, warnings: planning.warnings };
}

/** The listed files, each inode once, by the path of its first member. */
function listedFiles(request: RelocationRequest, paths: readonly string[], list: string): readonly string[] {
  const kept = new Set<string>();
  for (const path of paths) {
    const member = listedMember(request, { path, list, kind: 'file' });
    kept.add(member.hardLinkOf ?? path);
  }
  return [...kept];
}

function listedLinks(request: RelocationRequest): readonly string[] {
  const { relocateLinks } = request.buildInfo;
  for (const path of relocateLinks) listedMember(request, { path, list: 'relocate_links', kind: 'symlink' });
  return [...new Set(relocateLinks)];
}

const KIND_NAMES = { file: 'a regular file', symlink: 'a symbolic link' } as const;

function listedMember(
  { members, what }: RelocationRequest,
  listed: { readonly path: string; readonly list: string; readonly kind: 'file' | 'symlink' },
): RelocationMember {
  const { path, list, kind } = listed;
  const member = members.get(path);
  if (member?.kind === kind && !path.startsWith('.spack/')) return member;
  const why = member?.kind === kind ? 'is metadata of the package' : `is not ${KIND_NAMES[kind]} of this archive`;
  throw new BerthError('relocate', 'ERR_RELOCATE_LIST', `relocate ${what}: ${list}: ${JSON.stringify(path)} ${why}`, {
    details: { list, path },
    hint: 'The package was not packed correctly: push it again.',
  });
}

async function planFile(
  planning: Planning,
  { path, listed }: { readonly path: string; readonly listed: 'binary' | 'text' },
): Promise<BinaryEdit | TextEdit | undefined> {
  const { request } = planning;
  try {
    const descriptor = openSync(join(request.directory, path), 'r');
    try {
      // Nobody else writes here: the size is that of the member.
      const sizeBytes = request.members.get(path)?.sizeBytes ?? 0;
      return await planOpenFile(planning, { path, listed, descriptor, sizeBytes });
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw ioError(`relocate ${request.what}: ${path}`, cause);
  }
}

interface OpenFile {
  readonly path: string;
  readonly listed: 'binary' | 'text';
  readonly descriptor: number;
  readonly sizeBytes: number;
}

async function planOpenFile(planning: Planning, open: OpenFile): Promise<BinaryEdit | TextEdit | undefined> {
  const { descriptor, sizeBytes } = open;
  const { signal } = planning.request;
  let edit: BinaryEdit | TextEdit | undefined;
  let visitor: Visitor | undefined;
  await scanFile(descriptor, { sizeBytes, signal, memory: planning.memory }, ({ bytes, base, final }) => {
    if (visitor === undefined) {
      // A program is treated as one wherever it is listed: rewriting it as text would move its parts.
      if (open.listed === 'text' && !hasBinaryMagic(bytes))
        visitor = textVisitor(planning, () => (edit = { kind: 'text', path: open.path }));
      else {
        const reader = final ? bufferReader(bytes) : descriptorReader(descriptor, sizeBytes);
        visitor = binaryVisitor(planning, { path: open.path, reader }, (planned) => (edit = planned));
      }
    }
    return visitor(bytes, { base, final });
  });
  return edit;
}

type Visitor = (bytes: Buffer, place: { readonly base: number; readonly final: boolean }) => number | undefined;

function textVisitor(planning: Planning, onMatch: () => void): Visitor {
  const scanner = new TextScanner(finderOf(planning.request.prefixMap));
  return (bytes, { final }) => {
    const hits: number[] = [];
    const decided = scanner.scan(bytes, final, (offset) => {
      hits.push(offset);
      return false;
    });
    if (hits.length === 0) return decided;
    onMatch();
    return undefined;
  };
}

function binaryVisitor(
  planning: Planning,
  source: { readonly path: string; readonly reader: ByteReader },
  onEdit: (edit: BinaryEdit | undefined) => void,
): Visitor {
  const { path } = source;
  const { prefixMap, what } = planning.request;
  const { elf, machO } = planHeaders(planning, source);
  const masks = [...(elf?.masks ?? []), ...(machO?.masks ?? [])].toSorted((a, b) => a.start - b.start);
  const scanner = new CStringScanner(prefixMap, { what, file: path, masks });
  const wide = new WideStringScanner(prefixMap);
  let strings: BytePatch[] | 'rescan' = [];
  return (bytes, { base, final }) => {
    const decided = scanner.scan(bytes, { base, final }, (patch) => {
      strings = keep(planning, strings, patch);
    });
    if (wide.found(bytes))
      planning.warnings.push({ file: path, message: 'holds an old prefix as UTF-16 text, which cannot be relocated' });
    const changes = strings === 'rescan' || strings.length > 0 || elf !== undefined || machO !== undefined;
    if (final && changes) onEdit({ kind: 'binary', path, strings, masks, elf, machO });
    return decided;
  };
}

function keep(planning: Planning, strings: BytePatch[] | 'rescan', patch: BytePatch): BytePatch[] | 'rescan' {
  if (strings === 'rescan') return strings;
  if (planning.keptPatches >= MAX_KEPT_PATCHES) {
    planning.keptPatches -= strings.length;
    return 'rescan';
  }
  planning.keptPatches += 1;
  strings.push(patch);
  return strings;
}

function planHeaders(
  planning: Planning,
  { path, reader }: { readonly path: string; readonly reader: ByteReader },
): { readonly elf?: ElfEdit | undefined; readonly machO?: MachOEdit | undefined } {
  const { platform, prefixMap } = planning.request;
  const report = (format: string, why: string): void => {
    planning.warnings.push({ file: path, message: `is not an ${format} file that can be edited: ${why}` });
  };
  if (platform === 'darwin') {
    const reading = readMachO(reader);
    if (reading.kind === 'malformed') report('Mach-O', reading.why);
    return reading.kind === 'image' ? { machO: planMachO(reading.image, prefixMap, path) } : {};
  }
  const reading = readElf(reader);
  if (reading.kind === 'malformed') report('ELF', reading.why);
  return reading.kind === 'image' ? { elf: planElf(reading.image, reader, prefixMap) } : {};
}

function planLink({ request }: Planning, path: string): LinkEdit | undefined {
  const target = relocateLink(readlinkSync(join(request.directory, path), { encoding: 'buffer' }), request.prefixMap);
  if (target !== undefined && target.length > MAX_LINK_BYTES) {
    throw new BerthError(
      'relocate',
      'ERR_RELOCATE_GROW',
      `relocate ${request.what}: ${path}: the link target would be longer than ${MAX_LINK_BYTES} bytes`,
      {
        details: { file: path, target: target.toString() },
        hint: 'Install to a shorter prefix.',
      },
    );
  }
  return target === undefined ? undefined : { path, target };
}
