import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from './json-value.ts';

/** How Spack writes JSON: everything but printable ASCII escaped, lower-case hexadecimal (store-and-specs-on-disk B.2). */
// eslint-disable-next-line no-control-regex -- the characters to escape
const ESCAPED = /["\\\u0000-\u001f\u007f-\uffff]/;
// eslint-disable-next-line no-control-regex -- the characters to escape
const EACH_ESCAPED = /["\\\u0000-\u001f\u007f-\uffff]/g;
const WRITTEN_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

export function formatJsonString(text: string): string {
  if (!ESCAPED.test(text)) return `"${text}"`;
  const escaped = text.replace(
    EACH_ESCAPED,
    (char) => WRITTEN_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** The three forms in which Spack writes JSON (buildcache-formats §2.3). None ends with a newline. */
export type JsonForm = 'compact' | 'newline' | 'default';

interface Punctuation {
  readonly open: string;
  readonly close: string;
  readonly comma: string;
  readonly colon: string;
}

const PUNCTUATION: Readonly<Record<JsonForm, Punctuation>> = {
  compact: { open: '', close: '', comma: ',', colon: ':' },
  newline: { open: '\n', close: '\n', comma: ',\n', colon: ':' },
  default: { open: '', close: '', comma: ', ', colon: ': ' },
};

export function formatJson(value: JsonValue, form: JsonForm = 'compact'): string {
  return write(value, PUNCTUATION[form]);
}

function write(value: JsonValue, marks: Punctuation): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return formatJsonString(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof JsonNumber) return value.token;
  if (isJsonArray(value)) {
    if (value.length === 0) return '[]';
    return `[${marks.open}${value.map((item) => write(item, marks)).join(marks.comma)}${marks.close}]`;
  }
  if (!isJsonObject(value) || value.size === 0) return '{}';
  const members: string[] = [];
  for (const [key, item] of value) members.push(`${formatJsonString(key)}${marks.colon}${write(item, marks)}`);
  return `{${marks.open}${members.join(marks.comma)}${marks.close}}`;
}
