import { type Failure } from './failure.ts';

/** The result as one JSON document with a final newline. */
export function formatResult(document: unknown): string {
  return `${JSON.stringify(document, replacer)}\n`;
}

/** The document that `--json` prints for every failure (hostile-inputs C09). */
export function formatFailure({ kind, code, message, hint, details }: Failure): string {
  return formatResult({ ok: false, error: { kind, code, message, ...(hint === undefined ? {} : { hint }), details } });
}

/** Maps, sets and big numbers as JSON has them. */
function replacer(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return typeof value === 'bigint' ? value.toString() : value;
}
