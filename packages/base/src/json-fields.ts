import { BerthError, type ErrorKind } from './errors.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';

/**
 * Reads fields of a strict JSON document; each wrong or missing one is an error that carries a JSON pointer
 * (hostile-inputs J09).
 */
export class JsonFields {
  readonly object: JsonObject;
  readonly #what: string;
  readonly #pointer: string;
  readonly #kind: ErrorKind;

  constructor(value: JsonValue | undefined, options: { what: string; pointer?: string; kind?: ErrorKind }) {
    this.#what = options.what;
    this.#pointer = options.pointer ?? '';
    this.#kind = options.kind ?? 'format';
    if (!isJsonObject(value)) throw this.#wrong('', 'an object', value);
    this.object = value;
  }

  has(key: string): boolean {
    return this.object.has(key);
  }

  string(key: string): string {
    const value = this.object.get(key);
    if (typeof value !== 'string') throw this.#wrong(key, 'a string', value);
    return value;
  }

  optionalString(key: string): string | undefined {
    const value = this.object.get(key);
    return value === undefined || value === null ? undefined : this.string(key);
  }

  boolean(key: string): boolean {
    const value = this.object.get(key);
    if (typeof value !== 'boolean') throw this.#wrong(key, 'true or false', value);
    return value;
  }

  /** A non-negative safe integer written without fraction or exponent (hostile-inputs J03). */
  count(key: string): number {
    const value = this.object.get(key);
    if (!(value instanceof JsonNumber) || !/^\d+$/.test(value.token) || !Number.isSafeInteger(value.value)) {
      throw this.#wrong(key, 'a non-negative whole number', value);
    }
    return value.value;
  }

  array(key: string): readonly JsonValue[] {
    const value = this.object.get(key);
    if (!isJsonArray(value)) throw this.#wrong(key, 'a list', value);
    return value;
  }

  strings(key: string): readonly string[] {
    return this.array(key).map((item, position) => {
      if (typeof item !== 'string') throw this.#wrong(`${key}/${position}`, 'a string', item);
      return item;
    });
  }

  fields(key: string): JsonFields {
    return this.#child(key, this.object.get(key));
  }

  optionalFields(key: string): JsonFields | undefined {
    const value = this.object.get(key);
    return value === undefined || value === null ? undefined : this.#child(key, value);
  }

  /** Each element of a list of objects. */
  eachFields(key: string): readonly JsonFields[] {
    return this.array(key).map((item, position) => this.#child(`${key}/${position}`, item));
  }

  /** An error of this document about `key`. */
  error(key: string, why: string): BerthError {
    const pointer = `${this.#pointer}/${key}`;
    return new BerthError(this.#kind, 'ERR_DOCUMENT', `${this.#what}: ${pointer}: ${why}`, { details: { pointer } });
  }

  #child(key: string, value: JsonValue | undefined): JsonFields {
    return new JsonFields(value, { what: this.#what, pointer: `${this.#pointer}/${key}`, kind: this.#kind });
  }

  #wrong(key: string, expected: string, found: JsonValue | undefined): BerthError {
    const pointer = key === '' ? this.#pointer || '/' : `${this.#pointer}/${key}`;
    return new BerthError(
      this.#kind,
      'ERR_DOCUMENT',
      `${this.#what}: ${pointer}: expected ${expected}, found ${describe(found)}`,
      {
        details: { pointer },
      },
    );
  }
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`;
  if (value instanceof JsonNumber) return `the number ${value.token.slice(0, 30)}`;
  if (isJsonArray(value)) return 'a list';
  return typeof value === 'boolean' ? String(value) : 'an object';
}
