import { isSectionName, SECTION_NAMES, type SectionName } from '@berth/config';
import { nearest } from '../../arguments/nearest.ts';
import { UsageError } from '../../arguments/usage-error.ts';
import { type OptionSpec } from '../../command.ts';

/** `--scope`, of every command that reads or writes one scope. */
export const SCOPE_OPTION: { readonly value: 'name'; readonly summary: string } & OptionSpec = {
  value: 'name',
  summary: 'the configuration scope (berth config scopes lists them)',
};

/** A word as a section; a UsageError for any other. */
export function parseSection(word: string): SectionName {
  if (isSectionName(word)) return word;
  const close = nearest(word, SECTION_NAMES);
  const hint = close.length === 0 ? 'berth config list names the sections.' : `Did you mean ${close.join(' or ')}?`;
  throw new UsageError(`unknown configuration section ${JSON.stringify(word)}`, hint);
}
