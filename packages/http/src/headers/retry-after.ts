/**
 * How long a `Retry-After` header asks to wait, in milliseconds: whole seconds or an HTTP date (RFC 9110 §10.2.3).
 * `undefined` for a past date, zero, and anything that is neither (hostile-inputs R20).
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,15}$/.test(text)) return positive(Number(text) * 1000);
  // Only the fixed-length form: Date.parse alone would take `-5` and `1e9` for dates.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  return positive(Date.parse(text) - nowMs);
}

function positive(ms: number): number | undefined {
  return ms > 0 ? ms : undefined;
}
