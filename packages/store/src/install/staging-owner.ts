import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from '@berth/base';

/** Who works in a staging folder. */
export interface StagingOwner {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the units of its system; tells a process from a later one of the same number. */
  readonly started: string;
}

const ownerSchema: z.ZodType<StagingOwner> = z.object({ host: z.string(), pid: z.int().min(1), started: z.string() });

export async function currentOwner(): Promise<StagingOwner> {
  return { host: hostname(), pid: process.pid, started: await processStart(process.pid) };
}

/** `undefined` when the text is not that of an owner, as when its writer was killed. */
export function parseOwner(text: string): StagingOwner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** False only when this host is the owner's and the process is certainly gone. */
export async function mayBeAlive(owner: StagingOwner): Promise<boolean> {
  if (owner.host !== hostname()) return true;
  if (!exists(owner.pid)) return false;
  const started = await processStart(owner.pid);
  return started === '' || owner.started === '' || started === owner.started;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Someone else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks after the start of the system; empty where the system does not tell. */
async function processStart(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is a name in parentheses and may hold anything.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
