import { type BerthError } from '@berth/base';
import { syntaxError, errorAt } from './syntax-error.ts';
import { tokenize, type Token, type TokenKind } from './tokenize.ts';

/** The tokens of one text, read from left to right. */
export class TokenStream {
  readonly #input: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  /** @throws BerthError `usage` ERR_SPEC_SYNTAX that underlines all characters that belong to no token. */
  constructor(input: string) {
    this.#input = input;
    this.#tokens = tokenize(input);
    const unexpected = this.#tokens.filter(({ kind }) => kind === 'UNEXPECTED');
    if (unexpected.length > 0) throw syntaxError(input, 'unexpected characters', unexpected);
  }

  isDone(): boolean {
    return this.#next >= this.#tokens.length;
  }

  /** The token that `take` would return, if it is of one of these kinds (any kind if none is given). */
  peek(...kinds: readonly TokenKind[]): Token | undefined {
    const token = this.#tokens[this.#next];
    return token !== undefined && (kinds.length === 0 || kinds.includes(token.kind)) ? token : undefined;
  }

  take(...kinds: readonly TokenKind[]): Token | undefined {
    const token = this.peek(...kinds);
    if (token !== undefined) this.#next += 1;
    return token;
  }

  /** An error at a token, or at the end of the text. */
  error(why: string, token: Token | undefined = this.peek()): BerthError {
    return syntaxError(this.#input, why, token === undefined ? [] : [token]);
  }

  /** Runs `read`; what it throws becomes an error at `token`. */
  at<T>(token: Token, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw errorAt(this.#input, token, error);
    }
  }
}
