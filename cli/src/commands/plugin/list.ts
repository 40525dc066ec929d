import { type PluginDescription } from '@berth/core';
import { type Command, defineCommand } from '../../command.ts';

interface PluginList {
  readonly files: readonly { readonly scope: string; readonly file: string }[];
  readonly plugins: readonly PluginDescription[];
}

const command: Command = defineCommand({
  summary: 'list the plugins that are used, and the hooks they provide',
  description: 'Plugins are listed in the order in which their taps run. None of them is imported to list it.',
  arguments: [],
  options: {},
  examples: [
    { line: 'plugin list', does: 'what berth would use here' },
    { line: '-D path/to/environment plugin list --json', does: 'the same for an environment, as JSON' },
  ],
  json: '{ files: [{ scope, file }], plugins: [{ name, origin, provides?: [hook], problem?: text }] }',
  async run(context): Promise<PluginList> {
    const { files } = await context.discovery();
    return { files, plugins: await (await context.plugins()).describe() };
  },
  text({ files, plugins }, { paint }) {
    const width = Math.max(0, ...plugins.map(({ name }) => name.length));
    const lines = plugins.map(({ name, origin, provides, problem }) => {
      const hooks = provides?.join(', ') ?? 'any hook';
      return `${paint('bold', name.padEnd(width))}  ${problem === undefined ? hooks : paint('red', problem)}  ${paint('dim', `(${origin})`)}`;
    });
    const read = files.map(({ scope, file }) => paint('dim', `${scope} configuration: ${file}`));
    return [...lines, ...read].map((line) => `${line}\n`).join('');
  },
});

export default command;
