import { compareSpecs, type ConcreteSpec } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type TextStyle } from '../command.ts';
import { describeSpec } from './describe.ts';
import { formatListing } from './listing.ts';
import { specEntries } from './spec-entry.ts';

/** Installed packages that one package needs, or that need it. */
export interface RelatedSpecs {
  readonly specs: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
}

const SHORT_HASH = 7;

/** A grouped list with hashes; a word where there is nothing to list. */
export function formatRelated({ specs, snapshot }: RelatedSpecs, style: TextStyle, what: string): string {
  if (specs.length === 0) return `No ${what}\n`;
  const line = {
    hashLength: SHORT_HASH,
    namespaces: false,
    variants: false,
    flags: false,
    specfileFormat: false,
    format: undefined,
    status: false,
    paths: false,
    dependencies: false,
  };
  return formatListing(specEntries(specs.toSorted(compareSpecs), line, { snapshot, style }), { style });
}

export function describeRelated({ specs, snapshot }: RelatedSpecs): readonly object[] {
  return specs.toSorted(compareSpecs).map((spec) => ({ ...describeSpec(spec), prefix: snapshot.prefixOf(spec) }));
}
