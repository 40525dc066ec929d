import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';

/** The built program, as a user starts it. */
export const BERTH: string = join(import.meta.dirname, '../../cli/bin/berth.js');

/** How a process ended: with a code, or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Default: nothing to read, both outputs collected. */
  readonly stdio?: StdioOptions;
}

/** Starts a program; `ended` never rejects. */
export function start(program: string, words: readonly string[], { env, cwd, stdio }: StartOptions): Running {
  const startedAt = performance.now();
  const child = spawn(program, words, { env, cwd, stdio: stdio ?? ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, signal: null, ...texts, stderr: String(error), elapsedMs: 0 });
    });
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...texts, elapsedMs: performance.now() - startedAt });
    });
  });
  return { child, ended };
}

/** What a program that had to succeed printed. Rejects with everything it said otherwise. */
export async function succeeded(what: string, running: Running): Promise<string> {
  const { code, signal, stdout, stderr } = await running.ended;
  if (code === 0) return stdout;
  throw new Error(`${what}: ended with ${String(code ?? signal)}\n${stderr}\n${stdout}`);
}
