import { BerthError, isBerthError } from '@berth/base';
import { type ResponseHeaders } from '../headers/response-headers.ts';

/** One way to log in that a server offers (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case; of a name given twice the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MOST_BYTES = 64 * 1024;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const SPACES = / +/y;
const COMMA = /[ \t]*,[ \t]*/y;
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y;

/**
 * The challenges of one `WWW-Authenticate` line in their order. Rejects with `auth` ERR_HTTP_CHALLENGE what does not follow
 * the grammar, credentials in the form of a bare token (token68), an empty line, and more than 64 KiB (hostile-inputs R09;
 * buildcache-formats §8.11).
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > MOST_BYTES) throw malformed('longer than 64 KiB');
  return new ChallengeParser(header).challenges();
}

/**
 * The challenges of all lines of a response, those a client prefers first: Bearer, then Basic, then the rest. A line that
 * is malformed is left out as long as another is not.
 */
export function challengesOf(headers: ResponseHeaders): readonly Challenge[] {
  const lines = headers.all('www-authenticate').map(attemptLine);
  const found = lines.flatMap((line) => ('challenges' in line ? line.challenges : []));
  if (found.length > 0) return found.toSorted((left, right) => rankOf(left) - rankOf(right));
  throw lines.find((line) => 'failure' in line)?.failure ?? malformed('missing');
}

function attemptLine(line: string): { readonly challenges: readonly Challenge[] } | { readonly failure: BerthError } {
  try {
    return { challenges: parseChallenges(line) };
  } catch (failure) {
    if (isBerthError(failure)) return { failure };
    throw failure;
  }
}

const PREFERRED: readonly string[] = ['bearer', 'basic'];

function rankOf({ scheme }: Challenge): number {
  const rank = PREFERRED.indexOf(scheme);
  return rank === -1 ? PREFERRED.length : rank;
}

/** Both are short: what is longer is refused before it comes here. */
class ChallengeParser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  challenges(): readonly Challenge[] {
    const found: { readonly scheme: string; readonly parameters: Map<string, string> }[] = [];
    for (let expectsMore = true; expectsMore; expectsMore = this.#take(COMMA) !== undefined) {
      const current = found.at(-1);
      const parameter = current && this.#parameter();
      if (parameter === undefined) found.push(this.#challenge());
      else if (!current?.parameters.has(parameter[0])) current?.parameters.set(...parameter);
    }
    if (this.#position !== this.#text.length) throw malformed(`at character ${this.#position + 1}`);
    return found;
  }

  #challenge(): { readonly scheme: string; readonly parameters: Map<string, string> } {
    const scheme = this.#take(TOKEN)?.[0];
    if (scheme === undefined) throw malformed(`no scheme at character ${this.#position + 1}`);
    const parameters = new Map<string, string>();
    if (this.#take(SPACES) !== undefined) {
      const first = this.#parameter();
      if (first === undefined) throw malformed(this.#take(TOKEN68) ? 'a bare token' : 'no parameter');
      parameters.set(...first);
    }
    return { scheme: scheme.toLowerCase(), parameters };
  }

  /** `name = value`, or `undefined` when what follows is no parameter. */
  #parameter(): readonly [string, string] | undefined {
    const start = this.#position;
    const name = this.#take(TOKEN)?.[0];
    if (name === undefined || this.#take(EQUALS) === undefined) {
      this.#position = start;
      return undefined;
    }
    const quoted = this.#take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1');
    const value = quoted ?? this.#take(TOKEN)?.[0];
    if (value === undefined) throw malformed(`no value of ${name} at character ${this.#position + 1}`);
    return [name.toLowerCase(), value];
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }
}

function malformed(why: string): BerthError {
  return new BerthError('auth', 'ERR_HTTP_CHALLENGE', `WWW-Authenticate header: ${why}`, {
    hint: 'The server asks for a log-in in a way that berth does not understand: ask its administrator.',
  });
}
