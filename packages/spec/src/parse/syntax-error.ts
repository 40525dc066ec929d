import { BerthError, isBerthError } from '@berth/base';

/** A stretch of the text that an error points at. */
export interface TextSpan {
  readonly start: number;
  readonly text: string;
}

/** Characters of the text shown on either side of the first error. */
const CONTEXT = 60;

/** A spec that cannot be read: `usage` ERR_SPEC_SYNTAX with the text and a line of carets below the wrong places. */
export function syntaxError(input: string, why: string, spans: readonly TextSpan[], cause?: unknown): BerthError {
  const start = spans[0]?.start ?? input.length;
  const from = Math.max(0, start - CONTEXT);
  const excerpt = printable(input.slice(from, start + CONTEXT));
  const caret = caretLine(excerpt.length, from, spans.length > 0 ? spans : [{ start, text: ' ' }]);
  return new BerthError('usage', 'ERR_SPEC_SYNTAX', `spec syntax: ${why}\n  ${excerpt}\n  ${caret}`, {
    cause,
    details: { why, excerpt, caret, start },
  });
}

/** Repeats wrong usage in a part of the spec as an error at its place in the text; other failures stay what they are. */
export function errorAt(input: string, span: TextSpan, cause: unknown): unknown {
  if (!isBerthError(cause) || cause.kind !== 'usage') return cause;
  const { why } = cause.details;
  return syntaxError(input, typeof why === 'string' ? why : cause.message, [span], cause);
}

function caretLine(width: number, from: number, spans: readonly TextSpan[]): string {
  const line = Array.from({ length: width + 1 }, () => ' ');
  for (const { start, text } of spans) {
    const first = start - from;
    if (first > width) break;
    line.fill('^', first, Math.min(first + Math.max(1, text.trimEnd().length), width + 1));
  }
  return line.join('').trimEnd();
}

/** Control characters would move the carets or the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u00b7');
}
