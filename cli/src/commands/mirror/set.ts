import { type ConfigEdit, type SavedLogin, setMirror } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { editsText } from '../config/edits.ts';
import { SCOPE_OPTION } from '../config/options.ts';
import { addressesOf, loginText, planLogin, saveLogin } from './login.ts';
import { CONNECTION_OPTIONS, KIND_OPTIONS, LOGIN_OPTIONS, mirrorOptionsOf, pluginSchemes } from './options.ts';

interface Changed {
  readonly edits: readonly ConfigEdit[];
  readonly logins: readonly SavedLogin[];
}

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
    ...LOGIN_OPTIONS,
  },
  examples: [
    { line: 'mirror set --signed reg', does: 'refuse what is not signed from now on' },
    { line: 'mirror set --push --url /srv/incoming local', does: 'write somewhere else than read' },
  ],
  json: '{ edits: [{ scope, file, changed }], logins: [{ registry, file }] }',
  async run(context, { options, words: [name = ''] }): Promise<Changed> {
    const { scope, url, push, fetch } = options;
    const direction = push ? 'push' : fetch ? 'fetch' : undefined;
    const extraSchemes = await pluginSchemes(context);
    const { signal } = context;
    const configuration = await context.configuration();
    const mirror = configuration.mirrors({ extraSchemes }).find((each) => each.name === name);
    const login = planLogin(options, addressesOf(mirror, { url, direction }));
    const request = { name, url, direction, scope, signal, extraSchemes, options: mirrorOptionsOf(options) } as const;
    const edits = [await setMirror(configuration, request)];
    return { edits, logins: await saveLogin(login, mirror, context) };
  },
  text: ({ edits, logins }, style) => (logins.length > 0 ? loginText(logins) : editsText(edits, style)),
});

export default command;
