import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '@berth/base';

const INTEGER = /^-?\d+$/;
/** Decimal exponents in which a float is written without an exponent: -4 to 15. */
const LEAST_PLAIN_EXPONENT = -4;
const FIRST_LARGE_EXPONENT = 16;

/** The value with every number as Spack writes it: `1e22` becomes `1e+22` (store-and-specs-on-disk B.2). */
export function canonicalNumbers(value: JsonValue): JsonValue {
  if (value instanceof JsonNumber) return canonicalNumber(value);
  if (isJsonArray(value)) return value.map(canonicalNumbers);
  if (!isJsonObject(value)) return value;
  return new Map(Array.from(value, ([key, item]) => [key, canonicalNumbers(item)] as const));
}

/**
 * Integers of any size stand as they are; floats get their shortest round-trip digits, `.0` where nothing follows the
 * point, and an exponent of at least two digits outside 1e-4 … 1e16.
 */
export function canonicalNumber(number: JsonNumber): JsonNumber {
  const { token, value } = number;
  if (INTEGER.test(token)) return token === '-0' ? new JsonNumber('0') : number;
  if (!Number.isFinite(value)) return new JsonNumber(value < 0 ? '-Infinity' : 'Infinity');
  return new JsonNumber(formatFloat(value));
}

function formatFloat(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < LEAST_PLAIN_EXPONENT || exponent >= FIRST_LARGE_EXPONENT) {
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
