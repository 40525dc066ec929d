import { type ConfigEdit, removeMirror } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { SCOPE_OPTION } from '../config/options.ts';

interface Removal {
  readonly name: string;
  readonly edits: readonly ConfigEdit[];
}

const command: Command = defineCommand({
  summary: 'remove a mirror from the configuration',
  description: 'From the strongest scope that has it. Nothing that the mirror holds is touched.',
  arguments: [{ name: 'name', summary: 'a configured mirror', required: true }],
  options: {
    scope: { ...SCOPE_OPTION, excludes: ['all-scopes'] },
    'all-scopes': { summary: 'from every scope that has it' },
  },
  examples: [{ line: 'mirror remove local', does: 'no longer use it' }],
  json: '{ name, edits: [{ scope, file, changed }] }',
  async run(context, { options, words: [name = ''] }): Promise<Removal> {
    const request = { name, scope: options.scope, allScopes: options['all-scopes'], signal: context.signal };
    return { name, edits: await removeMirror(await context.configuration(), request) };
  },
  text: ({ name, edits }) => edits.map(({ scope }) => `removed mirror ${name} from scope ${scope}\n`).join(''),
});

export default command;
