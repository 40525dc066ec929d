/** `key=value` and its forms `==` (propagated), `:=` and `:==` (concrete), quotes removed. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly propagate: boolean;
  readonly concrete: boolean;
}

/** Splits the text of a KEY_VALUE_PAIR or PROPAGATED_KEY_VALUE_PAIR token. */
export function parseKeyValue(text: string, propagate: boolean): KeyValue {
  const delimiter = propagate ? '==' : '=';
  const at = text.indexOf(delimiter);
  const concrete = text[at - 1] === ':';
  return {
    key: text.slice(0, concrete ? at - 1 : at),
    value: unquote(text.slice(at + delimiter.length)),
    propagate,
    concrete,
  };
}

/** Text in quotes loses them, and the backslash in front of the same quote inside; text across lines keeps all. */
export function unquote(text: string): string {
  const [, quote, inner] = /^(['"])([^\n]*)\1$/.exec(text) ?? [];
  return quote === undefined || inner === undefined ? text : inner.replaceAll(`\\${quote}`, quote);
}
