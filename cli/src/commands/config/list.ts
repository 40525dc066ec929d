import { SECTION_NAMES } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';

const command: Command = defineCommand({
  summary: 'list the sections of the configuration',
  arguments: [],
  options: {},
  examples: [{ line: 'config list', does: 'the names, on one line' }],
  json: '{ sections: [name] }',
  async run() {
    return { sections: SECTION_NAMES };
  },
  text: ({ sections }) => `${sections.join(' ')}\n`,
});

export default command;
