import { BerthError } from '@berth/base';
import { type ConcreteSpec, formatSpec, type Spec } from '@berth/spec';
import { type DatabaseScope, type DatabaseSnapshot } from '@berth/store';
import { type StoreSession } from '../store-session.ts';

export interface SelectOptions {
  /** Several matches for one query are all taken (`-a`); otherwise they are an error. */
  readonly all: boolean;
  readonly snapshot: DatabaseSnapshot;
  /** `local` if not given: what commands may change. */
  readonly scope?: DatabaseScope;
}

/** The installed specs that words select; in an environment only its own (cli §3). */
export function selectInstalled(
  session: Pick<StoreSession, 'environment' | 'parse'>,
  words: readonly string[],
  { all, snapshot, scope = 'local' }: SelectOptions,
): readonly ConcreteSpec[] {
  const members = session.environment?.specs;
  const installed = (constraint?: Spec): readonly ConcreteSpec[] =>
    snapshot
      .query({ scope, constraint, predicate: ({ hash }) => members === undefined || members.has(hash) })
      .map(({ spec }) => spec);
  if (words.length === 0) return all ? installed() : [];
  const selected = session.parse(words).flatMap((query) => {
    const found = installed(query);
    if (found.length === 0) throw noneInstalled(query);
    if (found.length > 1 && !all) throw severalInstalled(query, found);
    return found;
  });
  return [...new Set(selected)];
}

/** What `query` selects must be exactly one spec (cli §3). */
export function selectOne(
  session: Pick<StoreSession, 'environment' | 'parse'>,
  words: readonly string[],
  snapshot: DatabaseSnapshot,
): ConcreteSpec {
  const [spec, ...others] = selectInstalled(session, words, { all: false, snapshot, scope: 'all' });
  if (spec !== undefined && others.length === 0) return spec;
  throw new BerthError(
    'usage',
    'ERR_SPEC_MISSING',
    `exactly one spec is wanted, ${words.length === 0 ? 'none' : 'several'} given`,
    {
      hint: 'Name one installed spec, or its /HASH.',
    },
  );
}

function noneInstalled(query: Spec): BerthError {
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `${formatSpec(query)}: no installed package matches`, {
    hint: 'berth find lists what is installed.',
  });
}

function severalInstalled(query: Spec, found: readonly ConcreteSpec[]): BerthError {
  const names = found.map(({ name, version, hash }) => `${name}@${version.text}/${hash.slice(0, 7)}`);
  return new BerthError('usage', 'ERR_SEVERAL_MATCH', `${formatSpec(query)}: several match: ${names.join(', ')}`, {
    hint: 'Name one by its hash, or take them all with --all where the command has it.',
    details: { candidates: found.map(({ hash }) => hash) },
  });
}
