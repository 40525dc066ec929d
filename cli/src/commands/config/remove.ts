import { type ConfigEdit, removeConfig } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { editsText } from './edits.ts';
import { SCOPE_OPTION } from './options.ts';

const command: Command = defineCommand({
  summary: 'remove a setting from a configuration file',
  arguments: [{ name: 'setting', summary: 'PATH:VALUE for an element of a list, PATH for a key', required: true }],
  options: { scope: SCOPE_OPTION },
  examples: [{ line: 'config remove config:build_jobs', does: 'go back to the default' }],
  json: '{ edits: [{ scope, file, changed }] }',
  async run(context, { options: { scope }, words: [setting = ''] }): Promise<readonly ConfigEdit[]> {
    return [await removeConfig(await context.configuration(), setting, { scope, signal: context.signal })];
  },
  document: (edits) => ({ edits }),
  text: editsText,
});

export default command;
