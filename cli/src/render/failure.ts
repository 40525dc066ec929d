import { errnoCode, type ErrorKind, escapeControls, isAbortError, isBerthError, messageOf } from '@berth/base';
import { types } from 'node:util';
import { type Paint } from './paint.ts';

/** An error as it is shown. */
export interface Failure {
  readonly kind: ErrorKind | 'internal';
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Any thrown thing as a failure; control characters in its text are escaped (hostile-inputs O5). */
export function failureOf(error: unknown): Failure {
  if (isBerthError(error)) {
    const { kind, code, message, hint, details } = error;
    return {
      kind,
      code,
      message: escapeControls(message),
      hint: hint === undefined ? undefined : escapeControls(hint),
      details,
    };
  }
  if (isAbortError(error)) {
    return { kind: 'interrupted', code: 'ERR_INTERRUPTED', message: messageOf(error), hint: undefined, details: {} };
  }
  const errno = errnoCode(error);
  if (errno !== undefined) {
    return {
      kind: 'io',
      code: 'ERR_IO',
      message: escapeControls(messageOf(error)),
      hint: undefined,
      details: { errno },
    };
  }
  return {
    kind: 'internal',
    code: 'ERR_INTERNAL',
    message: `internal error: ${escapeControls(messageOf(error))}`,
    hint: 'This is a mistake in berth or in a plugin: run again with --debug and report what it prints.',
    details: {},
  };
}

/** What stderr shows; with `debug`, also where the error and its causes come from. */
export function formatFailureText(error: unknown, options: { readonly paint: Paint; readonly debug: boolean }): string {
  const { message, hint } = failureOf(error);
  const lines = [`${options.paint('red', 'error:')} ${message}`];
  if (hint !== undefined) lines.push(`  ${hint}`);
  if (options.debug) lines.push(...stacks(error));
  return `${lines.join('\n')}\n`;
}

function stacks(error: unknown): readonly string[] {
  const lines: string[] = [];
  for (let current = error; types.isNativeError(current); current = current.cause) {
    const [, ...frames] = (current.stack ?? '').split('\n');
    const prefix = lines.length === 0 ? 'at:' : `caused by ${current.name}: ${escapeControls(current.message)}`;
    lines.push(`  ${prefix}`, ...frames);
  }
  return lines;
}
