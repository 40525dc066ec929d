import { BerthError } from '@berth/base';
import { type Configuration, findEnvironment } from '@berth/config';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../command.ts';
import { type CommandContext } from '../context.ts';
import { selectInstalled } from '../query/select-installed.ts';
import { openStoreSession } from '../store-session.ts';

const options = {
  'install-dir': {
    short: 'i',
    excludes: ['env', 'spack-root'],
    summary: 'the prefix of an installed package (default)',
  },
  env: { short: 'e', excludes: ['spack-root', 'first'], summary: 'the folder of the named or the active environment' },
  'spack-root': { short: 'r', excludes: ['first'], summary: 'what $spack stands for' },
  first: { summary: 'of several matches, the first' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const command: Command = defineCommand({
  summary: 'print where a package, the environment or Spack is',
  arguments: [
    { name: 'spec', summary: 'an installed spec or /HASH; with -e, an environment', variadic: true, specs: true },
  ],
  options,
  examples: [
    { line: 'location -i greet', does: 'the prefix of greet' },
    { line: 'location -e', does: 'the folder of the environment' },
  ],
  json: '{ path }',
  async run(context, input): Promise<{ readonly path: string }> {
    if (input.options.env) return { path: await environmentFolder(context, input) };
    if (!input.options['spack-root']) return { path: await prefixOf(context, input) };
    const { words } = input;
    if (words.length > 0) throw new UsageError(`location -r: what is ${JSON.stringify(words[0])} for?`);
    return { path: (await context.configuration()).paths.prefix };
  },
  text: ({ path }) => `${path}\n`,
});

export default command;

async function prefixOf(context: CommandContext, { options: values, words }: Input): Promise<string> {
  if (words.length === 0) {
    throw new BerthError('usage', 'ERR_SPEC_MISSING', 'location: no spec is given', {
      hint: 'Name an installed spec.',
    });
  }
  const session = await openStoreSession(context);
  const snapshot = await session.store.database.read(session);
  const [spec, ...others] = selectInstalled(session, words, { all: values.first, snapshot, scope: 'all' });
  if (spec === undefined) throw new Error('a selection is never empty');
  if (others.length > 0 && !values.first) throw new UsageError('location: several specs are given, one is wanted');
  return snapshot.prefixOf(spec);
}

async function environmentFolder(context: CommandContext, { words: [name, ...more] }: Input): Promise<string> {
  if (more.length > 0) throw new UsageError('location -e: several environments are given, one is wanted');
  const configuration = await context.configuration();
  const place = name === undefined ? configuration.environment : await named(name, configuration, context);
  if (place !== undefined) return place.directory;
  throw new BerthError('usage', 'ERR_NO_ENVIRONMENT', 'location -e: no environment is active', {
    hint: 'Name one: berth location -e NAME.',
  });
}

async function named(
  value: string,
  configuration: Configuration,
  context: CommandContext,
): ReturnType<typeof findEnvironment> {
  const { environmentsRoot } = configuration.paths;
  const places = { cwd: context.cwd(), env: context.facts.env, environmentsRoot };
  return findEnvironment({ kind: 'name-or-directory', value }, places);
}
