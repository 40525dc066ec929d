/** The header of a response; names in any case. */
export class ResponseHeaders {
  readonly #fields: ReadonlyMap<string, readonly string[]>;

  constructor(fields: Iterable<readonly [string, string | readonly string[] | undefined]>) {
    const map = new Map<string, readonly string[]>();
    for (const [name, value] of fields) {
      if (value !== undefined) map.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
    }
    this.#fields = map;
  }

  /** All lines of the field joined by `, ` (RFC 9110 §5.3), or `undefined`. */
  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.join(', ');
  }

  /** Each line of the field. */
  all(name: string): readonly string[] {
    return this.#fields.get(name.toLowerCase()) ?? [];
  }

  /** `Content-Length`, if it is one whole number. */
  contentLength(): number | undefined {
    const text = this.get('content-length');
    if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
    return Number(text);
  }

  /** `Content-Type` without its parameters, in lower case. */
  mediaType(): string | undefined {
    return this.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  }

  /** Lower-case names with their lines, in the order of arrival. */
  entries(): Iterable<readonly [string, readonly string[]]> {
    return this.#fields;
  }
}
