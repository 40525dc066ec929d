/**
 * Wrong words on the command line: exit code 2. The same shape as a BerthError of kind `usage`, without importing it: the
 * parser is all that a start imports.
 */
export class UsageError extends Error {
  override readonly name: string = 'BerthError';
  readonly kind = 'usage';
  readonly code = 'ERR_USAGE';
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> = {};

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
