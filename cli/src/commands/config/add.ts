import { addConfig, addConfigFile, type ConfigEdit } from '@berth/config';
import { resolve } from 'node:path';
import { UsageError } from '../../arguments/usage-error.ts';
import { type Command, defineCommand } from '../../command.ts';
import { SCOPE_OPTION } from './options.ts';
import { editsText } from './edits.ts';

const command: Command = defineCommand({
  summary: 'add a setting to a configuration file',
  description: 'Lists get one more element, mappings are merged, anything else is replaced. Comments and order stay.',
  arguments: [{ name: 'setting', summary: 'PATH:VALUE, such as config:build_jobs:8' }],
  options: {
    scope: SCOPE_OPTION,
    file: { short: 'f', value: 'file', summary: 'add everything that this YAML file says instead' },
  },
  examples: [
    { line: 'config add config:build_jobs:8', does: 'for yourself, or for the environment in use' },
    { line: 'config add --scope site -f settings.yaml', does: 'all settings of a file' },
  ],
  json: '{ edits: [{ scope, file, changed }] }',
  async run(context, { options: { scope, file }, words: [setting] }): Promise<readonly ConfigEdit[]> {
    if ((setting === undefined) === (file === undefined)) {
      throw new UsageError('berth config add: give either PATH:VALUE or --file FILE');
    }
    const configuration = await context.configuration();
    const edit = { scope, signal: context.signal };
    if (file !== undefined) return addConfigFile(configuration, resolve(context.cwd(), file), edit);
    return [await addConfig(configuration, setting ?? '', edit)];
  },
  document: (edits) => ({ edits }),
  text: editsText,
});

export default command;
