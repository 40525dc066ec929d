import { BerthError, DEFAULT_LIMITS } from '@berth/base';

/** Where one record of an index lies: offsets of its key's opening quote and of its value, in bytes. */
export interface ScannedRecord {
  readonly hash: string;
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
  readonly inBuildcache: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const LETTER_T = 0x74;

const RECORD_DEPTH = 3;
const FIELD_DEPTH = 4;
const VERSION_DEPTH = 2;

/**
 * Finds the records of a package index (buildcache-formats §10) in one pass over its bytes, in pieces of any size, keeping
 * nothing but the current key: `{"database":{"version":V,"installs":{HASH:{…},…}}}`. Each record is parsed strictly when
 * somebody asks for it; here only brackets and strings are followed. Throws `index`, ERR_INDEX.
 */
export class IndexScanner {
  readonly #what: string;
  readonly #onRecord: (record: ScannedRecord) => void;
  readonly #containers: number[] = [];
  readonly #keys: string[] = [];
  readonly #seen = new Set<string>();
  #offset = 0;
  #inString = false;
  #escaped = false;
  #stringStart = 0;
  #text: number[] | undefined;
  #lastString = '';
  #expectsKey = false;
  #keyStart = 0;
  #recordStart = 0;
  #inBuildcache = false;
  #closed = false;
  #version: string | undefined;

  constructor(what: string, onRecord: (record: ScannedRecord) => void) {
    this.#what = what;
    this.#onRecord = onRecord;
  }

  /** The next bytes of the document. */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#inString) this.#stringByte(byte);
      else if (byte > 0x20) this.#structure(byte);
      this.#offset += 1;
    }
  }

  /** After the last bytes: the version the index states. */
  finish(): string {
    if (!this.#closed) throw this.#fail('it ends early');
    if (this.#version === undefined) throw this.#fail('it states no version');
    return this.#version;
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#endString();
      return;
    }
    if (this.#text !== undefined && this.#text.length < 100) this.#text.push(byte);
  }

  #endString(): void {
    this.#inString = false;
    if (this.#text === undefined) return;
    this.#lastString = String.fromCharCode(...this.#text);
    if (!this.#expectsKey && this.#at(['database', 'version'])) this.#version = this.#lastString;
  }

  #structure(byte: number): void {
    if (this.#closed) throw this.#fail('text after the document');
    if (this.#containers.length === 0 && byte !== OPEN_OBJECT) throw this.#fail('it is not a JSON object');
    if (byte === QUOTE) this.#startString();
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#open(byte);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#close(byte);
    else if (byte === COLON) this.#endKey();
    else if (byte === COMMA) this.#expectsKey = this.#containers.at(-1) === OPEN_OBJECT;
    else this.#scalar(byte);
  }

  #startString(): void {
    this.#inString = true;
    this.#stringStart = this.#offset;
    const depth = this.#containers.length;
    this.#text = (this.#expectsKey && depth <= FIELD_DEPTH) || depth === VERSION_DEPTH ? [] : undefined;
    if (!this.#expectsKey && this.#isRecordValue())
      throw this.#fail(`record ${this.#keys[RECORD_DEPTH] ?? ''} is not an object`);
  }

  #endKey(): void {
    const depth = this.#containers.length;
    this.#expectsKey = false;
    if (depth > FIELD_DEPTH) return;
    this.#keys[depth] = this.#lastString;
    if (depth <= VERSION_DEPTH) this.#checkOnce(depth);
    if (depth === RECORD_DEPTH) this.#keyStart = this.#stringStart;
  }

  #checkOnce(depth: number): void {
    const path = this.#keys.slice(1, depth + 1).join('/');
    if (this.#seen.has(path)) throw this.#fail(`duplicate key "${this.#lastString}"`);
    this.#seen.add(path);
  }

  #open(byte: number): void {
    if (this.#containers.length >= DEFAULT_LIMITS.jsonDepth) {
      throw new BerthError(
        'limit',
        'ERR_LIMIT',
        `${this.#what}: nested deeper than ${DEFAULT_LIMITS.jsonDepth} levels`,
      );
    }
    if (byte === OPEN_LIST && this.#at(['database', 'installs'])) throw this.#fail('"installs" is not an object');
    if (this.#isRecordValue()) {
      if (byte !== OPEN_OBJECT) throw this.#fail(`record ${this.#keys[RECORD_DEPTH] ?? ''} is not an object`);
      this.#recordStart = this.#offset;
      this.#inBuildcache = false;
    }
    this.#containers.push(byte);
    this.#expectsKey = byte === OPEN_OBJECT;
  }

  #close(byte: number): void {
    const opened = this.#containers.pop();
    if (opened !== (byte === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_LIST)) throw this.#fail('its brackets do not match');
    this.#expectsKey = false;
    if (this.#containers.length === 0) this.#closed = true;
    if (!this.#isRecordValue()) return;
    const hash = this.#keys[RECORD_DEPTH] ?? '';
    const inBuildcache = this.#inBuildcache;
    this.#onRecord({ hash, keyStart: this.#keyStart, start: this.#recordStart, end: this.#offset + 1, inBuildcache });
  }

  #scalar(byte: number): void {
    if (this.#isRecordValue()) throw this.#fail(`record ${this.#keys[RECORD_DEPTH] ?? ''} is not an object`);
    const isField = this.#containers.length === FIELD_DEPTH && this.#keys[FIELD_DEPTH] === 'in_buildcache';
    if (isField && !this.#inBuildcache && this.#isInRecords()) this.#inBuildcache = byte === LETTER_T;
  }

  #isRecordValue(): boolean {
    return this.#containers.length === RECORD_DEPTH && this.#isInRecords();
  }

  #isInRecords(): boolean {
    return this.#keys[1] === 'database' && this.#keys[2] === 'installs';
  }

  #at(path: readonly string[]): boolean {
    return this.#containers.length === path.length && path.every((key, level) => this.#keys[level + 1] === key);
  }

  #fail(why: string): BerthError {
    return new BerthError('index', 'ERR_INDEX', `${this.#what}: byte ${this.#offset}: ${why}`, {
      hint: 'Packages are still found by their hash; to repair the index: berth buildcache update-index MIRROR.',
    });
  }
}
