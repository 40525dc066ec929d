import { addMirror, type ConfigEdit, type SavedLogin } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { SCOPE_OPTION } from '../config/options.ts';
import { loginText, planLogin, saveLogin } from './login.ts';
import { CONNECTION_OPTIONS, KIND_OPTIONS, LOGIN_OPTIONS, mirrorOptionsOf, pluginSchemes } from './options.ts';

interface Added {
  readonly edits: readonly ConfigEdit[];
  readonly logins: readonly SavedLogin[];
}

const command: Command = defineCommand({
  summary: 'add a mirror to the configuration',
  description:
    'It is asked before the mirrors that are there already. The configuration holds no secrets, only names of variables; --oci-password goes to the file in which podman keeps its log-ins ($REGISTRY_AUTH_FILE, else containers/auth.json under $XDG_RUNTIME_DIR or ~/.config), and counts for every mirror on that registry.',
  arguments: [
    { name: 'name', summary: 'what the mirror is called from now on', required: true },
    { name: 'url', summary: 'a folder, or an address such as oci://host/name', required: true },
  ],
  options: {
    scope: SCOPE_OPTION,
    ...KIND_OPTIONS,
    name: { short: 'n', value: 'view', summary: 'the index view to use' },
    ...CONNECTION_OPTIONS,
    ...LOGIN_OPTIONS,
  },
  examples: [
    { line: 'mirror add --unsigned local /srv/mirror', does: 'a folder, without signatures' },
    {
      line: 'mirror add --oci-username me --oci-password-variable TOKEN reg oci://ghcr.io/me/cache',
      does: 'a registry; TOKEN is read when it is used',
    },
  ],
  json: '{ edits: [{ scope, file, changed }], logins: [{ registry, file }] }',
  async run(context, { options, words: [name = '', url = ''] }): Promise<Added> {
    const configuration = await context.configuration();
    const { scope, name: view } = options;
    const login = planLogin(options, [url]);
    const edit = await addMirror(configuration, {
      name,
      url,
      scope,
      signal: context.signal,
      extraSchemes: await pluginSchemes(context),
      options: mirrorOptionsOf(options, view),
    });
    return { edits: [edit], logins: await saveLogin(login, undefined, context) };
  },
  text: ({ logins }) => loginText(logins),
});

export default command;
