import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, type Running } from './berth.ts';

export interface Undisturbed {
  readonly ended: Ended;
  /** From the first change on disk to the end. */
  readonly workMs: number;
}

export interface StopOptions {
  /** Starts the program; called again when it ended before the signal came. */
  readonly begin: () => Running;
  /** True once the program has begun to change something. */
  readonly begun: () => boolean;
  /** When after that to stop it; halved for each attempt that came too late. */
  readonly delayMs: number;
  readonly signal: NodeJS.Signals;
  /** Brings back what a run that ended too soon has changed. */
  readonly restore?: () => Promise<unknown>;
}

export interface Stopped {
  readonly ended: Ended;
  /** From the signal to the end. */
  readonly stoppingMs: number;
}

const POLL_MS = 2;
const ATTEMPTS = 8;

/** Runs a program to its end and measures how long it changes things. */
export async function measure(running: Running, begun: () => boolean): Promise<Undisturbed> {
  const beganAt = await whenBegun(running, begun);
  const ended = await running.ended;
  return { ended, workMs: performance.now() - beganAt };
}

/** Sends a program a signal in the middle of its work. Rejects when it always ends before that. */
export async function stopDuringWork({ begin, begun, delayMs, signal, restore }: StopOptions): Promise<Stopped> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const running = begin();
    await whenBegun(running, begun);
    await sleep(delayMs / 2 ** attempt);
    const signalledAt = performance.now();
    running.child.kill(signal);
    const ended = await running.ended;
    if (ended.code !== 0) return { ended, stoppingMs: performance.now() - signalledAt };
    await restore?.();
  }
  throw new Error(`${ATTEMPTS} runs in a row ended before ${signal} came`);
}

/** Kills a program in the middle of its work. */
export async function killDuringWork(options: Omit<StopOptions, 'signal'>): Promise<void> {
  const { ended } = await stopDuringWork({ ...options, signal: 'SIGKILL' });
  if (ended.signal !== 'SIGKILL')
    throw new Error(`ended with ${String(ended.code)} instead of being killed\n${ended.stderr}`);
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
