import { BerthError } from '@berth/base';

const BEGIN_MESSAGE = '-----BEGIN PGP SIGNED MESSAGE-----';
const BEGIN_SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END_SIGNATURE = '-----END PGP SIGNATURE-----';

/** Longest line of a signed document; verifiers cut longer ones silently (hostile-inputs G05). Bytes. */
const MAX_LINE_BYTES = 16 * 1024;

/** True when `document` starts as a clear-signed text does (buildcache-formats §7, "Detect"). */
export function isClearsigned(document: Uint8Array): boolean {
  return Buffer.from(document.buffer, document.byteOffset, Math.min(document.byteLength, BEGIN_MESSAGE.length)).equals(
    Buffer.from(BEGIN_MESSAGE),
  );
}

/**
 * The text inside a clear-signed document, for reading it where signatures are not required: **not verified**. Refused with
 * `signature` (ERR_CLEARSIGN): no `Hash:` line, more or less than one block, anything around it, lines above 16 KiB
 * (hostile-inputs G05, G06). Dash escapes are undone.
 */
export function extractClearsigned(document: Uint8Array, what: string): string {
  const lines = Buffer.from(document).toString('utf8').split('\n').map(withoutCarriageReturn);
  if (lines.some((line) => Buffer.byteLength(line) > MAX_LINE_BYTES))
    throw malformed(what, 'a line is longer than 16 KiB');
  const signatureAt = lines.indexOf(BEGIN_SIGNATURE);
  if (lines[0] !== BEGIN_MESSAGE || signatureAt === -1) throw malformed(what, 'not one clear-signed block');
  checkSignatureArmor(lines.slice(signatureAt + 1), what);
  const headerEnd = lines.indexOf('');
  const headers = lines.slice(1, headerEnd);
  if (headerEnd === -1 || headerEnd > signatureAt || headers.length === 0) throw malformed(what, 'no Hash: line');
  if (!headers.every((line) => /^Hash: [A-Za-z0-9, -]+$/.test(line))) throw malformed(what, 'unknown armor header');
  return lines
    .slice(headerEnd + 1, signatureAt)
    .map((line) => undash(line, what))
    .join('\n');
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function undash(line: string, what: string): string {
  if (line.startsWith('- ')) return line.slice(2);
  if (line.startsWith('-----')) throw malformed(what, 'another armored block inside');
  return line;
}

/** After the signature's first line: armor, at most one end line, then only blank lines. */
function checkSignatureArmor(lines: readonly string[], what: string): void {
  const end = lines.indexOf(END_SIGNATURE);
  const armor = end === -1 ? lines : lines.slice(0, end);
  const rest = end === -1 ? [] : lines.slice(end + 1);
  if (armor.some((line) => line.startsWith('-----'))) throw malformed(what, 'more than one armored block');
  if (rest.some((line) => line.trim() !== '')) throw malformed(what, 'text after the signed block');
}

function malformed(what: string, why: string): BerthError {
  return new BerthError('signature', 'ERR_CLEARSIGN', `${what}: not a well-formed clear-signed document: ${why}`);
}
