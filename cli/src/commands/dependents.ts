import { type ConcreteSpec, DEP_TYPES } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, defineCommand } from '../command.ts';
import { selectOne } from '../query/select-installed.ts';
import { describeRelated, formatRelated, type RelatedSpecs } from '../render/related.ts';
import { openStoreSession } from '../store-session.ts';

const command: Command = defineCommand({
  summary: 'list the installed packages that depend on one',
  arguments: [{ name: 'spec', summary: 'an installed spec or /HASH', variadic: true, specs: true }],
  options: {
    installed: { short: 'i', summary: 'of an installed package, what is installed; required in this version' },
    transitive: { short: 't', summary: 'also what depends on its dependents' },
  },
  examples: [
    { line: 'dependents -i libgreet', does: 'what needs libgreet' },
    { line: 'dependents -i -t glibc', does: 'what needs glibc, directly or not' },
  ],
  json: '{ dependents: [{ name, version, hash, prefix }] }',
  async run(context, { options, words }): Promise<RelatedSpecs> {
    if (!options.installed) throw recipesNeeded();
    const session = await openStoreSession(context);
    const snapshot = await session.store.database.read(session);
    const root = selectOne(session, words, snapshot);
    const specs = options.transitive ? dependentsBelow(root, snapshot) : directDependents(root, snapshot);
    return { specs: specs.filter(({ hash }) => snapshot.isInstalled(hash)), snapshot };
  },
  text: (result, style) => formatRelated(result, style, 'dependents'),
  document: (result) => ({ dependents: describeRelated(result) }),
});

export default command;

function directDependents({ hash }: ConcreteSpec, snapshot: DatabaseSnapshot): readonly ConcreteSpec[] {
  return snapshot.dependents(hash, DEP_TYPES).map((record) => snapshot.spec(record.hash));
}

function dependentsBelow(root: ConcreteSpec, snapshot: DatabaseSnapshot): readonly ConcreteSpec[] {
  const found = new Set([root]);
  // A set yields what is added to it while it is walked.
  for (const spec of found) for (const parent of directDependents(spec, snapshot)) found.add(parent);
  found.delete(root);
  return [...found];
}

function recipesNeeded(): UsageError {
  return new UsageError(
    'dependents: which packages may depend on one is in their recipes, which this version does not read',
    'Ask about an installed package: berth dependents --installed SPEC.',
  );
}
