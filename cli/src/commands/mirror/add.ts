import { addMirror, type ConfigEdit } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { SCOPE_OPTION } from '../config/options.ts';
import { CONNECTION_OPTIONS, KIND_OPTIONS, mirrorOptionsOf, pluginSchemes } from './options.ts';

const command: Command = defineCommand({
  summary: 'add a mirror to the configuration',
  description:
    'It is asked before the mirrors that are there already. Secrets are never stored, only names of variables.',
  arguments: [
    { name: 'name', summary: 'what the mirror is called from now on', required: true },
    { name: 'url', summary: 'a folder, or an address such as oci://host/name', required: true },
  ],
  options: {
    scope: SCOPE_OPTION,
    ...KIND_OPTIONS,
    name: { short: 'n', value: 'view', summary: 'the index view to use' },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    { line: 'mirror add --unsigned local /srv/mirror', does: 'a folder, without signatures' },
    {
      line: 'mirror add --oci-username me --oci-password-variable TOKEN reg oci://ghcr.io/me/cache',
      does: 'a registry; TOKEN is read when it is used',
    },
  ],
  json: '{ edits: [{ scope, file, changed }] }',
  async run(context, { options, words: [name = '', url = ''] }): Promise<readonly ConfigEdit[]> {
    const configuration = await context.configuration();
    const { scope, name: view } = options;
    return [
      await addMirror(configuration, {
        name,
        url,
        scope,
        signal: context.signal,
        extraSchemes: await pluginSchemes(context),
        options: mirrorOptionsOf(options, view),
      }),
    ];
  },
  document: (edits) => ({ edits }),
  text: () => '',
});

export default command;
