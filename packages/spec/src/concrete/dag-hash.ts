import { createHash } from 'node:crypto';
import { BerthError, formatJson, type ErrorKind, type JsonObject, type JsonValue } from '@berth/base';
import { type DagHash } from '../spec.ts';
import { canonicalNumbers } from './canonical-numbers.ts';

const BASE32_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
const DAG_HASH = /^[a-z2-7]{32}$/;
const HASH_BITS = 160n;
/** How much of a spliced node's hash is its own; the tail is that of its build spec (store-and-specs-on-disk B.5). */
const SPLICE_OWN_LENGTH = 25;

/** True for exactly 32 lower-case base32 characters. */
export function isDagHash(text: string): text is DagHash {
  return DAG_HASH.test(text);
}

/** Rejects everything but 32 lower-case base32 characters with ERR_DAG_HASH. `what` names the place in the message. */
export function parseDagHash(text: string, what: string, kind: ErrorKind = 'format'): DagHash {
  if (isDagHash(text)) return text;
  throw new BerthError(kind, 'ERR_DAG_HASH', `${what}: not a DAG hash of 32 lower-case base32 characters`, {
    details: { found: text.slice(0, 100) },
  });
}

/** The DAG hash of a node as it stands, whatever `hash` it carries (store-and-specs-on-disk B.1). */
export function dagHash(node: JsonObject): DagHash {
  const hashed = new Map(node);
  hashed.delete('hash');
  const external = hashed.get('external');
  if (external !== undefined) hashed.set('external', canonicalNumbers(external));
  return jsonHash(hashed) as DagHash;
}

/** The hash of a spliced node: its own, ending in the tail of the spec it was built as (store-and-specs-on-disk B.5). */
export function splicedDagHash(node: JsonObject, buildHash: DagHash): DagHash {
  return (dagHash(node).slice(0, SPLICE_OWN_LENGTH) + buildHash.slice(SPLICE_OWN_LENGTH)) as DagHash;
}

/**
 * Lower-case base32 of the SHA-1 of the compact canonical text, numbers as they stand: how every identifier but the
 * package hash is made (store-and-specs-on-disk B.1, B.3).
 */
export function jsonHash(value: JsonValue): string {
  return base32(createHash('sha1').update(formatJson(value)).digest());
}

/** RFC 4648 base32 in lower case, padded with `=`. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let window = 0;
  let bits = 0;
  for (const byte of bytes) {
    window = ((window << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32_DIGITS.charAt((window >> bits) & 31);
    }
  }
  if (bits > 0) text += BASE32_DIGITS.charAt((window << (5 - bits)) & 31);
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

/** The first `bits` bits of the digest as a big-endian number: 63 make a lock offset (store-and-specs-on-disk C.6). */
export function hashBits(hash: DagHash, bits: number): bigint {
  let digest = 0n;
  for (const digit of hash) digest = (digest << 5n) | BigInt(BASE32_DIGITS.indexOf(digit));
  return digest >> (HASH_BITS - BigInt(bits));
}
