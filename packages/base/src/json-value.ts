/**
 * JSON that survives a round trip byte for byte: objects keep the order of their keys (also of integer-like ones) and
 * numbers keep their text (`1.0`, `1e-07`). DAG hashes depend on both (store-and-specs-on-disk B.1, B.2).
 */
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** A number as it was written. */
export class JsonNumber {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }

  get value(): number {
    return Number(this.token);
  }
}

export function jsonNumber(value: number): JsonNumber {
  return new JsonNumber(JSON.stringify(value));
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** An object from pairs; pairs whose value is `undefined` are left out. */
export function jsonObject(pairs: Iterable<readonly [string, JsonValue | undefined]>): JsonObject {
  const map = new Map<string, JsonValue>();
  for (const [key, value] of pairs) if (value !== undefined) map.set(key, value);
  return map;
}

/** Plain JavaScript data to ordered JSON, in the order of the properties. */
export function toJson(value: unknown): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return jsonNumber(value);
  if (value instanceof JsonNumber || value instanceof Map) return value as JsonValue;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object') {
    return jsonObject(Object.entries(value).map(([key, item]) => [key, item === undefined ? undefined : toJson(item)]));
  }
  throw new TypeError(`not JSON: ${typeof value}`);
}

/** Ordered JSON to plain data without prototypes' keys being special; numbers become `number`. */
export function fromJson(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value.value;
  if (isJsonArray(value)) return value.map(fromJson);
  if (!isJsonObject(value)) return value;
  const plain: Record<string, unknown> = {};
  for (const [key, item] of value) {
    // `__proto__` must become an ordinary property (hostile-inputs J02).
    Object.defineProperty(plain, key, { value: fromJson(item), enumerable: true, writable: true, configurable: true });
  }
  return plain;
}
