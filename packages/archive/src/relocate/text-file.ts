import { temporaryBeside } from '@berth/base';
import { closeSync, createReadStream, createWriteStream, ftruncateSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { scanFile, WINDOW_BYTES, type WindowMemory } from './file-window.ts';
import { type PrefixMap } from './prefix-map.ts';
import { relocateText, TextRewriter } from './text.ts';
import { writeAt } from './write-at.ts';

export interface TextFile {
  readonly descriptor: number;
  readonly path: string;
  readonly sizeBytes: number;
  readonly map: PrefixMap;
  readonly signal: AbortSignal;
  readonly memory?: WindowMemory | undefined;
  /** Files above this size are rewritten by way of a temporary file beside them. */
  readonly windowBytes?: number;
}

/** Rewrites an open text file in its inode, whatever its size (buildcache-formats §12.6; hostile-inputs E11). */
export async function rewriteTextFile(text: TextFile): Promise<void> {
  if (text.sizeBytes > (text.windowBytes ?? WINDOW_BYTES)) await rewriteLarge(text);
  else await rewriteSmall(text);
}

async function rewriteSmall({ descriptor, sizeBytes, map, memory, signal }: TextFile): Promise<void> {
  await scanFile(descriptor, { sizeBytes, memory, signal }, ({ bytes }) => {
    const output = relocateText(bytes, map);
    if (output === undefined) return undefined;
    writeAt(descriptor, output, 0);
    if (output.length !== sizeBytes) ftruncateSync(descriptor, output.length);
    return undefined;
  });
}

async function rewriteLarge(text: TextFile): Promise<void> {
  const temporary = temporaryBeside(text.path);
  try {
    await writeRelocated(text, temporary);
    const back = createWriteStream(text.path, { flags: 'r+', start: 0 });
    await pipeline(createReadStream(temporary), back, { signal: text.signal });
    ftruncateSync(text.descriptor, back.bytesWritten);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeRelocated(
  { descriptor, sizeBytes, map, signal, windowBytes }: TextFile,
  temporary: string,
): Promise<void> {
  const rewriter = new TextRewriter(map);
  const output = openSync(temporary, 'wx', 0o600);
  let written = 0;
  try {
    await scanFile(descriptor, { sizeBytes, signal, windowBytes: windowBytes ?? WINDOW_BYTES }, ({ bytes, final }) => {
      const piece = rewriter.rewrite(bytes, final);
      writeAt(output, piece.output, written);
      written += piece.output.length;
      return piece.decided;
    });
  } finally {
    closeSync(output);
  }
}
