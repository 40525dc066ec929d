/** What a flow document may hold. */
export type FlowValue = string | boolean | readonly FlowValue[] | ReadonlyMap<string, FlowValue>;

/** YAML 1.2 in flow style on one line, never wrapped, without a final newline; quotes only where they are needed. */
export function formatFlowYaml(value: FlowValue): string {
  if (typeof value === 'string') return formatScalar(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<string, FlowValue>)].map(
      ([key, item]) => `${formatScalar(key)}: ${formatFlowYaml(item)}`,
    );
    return `{${pairs.join(', ')}}`;
  }
  return `[${(value as readonly FlowValue[]).map(formatFlowYaml).join(', ')}]`;
}

function formatScalar(text: string): string {
  if (isPlain(text)) return text;
  return text.includes("'") || SPECIAL.test(text) || SPACED_BREAK.test(text) ? doubleQuoted(text) : `'${text}'`;
}

/** Control characters and line ends: only double quotes, with an escape, can hold them. */
// eslint-disable-next-line no-control-regex -- the characters to escape
const SPECIAL = /[\u0000-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufeff\ufffe\uffff]/u;
/** Line ends of other writing systems: never in plain text, as they are in single quotes. */
const OTHER_BREAK = /[\u0085\u2028\u2029]/;
const SPACED_BREAK = / [\u0085\u2028\u2029]|[\u0085\u2028\u2029] /;
/** Double quotes escape what lies outside the basic plane, too. */
const ESCAPED = /[^ -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

const INDICATOR_AT_START = /^(?:[#,[\]{}&*!|>'"%@`]|[-:](?: |$)|\?$|---|\.\.\.)/;
const INDICATOR_WITHIN = /[,[\]{}]|:(?: |$)| #/;
/** What YAML 1.2 reads as something else than text: null, booleans, numbers, time stamps, the merge and value keys. */
const OTHER_TYPE = new RegExp(
  [
    '~|null|Null|NULL|',
    'true|True|TRUE|false|False|FALSE',
    '[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+][0-9_]+|[0-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+',
    '[-+]?(?:[0-9][0-9_]*)\\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)|[-+]?\\.[0-9_]+(?:[eE][-+][0-9]+)?',
    '[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)',
    '\\d{4}-\\d\\d-\\d\\d|\\d{4}-\\d\\d?-\\d\\d?(?:[Tt]|[ \\t]+)\\d\\d?:\\d\\d:\\d\\d(?:\\.\\d*)?(?:[ \\t]*(?:Z|[-+]\\d\\d?(?::\\d\\d)?))?',
    '<<|=',
  ]
    .map((pattern) => `(?:${pattern})`)
    .join('|')
    .replace(/^/, '^(?:')
    .replace(/$/, ')$'),
);

function isPlain(text: string): boolean {
  if (text.startsWith(' ') || text.endsWith(' ') || SPECIAL.test(text) || OTHER_BREAK.test(text)) return false;
  return !OTHER_TYPE.test(text) && !INDICATOR_AT_START.test(text) && !INDICATOR_WITHIN.test(text);
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string): string {
  const escaped = Array.from(text, (char) => {
    const short = SHORT_ESCAPES[char];
    if (short !== undefined) return short;
    return ESCAPED.test(char) ? hexEscape(char) : char;
  });
  return `"${escaped.join('')}"`;
}

function hexEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
