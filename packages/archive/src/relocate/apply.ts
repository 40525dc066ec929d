import { forEachInTurns, ioError } from '@berth/base';
import { lstatSync, lutimesSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CStringScanner } from './c-string.ts';
import { type ElfAppend } from './elf/grow.ts';
import { WINDOW_BYTES, WindowMemory, scanFile } from './file-window.ts';
import { applyMachO } from './mach-o-tools.ts';
import { rewriteTextFile } from './text-file.ts';
import { type BinaryEdit, type LinkEdit, type RelocationPlan, type TextEdit } from './types.ts';
import { withWritable } from './writable.ts';
import { copyWithin, writeAt, writePatches } from './write-at.ts';

/**
 * Makes every change of the plan. Files are changed in place, so that hard links stay; mode and times are kept. Links
 * are created anew. Rejects with `io` ERR_IO naming the file; the tree is then half relocated and must not be published.
 */
export async function applyRelocation(plan: RelocationPlan, options: { readonly signal: AbortSignal }): Promise<void> {
  const context = { plan, memory: new WindowMemory(), signal: options.signal };
  await forEachInTurns(plan.files, options, async (edit) => {
    await named(plan, edit.path, async () => changeFile(edit, context));
  });
  await forEachInTurns(plan.links, options, async (edit) => {
    await named(plan, edit.path, async () => {
      changeLink(plan, edit);
    });
  });
}

interface ApplyContext {
  readonly plan: RelocationPlan;
  readonly memory: WindowMemory;
  readonly signal: AbortSignal;
}

async function named(plan: RelocationPlan, path: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (cause) {
    throw ioError(`relocate ${plan.what}: ${path}`, cause);
  }
}

async function changeFile(edit: BinaryEdit | TextEdit, context: ApplyContext): Promise<void> {
  const { plan, memory, signal } = context;
  const path = join(plan.directory, edit.path);
  await withWritable(path, async (descriptor, sizeBytes) => {
    if (edit.kind === 'text')
      await rewriteTextFile({ descriptor, path, sizeBytes, map: plan.prefixMap, memory, signal });
    else await changeBinary({ edit, descriptor, sizeBytes, ...context });
  });
  if (edit.kind === 'binary' && edit.machO !== undefined) await applyMachO(edit.machO, path, { signal });
}

interface BinaryChange extends ApplyContext {
  readonly edit: BinaryEdit;
  readonly descriptor: number;
  readonly sizeBytes: number;
}

async function changeBinary(change: BinaryChange): Promise<void> {
  const { edit, descriptor, signal } = change;
  writePatches(descriptor, edit.elf?.patches ?? []);
  if (edit.strings === 'rescan') await rewriteStrings(change);
  else writePatches(descriptor, edit.strings);
  if (edit.elf?.append !== undefined) await append(descriptor, edit.elf.append, signal);
}

/** Finds and writes the strings again, window by window: the planner found too many to keep. */
async function rewriteStrings({ plan, edit, descriptor, sizeBytes, memory, signal }: BinaryChange): Promise<void> {
  const scanner = new CStringScanner(plan.prefixMap, { what: plan.what, file: edit.path, masks: edit.masks });
  await scanFile(descriptor, { sizeBytes, memory, signal }, ({ bytes, base, final }) => {
    const written = { bytes: 0 };
    const decided = scanner.scan(bytes, { base, final }, (patch) => {
      written.bytes += patch.bytes.copy(bytes, patch.offset - base);
    });
    if (written.bytes > 0) writeAt(descriptor, bytes.subarray(0, decided), base);
    return decided;
  });
}

async function append(descriptor: number, block: ElfAppend, signal: AbortSignal): Promise<void> {
  let at = block.offset;
  for (const part of block.parts) {
    if (Buffer.isBuffer(part)) writeAt(descriptor, part, at);
    else
      await copyWithin(descriptor, { from: part.from, to: at, length: part.length, windowBytes: WINDOW_BYTES, signal });
    at += part.length;
  }
}

function changeLink(plan: RelocationPlan, { path, target }: LinkEdit): void {
  const link = join(plan.directory, path);
  const before = lstatSync(link);
  unlinkSync(link);
  symlinkSync(target, link);
  lutimesSync(link, before.atimeMs / 1000, before.mtimeMs / 1000);
}
