import { DEP_TYPES, type DepType } from '@berth/spec';
import { UsageError } from '../arguments/usage-error.ts';

/** The value of `--deptype`: `all`, or kinds of dependencies with commas between them. Throws a UsageError. */
export function parseDependencyTypes(text: string | undefined): readonly DepType[] {
  if (text === undefined || text === 'all') return DEP_TYPES;
  return text.split(',').map((word) => {
    const type = DEP_TYPES.find((known) => known === word.trim());
    if (type !== undefined) return type;
    throw new UsageError(
      `--deptype ${text}: ${JSON.stringify(word)} is no kind of dependency`,
      `One or more of ${DEP_TYPES.join(',')}, or all.`,
    );
  });
}
