import { formatError } from './format-error.ts';

/** One piece of a format string (cli §5.1). */
export type FormatPart = string | FormatField;

export interface FormatField {
  /** Printed in front of the value, unless there is no value: `@`, ` %`, `/`, ` os=`. */
  readonly sigil: string;
  /** Package or virtual package whose node is meant; `undefined` is the spec itself. */
  readonly dependency: string | undefined;
  /** Lower-case names; never empty. */
  readonly path: readonly string[];
  /** Of `{hash:7}`. */
  readonly hashLength: number | undefined;
}

const OLD_SYNTAX = /\$\{[A-Z]+\}/;
const BODY = /^(?<sigil> ?[%@/]|[\w ][\w -]*=)?(?:\^(?<dependency>[\w-]+)\.)?(?<attribute>.*)$/s;
const HASH = /^hash(?::(?<length>\d+))?$/;

/**
 * Splits a format string into literal text and fields.
 * @throws BerthError `usage` ERR_FORMAT_STRING for unbalanced braces, empty or private attributes, misplaced sigils
 */
export function parseFormat(format: string): readonly FormatPart[] {
  const old = OLD_SYNTAX.exec(format)?.[0];
  if (old !== undefined) throw formatError(format, `${old} is not a field; fields are written as {name}`);
  const parts: FormatPart[] = [];
  let at = 0;
  while (at < format.length) {
    const char = format.charAt(at);
    if (char === '{') {
      const end = format.indexOf('}', at);
      if (end < 0) throw formatError(format, 'a closing brace is missing');
      parts.push(parseField(format, format.slice(at + 1, end)));
      at = end + 1;
    } else if (char === '}') {
      throw formatError(format, 'a closing brace without an opening one');
    } else {
      const escaped = char === '\\' && at + 1 < format.length;
      parts.push(escaped ? format.charAt(at + 1) : char);
      at += escaped ? 2 : 1;
    }
  }
  return parts;
}

function parseField(format: string, body: string): FormatField {
  const groups = BODY.exec(body)?.groups;
  const sigil = groups?.['sigil'] ?? '';
  const attribute = (groups?.['attribute'] ?? '').toLowerCase();
  const dependency = groups?.['dependency'];
  const hash = HASH.exec(attribute);
  if (hash !== null) {
    checkSigil(format, sigil, 'hash');
    const length = hash.groups?.['length'];
    return { sigil, dependency, path: ['hash'], hashLength: length === undefined ? undefined : Number(length) };
  }
  const path = attribute.split('.');
  if (path.includes('')) throw formatError(format, 'the name of an attribute is empty');
  if (path.some((name) => name.startsWith('_'))) throw formatError(format, `${attribute} is private`);
  checkSigil(format, sigil, attribute);
  return { sigil, dependency, path, hashLength: undefined };
}

interface SigilRule {
  readonly allowed: RegExp;
  readonly only: string;
}

const SIGIL_RULES: Readonly<Record<string, SigilRule>> = {
  '@': { allowed: /versions?$/, only: 'versions' },
  '%': { allowed: /^compiler(?:\.name)?$/, only: 'compilers' },
  '/': { allowed: /^(?:abstract_)?hash$/, only: 'hashes' },
};

function checkSigil(format: string, sigil: string, attribute: string): void {
  const rule = SIGIL_RULES[sigil.trim()];
  if (rule === undefined || rule.allowed.test(attribute)) return;
  throw formatError(format, `"${sigil}" goes with ${rule.only} only, not with ${attribute}`);
}
