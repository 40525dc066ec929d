import { type BerthError } from '@berth/base';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANKS = /[ \t\r\n]*/y;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/**
 * Walks over a JSON text and hands out the parts that are asked for, the others as text. Strings, numbers and the structure
 * that was asked for are checked; the inside of a skipped value is not.
 */
export class TextScanner {
  readonly #text: string;
  readonly #error: (why: string, at: number) => BerthError;
  #at = 0;

  constructor(text: string, error: (why: string, at: number) => BerthError) {
    this.#text = text;
    this.#error = error;
  }

  /** Reads an object; `member` must read the value of the key it is called with. */
  object(member: (key: string) => void): void {
    this.#expect('{');
    if (this.#accept('}')) return;
    do {
      const key = this.string();
      this.#expect(':');
      member(key);
    } while (this.#accept(','));
    this.#expect('}');
  }

  string(): string {
    this.#blanks();
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw this.#error('expected a string', this.#at);
    const start = this.#at;
    const end = this.#endOfString(start);
    this.#at = end;
    const inner = this.#text.slice(start + 1, end - 1);
    return inner.includes('\\') ? this.#unescape(start, end) : inner;
  }

  optionalString(): string | undefined {
    return this.#acceptWord('null') ? undefined : this.string();
  }

  boolean(): boolean {
    if (this.#acceptWord('true')) return true;
    if (this.#acceptWord('false')) return false;
    throw this.#error('expected true or false', this.#at);
  }

  /** The token of a number, as written. */
  number(): string {
    this.#blanks();
    NUMBER.lastIndex = this.#at;
    const token = NUMBER.exec(this.#text)?.[0];
    if (token === undefined) throw this.#error('expected a number', this.#at);
    this.#at += token.length;
    return token;
  }

  /** A non-negative whole number. */
  count(): number {
    const token = this.number();
    if (!/^\d{1,15}$/.test(token)) throw this.#error('expected a whole number', this.#at);
    return Number(token);
  }

  /** The text of the value that begins here. */
  skipValue(): string {
    this.#blanks();
    const start = this.#at;
    const code = this.#text.charCodeAt(start);
    if (code === QUOTE) this.#at = this.#endOfString(start);
    else if (OPENING.has(code)) this.#at = this.#endOfContainer(start);
    else if (!this.#acceptWord('null') && !this.#acceptWord('true') && !this.#acceptWord('false')) this.number();
    return this.#text.slice(start, this.#at);
  }

  #endOfContainer(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) at = this.#endOfString(at) - 1;
      else if (OPENING.has(code)) depth += 1;
      else if (CLOSING.has(code)) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    throw this.#error('the text ends inside a value', this.#text.length);
  }

  /** The place after the closing quote of the string that begins at `start`. */
  #endOfString(start: number): number {
    let end = start;
    for (;;) {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) throw this.#error('the text ends inside a string', start);
      let slashes = 0;
      while (this.#text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
      if (slashes % 2 === 0) return end + 1;
    }
  }

  #unescape(start: number, end: number): string {
    try {
      return JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      throw this.#error('bad escape in a string', start);
    }
  }

  #expect(char: string): void {
    if (!this.#accept(char)) throw this.#error(`expected "${char}"`, this.#at);
  }

  #accept(char: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #acceptWord(word: string): boolean {
    this.#blanks();
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #blanks(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code > 0x20) return;
    BLANKS.lastIndex = this.#at;
    BLANKS.test(this.#text);
    this.#at = BLANKS.lastIndex;
  }
}
