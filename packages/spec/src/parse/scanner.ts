const BLANKS = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

export type RunClass = 'blank' | 'word' | 'ident' | 'name' | 'path' | 'value' | 'hex';

/** Classes of characters that runs are made of (spec-syntax §1, building blocks). */
const RUNS: Readonly<Record<RunClass, RegExp>> = {
  blank: new RegExp(`${BLANKS}*`, 'y'),
  word: /[A-Za-z0-9_]*/y,
  ident: /[A-Za-z0-9_-]*/y,
  name: /[A-Za-z0-9_.-]*/y,
  path: /[A-Za-z0-9_./-]*/y,
  value: /[A-Za-z0-9_\-+*.,:=%^~/\\]*/y,
  hex: /[0-9a-fA-F]{0,40}/y,
};

interface Run {
  readonly start: number;
  readonly end: number;
}

/** A position in the text, or `NONE`: what every matcher returns. */
export type Position = number;
export const NONE: Position = -1;

/**
 * Reads pieces of one text. It remembers the last run of each class and where quotes end for good, so that trying all
 * alternatives at every position stays linear in the length of the text.
 */
export class Scanner {
  readonly text: string;
  readonly #runs = new Map<RunClass, Run>();
  readonly #fileNames = new Map<Position, Position>();
  readonly #noQuoteFrom = new Map<string, Position>();

  constructor(text: string) {
    this.text = text;
  }

  /** End of the run of this class that starts at `at`; `at` itself when there is none. */
  run(runClass: RunClass, at: Position): Position {
    const known = this.#runs.get(runClass);
    if (known !== undefined && known.start <= at && at < known.end && runClass !== 'hex') return known.end;
    const pattern = RUNS[runClass];
    pattern.lastIndex = at;
    pattern.test(this.text);
    const end = pattern.lastIndex;
    this.#runs.set(runClass, { start: at, end });
    return end;
  }

  /** A run of this class that begins with a word character, or NONE. */
  wordThenRun(runClass: RunClass, at: Position): Position {
    return this.isWord(at) ? this.run(runClass, at) : NONE;
  }

  isWord(at: Position): boolean {
    const code = this.text.charCodeAt(at);
    return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
  }

  /** The position behind `literal` if it stands at `at`, else NONE. */
  literal(literal: string, at: Position): Position {
    return at >= 0 && this.text.startsWith(literal, at) ? at + literal.length : NONE;
  }

  /** Quoted text; a quote behind a backslash may be inside. */
  quoted(at: Position): Position {
    const quote = this.text[at];
    if (quote !== '"' && quote !== "'") return NONE;
    let close = NONE;
    for (let next = this.#nextQuote(quote, at + 1); next !== NONE; next = this.#nextQuote(quote, next + 1)) {
      close = next;
      if (this.text[next - 1] !== '\\') break;
    }
    return close === NONE ? NONE : close + 1;
  }

  /** End of the last `.json` or `.yaml` in the run of path characters at `at`, if it starts at or behind `at`. */
  fileNameEnd(at: Position): Position {
    const runEnd = this.run('path', at);
    let end = this.#fileNames.get(runEnd);
    if (end === undefined) {
      const run = this.text.slice(at, runEnd);
      const extension = Math.max(run.lastIndexOf('.json'), run.lastIndexOf('.yaml'));
      end = extension < 0 ? NONE : at + extension + '.json'.length;
      this.#fileNames.set(runEnd, end);
    }
    return end - '.json'.length >= at ? end : NONE;
  }

  #nextQuote(quote: string, from: Position): Position {
    if (from >= (this.#noQuoteFrom.get(quote) ?? Infinity)) return NONE;
    const found = this.text.indexOf(quote, from);
    if (found < 0) this.#noQuoteFrom.set(quote, from);
    return found < 0 ? NONE : found;
  }
}
