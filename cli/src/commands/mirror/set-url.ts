import { type ConfigEdit, setMirrorUrl } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { editsText } from '../config/edits.ts';
import { SCOPE_OPTION } from '../config/options.ts';
import { CONNECTION_OPTIONS, mirrorOptionsOf, pluginSchemes } from './options.ts';

const command: Command = defineCommand({
  summary: 'change the address of a mirror',
  arguments: [
    { name: 'name', summary: 'a configured mirror', required: true },
    { name: 'url', summary: 'its new address', required: true },
  ],
  options: {
    scope: SCOPE_OPTION,
    push: { excludes: ['fetch'], summary: 'only where it is written to' },
    fetch: { summary: 'only where it is read from' },
    ...CONNECTION_OPTIONS,
  },
  examples: [{ line: 'mirror set-url local /srv/new-mirror', does: 'it has moved' }],
  json: '{ edits: [{ scope, file, changed }] }',
  async run(context, { options, words: [name = '', url = ''] }): Promise<readonly ConfigEdit[]> {
    const { scope, push, fetch } = options;
    const direction = push ? 'push' : fetch ? 'fetch' : undefined;
    const extraSchemes = await pluginSchemes(context);
    const { signal } = context;
    const request = { name, url, direction, scope, signal, extraSchemes, options: mirrorOptionsOf(options) } as const;
    return [await setMirrorUrl(await context.configuration(), request)];
  },
  document: (edits) => ({ edits }),
  text: editsText,
});

export default command;
