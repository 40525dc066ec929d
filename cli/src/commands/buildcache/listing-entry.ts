import { escapeControls } from '@berth/base';
import { compileFormat, type ConcreteSpec } from '@berth/spec';
import { type TextStyle } from '../../command.ts';
import { type ListingEntry } from '../../render/listing.ts';

/** What a line of the list shows beside name and version. */
export interface EntryOptions {
  /** How many characters of the hash; 0 for none. */
  readonly hashLength: number;
  readonly namespace: boolean;
  readonly variants: boolean;
}

const architectureOf = compileFormat('{architecture}');
const compilersOf = compileFormat('{compilers}');

/** Packages as lines of a grouped list (cli §4.1). What a mirror says is shown with control characters escaped (X12). */
export function listingEntries(
  specs: readonly ConcreteSpec[],
  { hashLength, namespace, variants }: EntryOptions,
  { paint }: TextStyle,
): readonly ListingEntry[] {
  const format = compileFormat(`${namespace ? '{fullname}' : '{name}'}{@version}${variants ? '{variants}' : ''}`);
  return specs.map((spec) => ({
    architecture: escapeControls(architectureOf(spec)),
    compilers: escapeControls(compilersOf(spec)) || undefined,
    ...(hashLength === 0 ? {} : { marks: `${paint('gray', spec.hash.slice(0, hashLength))} ` }),
    text: escapeControls(format(spec)),
  }));
}
