import { traverse } from '@berth/spec';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, defineCommand } from '../command.ts';
import { parseDependencyTypes } from '../query/dependency-types.ts';
import { selectOne } from '../query/select-installed.ts';
import { describeRelated, formatRelated, type RelatedSpecs } from '../render/related.ts';
import { openStoreSession } from '../store-session.ts';

const command: Command = defineCommand({
  summary: 'list what an installed package depends on',
  arguments: [{ name: 'spec', summary: 'an installed spec or /HASH', variadic: true, specs: true }],
  options: {
    installed: { short: 'i', summary: 'of an installed package, what is installed; required in this version' },
    transitive: { short: 't', summary: 'also what its dependencies depend on' },
    deptype: { value: 'types', summary: 'follow only these: build,link,run,test or all (default)' },
  },
  examples: [
    { line: 'dependencies -i greet', does: 'what greet needs itself' },
    { line: 'dependencies -i -t --deptype link,run greet', does: 'all that greet needs when it runs' },
  ],
  json: '{ dependencies: [{ name, version, hash, prefix }] }',
  async run(context, { options, words }): Promise<RelatedSpecs> {
    if (!options.installed) throw recipesNeeded();
    const types = parseDependencyTypes(options.deptype);
    const session = await openStoreSession(context);
    const snapshot = await session.store.database.read(session);
    const root = selectOne(session, words, snapshot);
    const specs = options.transitive
      ? traverse([root], { types }).slice(1)
      : root.dependencies.filter((edge) => edge.types.some((type) => types.includes(type))).map(({ spec }) => spec);
    return { specs: [...new Set(specs)].filter(({ hash }) => snapshot.isInstalled(hash)), snapshot };
  },
  text: (result, style) => formatRelated(result, style, 'dependencies'),
  document: (result) => ({ dependencies: describeRelated(result) }),
});

export default command;

function recipesNeeded(): UsageError {
  return new UsageError(
    'dependencies: what a package may depend on is in its recipe, which this version does not read',
    'Ask about an installed package: berth dependencies --installed SPEC.',
  );
}
