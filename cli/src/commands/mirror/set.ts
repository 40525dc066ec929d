import { type ConfigEdit, setMirror } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { editsText } from '../config/edits.ts';
import { SCOPE_OPTION } from '../config/options.ts';
import { CONNECTION_OPTIONS, KIND_OPTIONS, mirrorOptionsOf, pluginSchemes } from './options.ts';

const command: Command = defineCommand({
  summary: 'change a mirror of the configuration',
  arguments: [{ name: 'name', summary: 'a configured mirror', required: true }],
  options: {
    scope: SCOPE_OPTION,
    push: {
      excludes: ['fetch', 'type', 'autopush', 'no-autopush', 'signed', 'unsigned'],
      summary: 'only how it is written to',
    },
    fetch: { excludes: ['type', 'autopush', 'no-autopush', 'signed', 'unsigned'], summary: 'only how it is read from' },
    url: { value: 'url', summary: 'its new address' },
    ...KIND_OPTIONS,
    'no-autopush': { excludes: ['autopush'], summary: 'no longer push here on its own' },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    { line: 'mirror set --signed reg', does: 'refuse what is not signed from now on' },
    { line: 'mirror set --push --url /srv/incoming local', does: 'write somewhere else than read' },
  ],
  json: '{ edits: [{ scope, file, changed }] }',
  async run(context, { options, words: [name = ''] }): Promise<readonly ConfigEdit[]> {
    const { scope, url, push, fetch } = options;
    const direction = push ? 'push' : fetch ? 'fetch' : undefined;
    const extraSchemes = await pluginSchemes(context);
    const { signal } = context;
    const request = { name, url, direction, scope, signal, extraSchemes, options: mirrorOptionsOf(options) } as const;
    return [await setMirror(await context.configuration(), request)];
  },
  document: (edits) => ({ edits }),
  text: editsText,
});

export default command;
