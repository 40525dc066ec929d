import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** The permissions of what is created in a mirror. */
export interface Modes {
  /** Of folders, exactly; `undefined`: 0755 as far as the umask allows. */
  readonly directory: number | undefined;
}

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;
const READ_WRITE = 0o666;
const SET_GROUP_ID = 0o2000;

/** Of files: those of the folders without execution, or 0644 as far as the umask allows (hostile-inputs F07). */
export function fileModeOf({ directory }: Modes): { readonly mode: number; readonly exact: boolean } {
  return directory === undefined ? { mode: FILE_MODE, exact: false } : { mode: directory & READ_WRITE, exact: true };
}

/** Creates `folder` and its parents; a set-group-ID bit inherited from a parent stays. */
export async function ensureFolder(folder: string, { directory }: Modes): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: directory ?? DIRECTORY_MODE });
  if (first === undefined || directory === undefined) return;
  const top = resolve(first);
  for (let created = resolve(folder); created.length >= top.length; created = dirname(created)) {
    const { mode } = await stat(created);
    await chmod(created, directory | (mode & SET_GROUP_ID));
    if (created === top) return;
  }
}
