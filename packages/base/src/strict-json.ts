import { BerthError, type ErrorKind } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';

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

export interface StrictJsonOptions {
  /** Names the document in messages: `index of mirror m`. */
  readonly what: string;
  /** The class of the error, `format` unless the document is an index, a lock file … */
  readonly kind?: ErrorKind;
  readonly maxDepth?: number;
  /** Accept anything after the first value, as Spack does for its database. */
  readonly allowTrailingText?: boolean;
}

/**
 * Parses one JSON document. Refused with ERR_JSON, naming line and column: duplicate keys, comments, NaN, trailing text,
 * byte-order marks, invalid UTF-8, lone surrogates, NUL in strings. Nesting above `maxDepth` is ERR_LIMIT.
 */
export function parseStrictJson(input: string | Uint8Array, options: StrictJsonOptions): JsonValue {
  const parser = new Parser(typeof input === 'string' ? input : decode(input, options), options);
  return parser.document();
}

function decode(bytes: Uint8Array, options: StrictJsonOptions): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BerthError(options.kind ?? 'format', 'ERR_JSON', `${options.what}: not UTF-8 text`, { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- a JSON string ends at its quote, a backslash or a control character
const PLAIN_STRING = /[^"\\\u0000-\u001f]*/y;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

interface Frame {
  readonly object: Map<string, JsonValue> | undefined;
  readonly array: JsonValue[] | undefined;
  key: string;
}

/** Iterative, so that nesting costs no stack. */
class Parser {
  readonly #text: string;
  readonly #options: StrictJsonOptions;
  readonly #maxDepth: number;
  readonly #keys = new Map<string, string>();
  #at = 0;

  constructor(text: string, options: StrictJsonOptions) {
    this.#text = text;
    this.#options = options;
    this.#maxDepth = options.maxDepth ?? DEFAULT_LIMITS.jsonDepth;
  }

  document(): JsonValue {
    this.#blanks();
    if (this.#at >= this.#text.length) this.#fail('the document is empty');
    const value = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length && this.#options.allowTrailingText !== true) this.#fail('text after the document');
    return value;
  }

  #value(): JsonValue {
    const stack: Frame[] = [];
    for (;;) {
      let value = this.#scalarOrOpen(stack);
      if (value === undefined) continue;
      // A finished value closes as many containers as end here.
      for (;;) {
        const frame = stack.at(-1);
        if (frame === undefined) return value;
        if (frame.object === undefined) frame.array?.push(value);
        else frame.object.set(frame.key, value);
        if (this.#next(frame)) break;
        stack.pop();
        value = frame.object ?? frame.array ?? null;
      }
    }
  }

  /** A scalar or an empty container; `undefined` when a container was opened. */
  #scalarOrOpen(stack: Frame[]): JsonValue | undefined {
    this.#blanks();
    const char = this.#text[this.#at];
    if (char === '{') return this.#open(stack, { object: new Map(), array: undefined, key: '' }, '}');
    if (char === '[') return this.#open(stack, { object: undefined, array: [], key: '' }, ']');
    if (char === '"') return this.#string();
    if (char === 't') return this.#word('true', true);
    if (char === 'f') return this.#word('false', false);
    if (char === 'n') return this.#word('null', null);
    return this.#number();
  }

  #open(stack: Frame[], frame: Frame, close: string): JsonValue | undefined {
    this.#at += 1;
    this.#blanks();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return frame.object ?? frame.array ?? null;
    }
    if (stack.length >= this.#maxDepth) {
      const { what } = this.#options;
      throw new BerthError('limit', 'ERR_LIMIT', `${what}: nested deeper than ${this.#maxDepth} levels`);
    }
    stack.push(frame);
    if (frame.object !== undefined) this.#key(frame, frame.object);
    return undefined;
  }

  /** After a value in `frame`: true when another follows. */
  #next(frame: Frame): boolean {
    this.#blanks();
    const char = this.#text[this.#at];
    const close = frame.object === undefined ? ']' : '}';
    if (char !== ',' && char !== close) this.#fail(`expected "," or "${close}"`);
    this.#at += 1;
    if (char === close) return false;
    if (frame.object !== undefined) this.#key(frame, frame.object);
    return true;
  }

  #key(frame: Frame, object: ReadonlyMap<string, JsonValue>): void {
    this.#blanks();
    if (this.#text[this.#at] !== '"') this.#fail('expected a key in double quotes');
    const key = this.#string();
    if (object.has(key)) this.#fail(`duplicate key ${JSON.stringify(key)}`);
    this.#blanks();
    if (this.#text[this.#at] !== ':') this.#fail('expected ":"');
    this.#at += 1;
    // Keys repeat a million times in an index: keep one copy of each.
    const known = this.#keys.get(key);
    if (known === undefined) this.#keys.set(key, key);
    frame.key = known ?? key;
  }

  #string(): string {
    const start = this.#at + 1;
    PLAIN_STRING.lastIndex = start;
    PLAIN_STRING.test(this.#text);
    const end = PLAIN_STRING.lastIndex;
    if (this.#text.charCodeAt(end) === QUOTE) {
      this.#at = end + 1;
      return this.#wellFormed(this.#text.slice(start, end));
    }
    return this.#escapedString(start);
  }

  #escapedString(start: number): string {
    let value = '';
    let at = start;
    for (;;) {
      PLAIN_STRING.lastIndex = at;
      PLAIN_STRING.test(this.#text);
      const end = PLAIN_STRING.lastIndex;
      value += this.#text.slice(at, end);
      this.#at = end;
      const code = this.#text.charCodeAt(end);
      if (code === QUOTE) {
        this.#at = end + 1;
        return this.#wellFormed(value);
      }
      if (code !== BACKSLASH) this.#fail('unterminated string or control character in it');
      const escape = this.#text[end + 1] ?? '';
      if (escape === 'u') {
        const digits = this.#text.slice(end + 2, end + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits) || digits === '0000') this.#fail(`bad escape "\\u${digits}"`);
        value += String.fromCharCode(parseInt(digits, 16));
        at = end + 6;
      } else {
        const char = SHORT_ESCAPES[escape];
        if (char === undefined) this.#fail(`bad escape "\\${escape}"`);
        value += char;
        at = end + 2;
      }
    }
  }

  #wellFormed(value: string): string {
    if (!value.isWellFormed()) this.#fail('lone surrogate in a string');
    return value;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const token = NUMBER.exec(this.#text)?.[0];
    if (token === undefined) this.#fail('expected a JSON value');
    this.#at += token.length;
    return new JsonNumber(token);
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('expected a JSON value');
    this.#at += word.length;
    return value;
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(why: string): never {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    const { what, kind = 'format' } = this.#options;
    throw new BerthError(kind, 'ERR_JSON', `${what}: line ${line}, column ${column}: ${why}`, { details: { line, column } });
  }
}

/** How Spack writes JSON: everything but printable ASCII escaped, lower-case hexadecimal (store-and-specs-on-disk B.2). */
// eslint-disable-next-line no-control-regex -- the characters to escape
const ESCAPED = /["\\\u0000-\u001f\u007f-\uffff]/;
// eslint-disable-next-line no-control-regex -- the characters to escape
const EACH_ESCAPED = /["\\\u0000-\u001f\u007f-\uffff]/g;
const WRITTEN_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

export function formatJsonString(text: string): string {
  if (!ESCAPED.test(text)) return `"${text}"`;
  const escaped = text.replace(
    EACH_ESCAPED,
    (char) => WRITTEN_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** The three forms in which Spack writes JSON (buildcache-formats §2.3). None ends with a newline. */
export type JsonForm = 'compact' | 'newline' | 'default';

interface Punctuation {
  readonly open: string;
  readonly close: string;
  readonly comma: string;
  readonly colon: string;
}

const PUNCTUATION: Readonly<Record<JsonForm, Punctuation>> = {
  compact: { open: '', close: '', comma: ',', colon: ':' },
  newline: { open: '\n', close: '\n', comma: ',\n', colon: ':' },
  default: { open: '', close: '', comma: ', ', colon: ': ' },
};

export function formatJson(value: JsonValue, form: JsonForm = 'compact'): string {
  return write(value, PUNCTUATION[form]);
}

function write(value: JsonValue, marks: Punctuation): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return formatJsonString(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof JsonNumber) return value.token;
  if (isJsonArray(value)) {
    if (value.length === 0) return '[]';
    return `[${marks.open}${value.map((item) => write(item, marks)).join(marks.comma)}${marks.close}]`;
  }
  if (!isJsonObject(value) || value.size === 0) return '{}';
  const members: string[] = [];
  for (const [key, item] of value) members.push(`${formatJsonString(key)}${marks.colon}${write(item, marks)}`);
  return `{${marks.open}${members.join(marks.comma)}${marks.close}}`;
}
