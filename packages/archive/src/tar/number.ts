const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
const BASE_256 = 0x80;

/**
 * The number in a header field: octal digits ended by NUL or space, or GNU base-256. `undefined` when it is neither, is
 * negative, or is too large to be exact (hostile-inputs A28). An empty field is 0.
 */
export function parseNumberField(block: Uint8Array, start: number, length: number): number | undefined {
  return ((block[start] ?? 0) & BASE_256) === 0 ? parseOctal(block, start, length) : parseBase256(block, start, length);
}

function parseOctal(block: Uint8Array, start: number, length: number): number | undefined {
  const end = start + length;
  let at = start;
  let value = 0;
  while (at < end && block[at] === SPACE) at += 1;
  for (; at < end; at += 1) {
    const byte = block[at] ?? 0;
    if (byte < ZERO || byte > SEVEN) break;
    value = value * 8 + (byte - ZERO);
  }
  for (; at < end; at += 1) {
    if (block[at] !== 0 && block[at] !== SPACE) return undefined;
  }
  return value;
}

function parseBase256(block: Uint8Array, start: number, length: number): number | undefined {
  if (block[start] !== BASE_256) return undefined;
  let value = 0;
  for (let at = start + 1; at < start + length; at += 1) {
    value = value * 256 + (block[at] ?? 0);
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return value;
}

/** Zero-padded octal, NUL at the end, `length` bytes in all (buildcache-formats §3.2). */
export function formatNumberField(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}
