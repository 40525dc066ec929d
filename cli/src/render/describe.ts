import { type BerthError } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';

/** How `--json` documents name a package. */
export function describeSpec({ name, version, hash }: ConcreteSpec): { name: string; version: string; hash: string } {
  return { name, version: version.text, hash };
}

/** How `--json` documents tell why a package failed: `{ error: … }`, or nothing. */
export function describeFailure(error: BerthError | undefined): object {
  if (error === undefined) return {};
  const { kind, code, message, hint } = error;
  return { error: { kind, code, message, ...(hint === undefined ? {} : { hint }) } };
}
