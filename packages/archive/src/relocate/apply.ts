import { forEachLimited, ioError } from '@berth/base';
import { lstat, lutimes, symlink, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CStringScanner } from './c-string.ts';
import { type ElfAppend } from './elf/grow.ts';
import { WINDOW_BYTES, scanFile } from './file-window.ts';
import { applyMachO } from './mach-o-tools.ts';
import { rewriteTextFile } from './text-file.ts';
import { type BinaryEdit, type LinkEdit, type RelocationPlan, type TextEdit } from './types.ts';
import { withWritable } from './writable.ts';
import { copyWithin, writeAt, writePatches } from './write-at.ts';

const CONCURRENCY = 8;

/**
 * Makes every change of the plan. Files are changed in place, so that hard links stay; mode and times are kept. Links
 * are created anew. Rejects with `io` ERR_IO naming the file; the tree is then half relocated and must not be published.
 */
export async function applyRelocation(plan: RelocationPlan, options: { readonly signal: AbortSignal }): Promise<void> {
  await forEachLimited(plan.files, { concurrency: CONCURRENCY, signal: options.signal }, async (edit, signal) => {
    await named(plan, edit.path, async () => changeFile(plan, edit, signal));
  });
  await forEachLimited(plan.links, { concurrency: CONCURRENCY, signal: options.signal }, async (edit) => {
    await named(plan, edit.path, async () => changeLink(plan, edit));
  });
}

async function named(plan: RelocationPlan, path: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (cause) {
    throw ioError(`relocate ${plan.what}: ${path}`, cause);
  }
}

async function changeFile(plan: RelocationPlan, edit: BinaryEdit | TextEdit, signal: AbortSignal): Promise<void> {
  const path = join(plan.directory, edit.path);
  await withWritable(path, async (file, sizeBytes) => {
    if (edit.kind === 'text') await rewriteTextFile({ file, path, sizeBytes, map: plan.prefixMap, signal });
    else await changeBinary(plan, { edit, file, sizeBytes, signal });
  });
  if (edit.kind === 'binary' && edit.machO !== undefined) await applyMachO(edit.machO, path, { signal });
}

interface BinaryChange {
  readonly edit: BinaryEdit;
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

async function changeBinary(plan: RelocationPlan, change: BinaryChange): Promise<void> {
  const { edit, file, signal } = change;
  writePatches(file, edit.elf?.patches ?? []);
  if (edit.strings === 'rescan') await rewriteStrings(plan, change);
  else writePatches(file, edit.strings);
  if (edit.elf?.append !== undefined) await append(file, edit.elf.append, signal);
}

/** Finds and writes the strings again, window by window: the planner found too many to keep. */
async function rewriteStrings(plan: RelocationPlan, { edit, file, sizeBytes, signal }: BinaryChange): Promise<void> {
  const scanner = new CStringScanner(plan.prefixMap, { what: plan.what, file: edit.path, masks: edit.masks });
  await scanFile(file, { sizeBytes, signal }, async ({ bytes, base, final }) => {
    const written = { bytes: 0 };
    const decided = scanner.scan(bytes, { base, final }, (patch) => {
      written.bytes += patch.bytes.copy(bytes, patch.offset - base);
    });
    if (written.bytes > 0) await writeAt(file, bytes.subarray(0, decided), base);
    return decided;
  });
}

async function append(file: FileHandle, block: ElfAppend, signal: AbortSignal): Promise<void> {
  let at = block.offset;
  for (const part of block.parts) {
    if (Buffer.isBuffer(part)) await writeAt(file, part, at);
    else await copyWithin(file, { from: part.from, to: at, length: part.length, windowBytes: WINDOW_BYTES, signal });
    at += part.length;
  }
}

async function changeLink(plan: RelocationPlan, { path, target }: LinkEdit): Promise<void> {
  const link = join(plan.directory, path);
  const before = await lstat(link);
  await unlink(link);
  await symlink(target, link);
  await lutimes(link, before.atimeMs / 1000, before.mtimeMs / 1000);
}
