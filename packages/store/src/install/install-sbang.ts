import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError, errnoCode, ioError, sweepTemporaries, writeFileAtomic } from '@berth/base';
import { sbangPath } from '../layout/layout.ts';

export interface InstallSbangOptions {
  readonly unpaddedRoot: string;
  /** The text of the script. */
  readonly script: string;
  /** Mode of `bin` where it has to be made. */
  readonly directoryMode: number;
  /** The longest first line of a script that the system runs, newline included: 127 on Linux, 511 on macOS. */
  readonly shebangLimit: number;
}

const SCRIPT_MODE = 0o755;

/**
 * Puts the script that runs scripts with long first lines into the install tree, unless it is there already
 * (store-and-specs-on-disk E.7); readers see the old script or the new one. Returns its path. Rejects with ERR_SBANG_PATH
 * (`config`) when that path is itself too long to run.
 */
export async function installSbang(options: InstallSbangOptions): Promise<string> {
  const path = sbangPath(options.unpaddedRoot);
  const line = `#!/bin/sh ${path}\n`;
  if (Buffer.byteLength(line) > options.shebangLimit) {
    throw new BerthError(
      'config',
      'ERR_SBANG_PATH',
      `install ${path}: the path is too long for the first line of a script`,
      {
        hint: 'Choose a shorter config:install_tree:root.',
        details: { path, limit: options.shebangLimit },
      },
    );
  }
  try {
    if ((await readIfThere(path)) === options.script) return path;
    await mkdir(dirname(path), { recursive: true, mode: options.directoryMode });
    await sweepTemporaries(dirname(path));
    await writeFileAtomic(path, options.script, { mode: SCRIPT_MODE });
    return path;
  } catch (error) {
    throw ioError(`install ${path}`, error);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
