import { types } from 'node:util';

/** The classes of failure a program can tell apart (hostile-inputs §0). */
export type ErrorKind =
  | 'archive'
  | 'digest'
  | 'size'
  | 'format'
  | 'protocol'
  | 'auth'
  | 'signature'
  | 'policy'
  | 'index'
  | 'lock'
  | 'config'
  | 'relocate'
  | 'plugin'
  | 'limit'
  | 'io'
  | 'busy'
  | 'notfound'
  | 'usage'
  | 'interrupted';

/** A stable identifier of one failure; `docs/errors.md` lists every one that berth itself raises. */
export type ErrorCode = `ERR_${string}`;

export interface BerthErrorOptions {
  /** One imperative sentence the user can act on. */
  readonly hint?: string | undefined;
  /** Facts for programs: paths, digests, names. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * Every failure a user can reach. Branch on `kind` or `code`, never on `message`.
 *
 * The message reads "what failed: which thing: why", in lower case, without a final stop.
 */
export class BerthError extends Error {
  override readonly name: string = 'BerthError';
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(kind: ErrorKind, code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** True for a BerthError of any copy of this package and of any realm; with `code`, only for that code. */
export function isBerthError(error: unknown, code?: ErrorCode): error is BerthError {
  if (!types.isNativeError(error) || error.name !== 'BerthError' || !('kind' in error) || !('code' in error)) {
    return false;
  }
  return code === undefined || error.code === code;
}

const SECURITY_KINDS: ReadonlySet<ErrorKind> = new Set(['signature', 'policy', 'digest', 'size', 'archive', 'format']);
const AVAILABILITY_KINDS: ReadonlySet<ErrorKind> = new Set(['notfound', 'io', 'busy', 'protocol', 'auth', 'index']);

/** True when the failure speaks against the *content* that was served: final for that package (hostile-inputs O1). */
export function isSecurityFailure(error: unknown): error is BerthError {
  return isBerthError(error) && SECURITY_KINDS.has(error.kind);
}

/** True when only this source failed to answer, so that the next mirror may be asked. */
export function isAvailabilityFailure(error: unknown): error is BerthError {
  return isBerthError(error) && AVAILABILITY_KINDS.has(error.kind);
}

/** True for the rejection that an aborted `AbortSignal` causes, in any realm. */
export function isAbortError(error: unknown): boolean {
  // A DOMException is no native error on Node 20, so only its shape tells.
  if (typeof error !== 'object' || error === null || !('name' in error)) return false;
  return (
    error.name === 'AbortError' || error.name === 'TimeoutError' || ('code' in error && error.code === 'ABORT_ERR')
  );
}

/** The `code` of a system error (`ENOENT`), or `undefined` when `error` is not one. */
export function errnoCode(error: unknown): string | undefined {
  if (!types.isNativeError(error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return 'syscall' in error ? error.code : undefined;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}

/** Wraps a failed system call; AbortError and BerthError pass through unchanged. */
export function ioError(what: string, cause: unknown): unknown {
  if (isBerthError(cause) || isAbortError(cause)) return cause;
  const errno = errnoCode(cause);
  return new BerthError('io', 'ERR_IO', `${what}: ${messageOf(cause)}`, {
    cause,
    details: errno === undefined ? {} : { errno },
    hint: errno === undefined ? undefined : IO_HINTS[errno],
  });
}

const IO_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space on this file system and run the command again.',
  EDQUOT: 'Your disk quota is used up: free some space and run the command again.',
  EROFS: 'This file system is read-only: choose another place.',
  EACCES: 'Check the permissions of this path.',
  EPERM: 'Check the permissions of this path.',
  EMFILE: 'Too many open files: raise the limit (ulimit -n) or run fewer jobs.',
};
