import { BerthError, messageOf, temporaryBeside } from '@berth/base';
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { installNameToolArguments, type MachOEdit } from './mach-o.ts';

const run = promisify(execFile);

export interface ToolOptions {
  readonly signal: AbortSignal;
  /** Environment of the tools; that of this process by default. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Writes the names of `edit` with the system's own tools and signs the file ad hoc, both on a copy that is then copied
 * back into the inode (buildcache-formats §12.8). Needs macOS; rejects with `relocate` ERR_RELOCATE_TOOL.
 */
export async function applyMachO(edit: MachOEdit, path: string, options: ToolOptions): Promise<void> {
  const copy = temporaryBeside(path);
  try {
    await copyFile(path, copy);
    await tool('install_name_tool', installNameToolArguments(edit, copy), options);
    await tool('codesign', ['-fs-', copy], options);
    await pipeline(createReadStream(copy), createWriteStream(path, { flags: 'r+', start: 0 }), {
      signal: options.signal,
    });
    await truncate(path, (await stat(copy)).size);
  } finally {
    await rm(copy, { force: true });
  }
}

async function tool(name: string, args: readonly string[], options: ToolOptions): Promise<void> {
  try {
    await run(name, args, options);
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new BerthError(
      'relocate',
      'ERR_RELOCATE_TOOL',
      `relocate ${args.at(-1) ?? ''}: ${name}: ${messageOf(cause)}`,
      {
        cause,
        hint: 'Install the Xcode command line tools (xcode-select --install).',
      },
    );
  }
}
