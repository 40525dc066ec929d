import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, type Running } from './berth.ts';

export interface Undisturbed {
  readonly ended: Ended;
  /** From the first change on disk to the end. */
  readonly workMs: number;
}

export interface KillOptions {
  /** Starts the program; called again when it ended before it could be killed. */
  readonly begin: () => Running;
  /** True once the program has begun to change something. */
  readonly begun: () => boolean;
  /** When after that to kill it; halved for each attempt that came too late. */
  readonly delayMs: number;
}

const POLL_MS = 2;
const ATTEMPTS = 8;

/** Runs a program to its end and measures how long it changes things. */
export async function measure(running: Running, begun: () => boolean): Promise<Undisturbed> {
  const beganAt = await whenBegun(running, begun);
  const ended = await running.ended;
  return { ended, workMs: performance.now() - beganAt };
}

/** Kills a program with SIGKILL in the middle of its work. Rejects when it always ends too soon. */
export async function killDuringWork({ begin, begun, delayMs }: KillOptions): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const running = begin();
    await whenBegun(running, begun);
    await sleep(delayMs / 2 ** attempt);
    running.child.kill('SIGKILL');
    const { signal } = await running.ended;
    if (signal === 'SIGKILL') return;
  }
  throw new Error(`${ATTEMPTS} runs in a row ended before they could be killed`);
}

/** The time at which the program began to change things, or ended without that. */
async function whenBegun({ child }: Running, begun: () => boolean): Promise<number> {
  while (!begun() && child.exitCode === null && child.signalCode === null) await sleep(POLL_MS);
  return performance.now();
}

/** True when `folder` is there and holds anything. */
export function holdsAnything(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
