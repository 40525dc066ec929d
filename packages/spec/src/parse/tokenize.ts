import { dotted, fileName, firstOf, gitRef, ident, name, value, version, versionList } from './matchers.ts';
import { virtualAssignment, type Matcher } from './matchers.ts';
import { NONE, Scanner, type Position } from './scanner.ts';

const sequence =
  (...parts: readonly Matcher[]): Matcher =>
  (scanner, at) =>
    parts.reduce((end, part) => (end === NONE ? NONE : part(scanner, end)), at);

const text =
  (...literals: readonly string[]): Matcher =>
  (scanner, at) => {
    const found = literals.find((literal) => scanner.literal(literal, at) !== NONE);
    return found === undefined ? NONE : at + found.length;
  };

const optional =
  (part: Matcher): Matcher =>
  (scanner, at) =>
    Math.max(part(scanner, at), at);

const blanks: Matcher = (scanner, at) => scanner.run('blank', at);
const atLeastOne =
  (runClass: 'blank' | 'word'): Matcher =>
  (scanner, at) => {
    const end = scanner.run(runClass, at);
    return end > at ? end : NONE;
  };

const provides = optional(sequence(blanks, virtualAssignment));
const keyValue = (delimiter: string): Matcher => sequence(name, optional(text(':')), text(delimiter), value);

export type TokenKind =
  | 'START_EDGE_PROPERTIES'
  | 'END_EDGE_PROPERTIES'
  | 'DEPENDENCY'
  | 'VERSION_HASH_PAIR'
  | 'GIT_VERSION'
  | 'VERSION'
  | 'PROPAGATED_BOOL_VARIANT'
  | 'BOOL_VARIANT'
  | 'PROPAGATED_KEY_VALUE_PAIR'
  | 'KEY_VALUE_PAIR'
  | 'FILENAME'
  | 'FULLY_QUALIFIED_PACKAGE_NAME'
  | 'UNQUALIFIED_PACKAGE_NAME'
  | 'DAG_HASH'
  | 'WS'
  | 'UNEXPECTED';

/** The alternatives in the order in which they are tried; the first that matches wins (spec-syntax §1). */
const ALTERNATIVES: readonly (readonly [TokenKind, Matcher])[] = [
  ['START_EDGE_PROPERTIES', text('^[', '%%[', '%[')],
  ['END_EDGE_PROPERTIES', sequence(text(']'), provides)],
  ['DEPENDENCY', sequence(text('^', '%%', '%'), provides)],
  ['VERSION_HASH_PAIR', sequence(text('@'), gitRef, text('='), version)],
  ['GIT_VERSION', sequence(text('@'), gitRef)],
  ['VERSION', sequence(text('@'), blanks, versionList)],
  ['PROPAGATED_BOOL_VARIANT', sequence(text('++', '~~', '--'), blanks, name)],
  ['BOOL_VARIANT', sequence(text('+', '~', '-'), blanks, name)],
  ['PROPAGATED_KEY_VALUE_PAIR', keyValue('==')],
  ['KEY_VALUE_PAIR', keyValue('=')],
  ['FILENAME', fileName],
  ['FULLY_QUALIFIED_PACKAGE_NAME', dotted],
  ['UNQUALIFIED_PACKAGE_NAME', firstOf(ident, text('*'))],
  ['DAG_HASH', sequence(text('/'), atLeastOne('word'))],
  ['WS', atLeastOne('blank')],
];

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset of the first character in the whole text. */
  readonly start: number;
}

/** Splits `input` into tokens, blanks left out. Takes time linear in its length; characters of no token are UNEXPECTED. */
export function tokenize(input: string): readonly Token[] {
  const scanner = new Scanner(input);
  const tokens: Token[] = [];
  for (let at = 0; at < input.length;) {
    const { kind, end } = nextToken(scanner, at);
    if (kind !== 'WS') tokens.push({ kind, text: input.slice(at, end), start: at });
    at = end;
  }
  return tokens;
}

function nextToken(scanner: Scanner, at: Position): { kind: TokenKind; end: Position } {
  for (const [kind, matcher] of ALTERNATIVES) {
    const end = matcher(scanner, at);
    if (end !== NONE) return { kind, end };
  }
  const width = (scanner.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return { kind: 'UNEXPECTED', end: scanner.run('blank', at + width) };
}
