/** What a failure means to a script; berth's own list, see docs/architecture.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, security: 3, brokenPipe: 141 } as const;

/** 128 + the signal's number, as shells have it. */
export const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof EXIT_OF_SIGNAL;

const SECURITY_KINDS: ReadonlySet<unknown> = new Set(['signature', 'policy', 'digest']);

/** By the error's kind; read by shape, so that nothing has to be imported to know it. */
export function exitCodeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return EXIT.failed;
  const { kind, name, stoppedBy } = error as {
    readonly kind?: unknown;
    readonly name?: unknown;
    readonly stoppedBy?: StopSignal;
  };
  if (stoppedBy !== undefined) return EXIT_OF_SIGNAL[stoppedBy];
  if (kind === 'interrupted' || name === 'AbortError') return EXIT_OF_SIGNAL.SIGINT;
  if (kind === 'usage') return EXIT.usage;
  return SECURITY_KINDS.has(kind) ? EXIT.security : EXIT.failed;
}

/** For a result in which some packages failed: 3 when one of them for a reason of security. */
export function failureExitCode(failures: readonly unknown[]): 0 | 1 | 3 {
  const real = failures.filter((failure) => failure !== undefined);
  if (real.length === 0) return EXIT.done;
  return real.some((failure) => exitCodeOf(failure) === EXIT.security) ? EXIT.security : EXIT.failed;
}

/** The reason with which a signal aborts the work. */
export class StoppedError extends Error {
  override readonly name: string = 'AbortError';
  readonly code = 'ABORT_ERR';
  readonly stoppedBy: StopSignal;

  constructor(signal: StopSignal) {
    super(`interrupted by ${signal}`);
    this.stoppedBy = signal;
  }
}
