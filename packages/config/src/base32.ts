import { createHash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS_PER_DIGIT = 5;

/** Lower-case base32 of the SHA-1 of `text`, 32 characters: names of clones and of instances (configuration §3). */
export function base32Sha1(text: string): string {
  let digits = '';
  let pending = 0;
  let bits = 0;
  for (const byte of createHash('sha1').update(text).digest()) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= BITS_PER_DIGIT) {
      bits -= BITS_PER_DIGIT;
      digits += ALPHABET[(pending >> bits) & 31] ?? '';
    }
    pending &= (1 << bits) - 1;
  }
  return digits;
}
