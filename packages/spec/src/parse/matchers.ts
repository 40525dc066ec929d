import { NONE, type Position, type Scanner } from './scanner.ts';

/** Where the piece that starts at `at` ends, or NONE. */
export type Matcher = (scanner: Scanner, at: Position) => Position;

/** `ident` (spec-syntax §1). */
export const ident: Matcher = (scanner, at) => scanner.wordThenRun('ident', at);

/** Name of a variant or key: dots and dashes may follow the first character. */
export const name: Matcher = (scanner, at) => scanner.wordThenRun('name', at);

/** Two or more identifiers joined by dots. */
export const dotted: Matcher = (scanner, at) => {
  const first = ident(scanner, at);
  let end = first;
  for (let next = first; next !== NONE; next = nextPart(scanner, next, '.')) end = next;
  return end > first ? end : NONE;
};

/** `c,cxx=gcc` behind a dependency sigil: virtual packages and what provides them. */
export const virtualAssignment: Matcher = (scanner, at) => {
  let end = NONE;
  for (let next = ident(scanner, at); next !== NONE; next = nextPart(scanner, next, ',')) end = next;
  const provider = scanner.literal('=', end);
  return provider === NONE ? NONE : firstOf(dotted, ident)(scanner, provider);
};

/** `git.` with a ref, or 40 hex digits. */
export const gitRef: Matcher = (scanner, at) => {
  const ref = scanner.literal('git.', at);
  const end = ref === NONE ? NONE : scanner.wordThenRun('path', ref);
  if (end !== NONE) return end;
  return scanner.run('hex', at) === at + 40 ? at + 40 : NONE;
};

/** One version, which ends in a word character. */
export const version: Matcher = (scanner, at) => {
  const start = scanner.text[at] === '=' ? at + 1 : at;
  return lastWordEnd(scanner, start, scanner.wordThenRun('name', start));
};

/** Versions and ranges joined by commas; blanks only around the commas. */
export const versionList: Matcher = (scanner, at) => {
  const element = firstOf(range, version);
  let end = element(scanner, at);
  while (end !== NONE) {
    const comma = scanner.literal(',', scanner.run('blank', end));
    const next = comma === NONE ? NONE : element(scanner, scanner.run('blank', comma));
    if (next === NONE) return end;
    end = next;
  }
  return NONE;
};

/** A bare or quoted value. */
export const value: Matcher = (scanner, at) => {
  const end = scanner.run('value', at);
  return end > at ? end : scanner.quoted(at);
};

/** The path of a spec file: `./x.json`, `/x/y.yaml`, `dir/x.json`. */
export const fileName: Matcher = (scanner, at) => {
  const first = scanner.text[at];
  const end = first === '.' || first === '/' ? scanner.fileNameEnd(at + 1) : NONE;
  if (end !== NONE) return end;
  const slash = scanner.literal('/', scanner.run('ident', at));
  return slash === NONE ? NONE : scanner.fileNameEnd(slash);
};

/** The first of the alternatives that matches. */
export function firstOf(...alternatives: readonly Matcher[]): Matcher {
  return (scanner, at) => {
    for (const alternative of alternatives) {
      const end = alternative(scanner, at);
      if (end !== NONE) return end;
    }
    return NONE;
  };
}

/** `[version]:[version]`; the right one is left out where it would be the key of a key-value pair. */
const range: Matcher = (scanner, at) => {
  const low = version(scanner, at);
  const colon = scanner.literal(':', low === NONE ? at : low);
  if (colon === NONE) return NONE;
  const high = version(scanner, colon);
  if (high === NONE || !beforeEquals(scanner, high)) return Math.max(high, colon);
  const start = scanner.text[colon] === '=' ? colon + 1 : colon;
  return Math.max(boundaryBefore(scanner, start, high), colon);
};

function beforeEquals(scanner: Scanner, at: Position): boolean {
  return scanner.text[scanner.run('blank', at)] === '=';
}

/** The last change between word and other characters in `start..end`, ends excluded; where a shorter version may end. */
function boundaryBefore(scanner: Scanner, start: Position, end: Position): Position {
  for (let at = end - 1; at > start; at -= 1) {
    if (scanner.isWord(at) !== scanner.isWord(at - 1)) return at;
  }
  return NONE;
}

function lastWordEnd(scanner: Scanner, start: Position, end: Position): Position {
  let last = end;
  while (last > start && !scanner.isWord(last - 1)) last -= 1;
  return last > start ? last : NONE;
}

function nextPart(scanner: Scanner, at: Position, separator: string): Position {
  const part = scanner.literal(separator, at);
  return part === NONE ? NONE : ident(scanner, part);
}
