import { BerthError } from '@berth/base';
import { findEnvironment, readEnvironment } from '@berth/config';
import { openNamedMirror, updateMirrorIndex, updateMirrorView } from '@berth/core';
import { type ConcreteSpec } from '@berth/spec';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../../command.ts';
import { type CommandContext } from '../../context.ts';
import { openSession, type Session } from '../../session.ts';

interface Updated {
  readonly mirror: string;
  readonly view?: string;
  readonly packages: number;
  readonly changed: boolean;
}

const options = {
  name: { short: 'n', value: 'view', summary: 'write the view of this name: an index of some of the packages' },
  append: { short: 'a', excludes: ['force'], summary: 'add to the view if it exists' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const command: Command = defineCommand({
  summary: 'rebuild the index of a mirror from the packages it has',
  description:
    'Lists the mirror and reads every package; what the index lists and the mirror no longer has disappears. Several may do so at once: none loses what another added. With a view, that index gets the packages of the given environments that the mirror has.',
  arguments: [
    { name: 'mirror', summary: 'a configured name, or a path or address', required: true },
    {
      name: 'environments',
      summary: 'of a view: names or folders of environments (default: the active one)',
      variadic: true,
    },
  ],
  options,
  examples: [
    { line: 'buildcache update-index ./cache', does: 'index what is in a folder' },
    { line: 'buildcache update-index --name team my-mirror ./env', does: 'make a view with one environment' },
  ],
  json: '{ mirror, view?, packages, changed }',
  async run(context, input): Promise<Updated> {
    const session = await openSession(context);
    const [argument = '', ...environments] = input.words;
    const view = viewOf(input, environments);
    await using opened = await openNamedMirror(argument, 'push', { ...session.mirrorOptions, view });
    const { mirror } = opened;
    if (view === undefined) {
      const summary = await updateMirrorIndex(mirror, { rebuild: true }, session.pipeline);
      return { mirror: mirror.name, ...summary };
    }
    const specs = await specsOf(environments, session, context);
    const summary = await updateMirrorView(mirror, { specs, append: input.options.append }, session.pipeline);
    return { mirror: mirror.name, view, ...summary };
  },
  text: ({ packages, changed }) =>
    `${packages} package${packages === 1 ? '' : 's'} in the index${changed ? '' : ', as before'}\n`,
});

export default command;

function viewOf({ options: { name, append } }: Input, environments: readonly string[]): string | undefined {
  if (name !== undefined || (!append && environments.length === 0)) return name;
  throw new BerthError('usage', 'ERR_VIEW_MISSING', 'buildcache update-index: of which view?', {
    hint: 'Environments and --append are for views: name one with --name VIEW.',
  });
}

async function specsOf(
  names: readonly string[],
  { configuration, environment }: Session,
  context: CommandContext,
): Promise<readonly ConcreteSpec[]> {
  if (names.length === 0 && environment !== undefined) return [...environment.specs.values()];
  if (names.length === 0) {
    throw new BerthError('usage', 'ERR_NO_ENVIRONMENT', 'buildcache update-index: a view needs an environment', {
      hint: 'Name environments after the mirror.',
    });
  }
  const { facts, signal, emit } = context;
  const specs: ConcreteSpec[] = [];
  for (const value of names) {
    const { environmentsRoot } = configuration.paths;
    const place = await findEnvironment(
      { kind: 'name-or-directory', value },
      { cwd: context.cwd(), env: facts.env, environmentsRoot },
    );
    const files = place && (await readEnvironment(place.directory, { signal, emit }));
    specs.push(...(files?.lock?.specs.values() ?? []));
  }
  return specs;
}
