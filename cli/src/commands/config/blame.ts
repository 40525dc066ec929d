import { type BlameLine, formatBlame } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { parseSection } from './options.ts';

const command: Command = defineCommand({
  summary: 'print a section with the file and line of every setting',
  arguments: [{ name: 'section', summary: 'a section such as config or mirrors', required: true }],
  options: {},
  examples: [{ line: 'config blame config', does: 'which file sets what' }],
  json: '{ lines: [{ text, file?, line? }] }',
  async run(context, { words: [section = ''] }): Promise<readonly BlameLine[]> {
    return (await context.configuration()).blame(parseSection(section));
  },
  document: (lines) => ({ lines: lines.map(({ text, at }) => ({ text, file: at?.file, line: at?.line })) }),
  text: formatBlame,
});

export default command;
