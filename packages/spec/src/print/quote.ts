const BARE = /^[A-Za-z0-9,/_.\-[\]]+$/;

/** The text as a value of a variant, flag or command line: bare, in single quotes, or as a JSON string (spec-syntax §11). */
export function quoteValue(text: string): string {
  if (BARE.test(text)) return text;
  return text.includes("'") ? jsonString(text) : `'${text}'`;
}

/** JSON with every character beyond ASCII escaped. */
function jsonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
