import { BerthError } from '@berth/base';
import { type Command, defineCommand } from '../command.ts';
import { selectInstalled } from '../query/select-installed.ts';
import { openSession } from '../session.ts';

const command: Command = defineCommand({
  summary: 'print where a package, the environment or Spack is',
  arguments: [{ name: 'spec', summary: 'an installed spec or /HASH', variadic: true, specs: true }],
  options: {
    'install-dir': {
      short: 'i',
      excludes: ['env', 'spack-root'],
      summary: 'the prefix of an installed package (default)',
    },
    env: { short: 'e', excludes: ['spack-root'], summary: 'the folder of the active environment' },
    'spack-root': { short: 'r', summary: 'what $spack stands for' },
    first: { summary: 'of several matches, the first' },
  },
  examples: [
    { line: 'location -i greet', does: 'the prefix of greet' },
    { line: 'location -e', does: 'the folder of the environment' },
  ],
  json: '{ path }',
  async run(context, { options, words }): Promise<{ readonly path: string }> {
    const configuration = await context.configuration();
    if (options['spack-root']) return { path: configuration.paths.prefix };
    if (options.env) return { path: environmentFolder(configuration.environment?.directory) };
    const session = await openSession(context);
    if (words.length === 0) {
      throw new BerthError('usage', 'ERR_SPEC_MISSING', 'location: no spec is given', {
        hint: 'Name an installed spec.',
      });
    }
    const snapshot = await session.store.database.read(session.pipeline);
    const [spec] = selectInstalled(session, words, { all: options.first, snapshot });
    if (spec === undefined) throw new Error('a selection is never empty');
    return { path: snapshot.prefixOf(spec) };
  },
  text: ({ path }) => `${path}\n`,
});

export default command;

function environmentFolder(directory: string | undefined): string {
  if (directory !== undefined) return directory;
  throw new BerthError('usage', 'ERR_NO_ENVIRONMENT', 'location -e: no environment is active', {
    hint: 'Give one: berth -e DIR location -e.',
  });
}
