import { temporaryBeside } from '@berth/base';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { scanFile, WINDOW_BYTES } from './file-window.ts';
import { type PrefixMap } from './prefix-map.ts';
import { relocateText, TextRewriter } from './text.ts';
import { writeAt } from './write-at.ts';

export interface TextFile {
  readonly file: FileHandle;
  readonly path: string;
  readonly sizeBytes: number;
  readonly map: PrefixMap;
  readonly signal: AbortSignal;
  /** Files above this size are rewritten by way of a temporary file beside them. */
  readonly windowBytes?: number;
}

/** Rewrites an open text file in its inode, whatever its size (buildcache-formats §12.6; hostile-inputs E11). */
export async function rewriteTextFile(text: TextFile): Promise<void> {
  if (text.sizeBytes > (text.windowBytes ?? WINDOW_BYTES)) await rewriteLarge(text);
  else await rewriteSmall(text);
}

async function rewriteSmall({ file, sizeBytes, map, signal }: TextFile): Promise<void> {
  await scanFile(file, { sizeBytes, signal }, async ({ bytes }) => {
    const output = relocateText(bytes, map);
    if (output === undefined) return undefined;
    await writeAt(file, output, 0);
    if (output.length !== sizeBytes) await file.truncate(output.length);
    return undefined;
  });
}

async function rewriteLarge(text: TextFile): Promise<void> {
  const temporary = temporaryBeside(text.path);
  try {
    await writeRelocated(text, temporary);
    const back = createWriteStream(text.path, { flags: 'r+', start: 0 });
    await pipeline(createReadStream(temporary), back, { signal: text.signal });
    await text.file.truncate(back.bytesWritten);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeRelocated(
  { file, sizeBytes, map, signal, windowBytes }: TextFile,
  temporary: string,
): Promise<void> {
  const rewriter = new TextRewriter(map);
  const output = await open(temporary, 'wx', 0o600);
  let written = 0;
  try {
    await scanFile(file, { sizeBytes, signal, windowBytes: windowBytes ?? WINDOW_BYTES }, async ({ bytes, final }) => {
      const piece = rewriter.rewrite(bytes, final);
      await writeAt(output, piece.output, written);
      written += piece.output.length;
      return piece.decided;
    });
  } finally {
    await output.close();
  }
}
