import { BerthError, type ErrorKind } from './errors.ts';
import { JsonNumber, type JsonValue } from './json-value.ts';
import { DEFAULT_LIMITS } from './limits.ts';

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
    throw new BerthError(kind, 'ERR_JSON', `${what}: line ${line}, column ${column}: ${why}`, {
      details: { line, column },
    });
  }
}
