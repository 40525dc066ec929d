import { type Command, defineCommand } from '../../command.ts';
import { parseSection } from './options.ts';

interface MergedSection {
  readonly yaml: string;
  readonly document: unknown;
}

const command: Command = defineCommand({
  summary: 'print configuration, merged from all scopes',
  arguments: [{ name: 'section', summary: 'a section such as config or mirrors; all of them without it' }],
  options: {},
  examples: [
    { line: 'config get mirrors', does: 'the mirrors of all scopes together' },
    { line: 'config get --json config', does: 'the same for settings, as JSON' },
  ],
  json: '{ SECTION: its value }',
  async run(context, { words: [section] }): Promise<MergedSection> {
    const name = section === undefined ? undefined : parseSection(section);
    const configuration = await context.configuration();
    return { yaml: configuration.format(name), document: configuration.toJson(name) };
  },
  document: ({ document }) => document,
  text: ({ yaml }) => yaml,
});

export default command;
