import { EMPTY_SPEC } from '../abstract-spec.ts';
import { type Spec } from '../spec.ts';
import { SpecParser, type ParseOptions } from './parser.ts';

/**
 * Reads any number of specs that follow each other (spec-syntax §2). Blank text holds none. Pure: files are read by
 * `options.loadFile`.
 * @throws BerthError `usage` ERR_SPEC_SYNTAX, with the text and a line of carets in the message
 */
export function parseSpecs(text: string, options: ParseOptions = {}): Spec[] {
  return new SpecParser(text, options).readAll();
}

/** Reads exactly one spec; blank text is the anonymous spec without constraints. Errors as `parseSpecs`. */
export function parseSpec(text: string, options: ParseOptions = {}): Spec {
  return new SpecParser(text, options).readOne() ?? EMPTY_SPEC;
}
