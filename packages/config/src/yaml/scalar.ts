import { type ScalarType } from './node.ts';

/** What a plain scalar means: YAML 1.2 core plus the extras of configuration §4 (`1_000`, `0b1`, dates). */
export interface ScalarMeaning {
  readonly type: ScalarType;
  readonly value: null | boolean | number | string;
}

const NULL = /^(?:~|null|Null|NULL|)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE =
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/;

export function plainScalar(text: string): ScalarMeaning {
  if (NULL.test(text)) return { type: 'null', value: null };
  if (BOOLEAN.test(text)) return { type: 'boolean', value: text.toLowerCase() === 'true' };
  if (INTEGER.test(text)) return { type: 'number', value: integer(text) };
  if (FLOAT.test(text)) return { type: 'number', value: float(text) };
  if (DATE.test(text)) return { type: 'date', value: text };
  return { type: 'string', value: text };
}

function integer(text: string): number {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  const magnitude = /^0[box]/.test(digits) ? Number(digits) : parseInt(digits, 10);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function float(text: string): number {
  const digits = text.replaceAll('_', '').toLowerCase();
  if (digits.endsWith('.nan')) return Number.NaN;
  if (digits.endsWith('.inf')) return digits.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(digits);
}

/** Where a plain scalar may not be put as it is. */
const UNSAFE_START = /^(?:[,[\]{}#&*!|>'"%@`]|[-?:](?:[ \t]|$)|---|\.\.\.)/;
const UNSAFE_INSIDE = /:(?=[ \t]|$)|[ \t]#|^[ \t]|[ \t]$/;
// eslint-disable-next-line no-control-regex -- what only a double-quoted scalar can hold
const NEEDS_ESCAPES = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/;

/** `text` as a YAML scalar that reads back as that very string: plain where possible, else quoted. */
export function formatString(text: string, options: { readonly flow: boolean }): string {
  if (NEEDS_ESCAPES.test(text)) return doubleQuoted(text);
  const flowSafe = !options.flow || !/[,[\]{}]/.test(text);
  const plain =
    flowSafe && !UNSAFE_START.test(text) && !UNSAFE_INSIDE.test(text) && plainScalar(text).type === 'string';
  return plain && text !== '<<' && text !== '=' ? text : `'${text.replaceAll("'", "''")}'`;
}

function doubleQuoted(text: string): string {
  // JSON strings are YAML strings; what JSON leaves as it is and YAML forbids is escaped here.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
