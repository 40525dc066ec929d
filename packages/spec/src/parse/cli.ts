import { quoteValue } from '../print/quote.ts';
import { type Spec } from '../spec.ts';
import { parseSpecs } from './parse.ts';
import { type ParseOptions } from './parser.ts';

const KEY_VALUE = /^([A-Za-z0-9_][A-Za-z0-9_.-]*)(:?==?)([^\n]*)$/;

/** Reads the specs of a command line, each argument quoted as one word of the shell (spec-syntax §13). */
export function parseCliSpecs(argv: readonly string[], options: ParseOptions = {}): Spec[] {
  return parseSpecs(quoteCliSpecs(argv), options);
}

/** The text that the arguments stand for: the value of `key=value` is quoted where it must be, the rest is kept. */
export function quoteCliSpecs(argv: readonly string[]): string {
  return argv.map(quoteArgument).join(' ');
}

function quoteArgument(argument: string): string {
  const [, key, delimiter, value] = KEY_VALUE.exec(argument) ?? [];
  if (key === undefined || delimiter === undefined || value === undefined) return argument;
  return `${key}${delimiter}${quoteValue(value)}`;
}
