import { type CommandContext } from '../../context.ts';
import { type MirrorOptions } from '@berth/config';
import { type OptionSpec, type OptionValues } from '../../command.ts';

type TextOption = OptionSpec & { readonly value: string };

function text(value: string, summary: string): TextOption {
  return { value, summary };
}

/** Credentials and endpoints, of `mirror add`, `set` and `set-url` (cli §6.1). Secrets are named by variable only. */
export const CONNECTION_OPTIONS: {
  readonly 's3-access-key-id': TextOption;
  readonly 's3-access-key-id-variable': TextOption;
  readonly 's3-access-key-secret-variable': TextOption;
  readonly 's3-access-token-variable': TextOption;
  readonly 's3-profile': TextOption;
  readonly 's3-endpoint-url': TextOption;
  readonly 'oci-username': TextOption;
  readonly 'oci-username-variable': TextOption;
  readonly 'oci-password-variable': TextOption;
} = {
  's3-access-key-id': {
    ...text('id', 'access key of an S3 mirror'),
    excludes: ['s3-access-key-id-variable', 'oci-username', 'oci-username-variable'],
  },
  's3-access-key-id-variable': {
    ...text('variable', 'variable that holds the access key'),
    excludes: ['oci-username', 'oci-username-variable'],
  },
  's3-access-key-secret-variable': {
    ...text('variable', 'variable that holds the secret key'),
    excludes: ['oci-password-variable'],
  },
  's3-access-token-variable': text('variable', 'variable that holds a session token'),
  's3-profile': text('name', 'profile of the AWS configuration'),
  's3-endpoint-url': text('url', 'address of an S3 service other than Amazon’s'),
  'oci-username': { ...text('name', 'user of an OCI registry'), excludes: ['oci-username-variable'] },
  'oci-username-variable': text('variable', 'variable that holds the user'),
  'oci-password-variable': text('variable', 'variable that holds the password'),
};

/** A password itself, of `mirror add` and `set`. */
export const LOGIN_OPTIONS: {
  readonly 'oci-password': TextOption;
  readonly 'in-config': OptionSpec & { readonly value?: never };
} = {
  'oci-password': {
    ...text('password', 'password itself, with --oci-username: kept in the container auth file'),
    excludes: ['oci-password-variable', 's3-access-key-secret-variable', 'oci-username-variable'],
  },
  'in-config': { summary: 'keep the password in the configuration instead, readable, as older files have it' },
};

/** What kind of mirror it is, of `mirror add` and `set`. */
export const KIND_OPTIONS: {
  readonly type: TextOption & { readonly repeatable: true };
  readonly autopush: OptionSpec & { readonly value?: never };
  readonly signed: OptionSpec & { readonly value?: never };
  readonly unsigned: OptionSpec & { readonly value?: never };
} = {
  type: {
    value: 'kind',
    repeatable: true,
    choices: ['binary', 'source'],
    summary: 'what it holds: binary or source; twice for both, which is the default',
  },
  autopush: { summary: 'push every package here once it is built' },
  signed: { excludes: ['unsigned'], summary: 'refuse packages that are not signed' },
  unsigned: { summary: 'accept packages that are not signed, and do not sign' },
};

type Login = Partial<OptionValues<typeof LOGIN_OPTIONS>>;
type Connection = Partial<OptionValues<typeof CONNECTION_OPTIONS>>;
type Kind = Partial<OptionValues<typeof KIND_OPTIONS>> & { readonly 'no-autopush'?: boolean };

/** The given options as the configuration package takes them. */
export function mirrorOptionsOf(options: Connection & Kind & Login, view?: string): MirrorOptions {
  const types = (options.type ?? []) as readonly ('binary' | 'source')[];
  return {
    ...pairOf(options),
    accessTokenVariable: options['s3-access-token-variable'],
    profile: options['s3-profile'],
    endpointUrl: options['s3-endpoint-url'],
    types: types.length === 0 ? undefined : types,
    autopush: options.autopush === true ? true : options['no-autopush'] === true ? false : undefined,
    signed: options.signed === true ? true : options.unsigned === true ? false : undefined,
    view,
  };
}

function pairOf(options: Connection & Login): Pick<MirrorOptions, 'id' | 'idVariable' | 'secret' | 'secretVariable'> {
  const { 'oci-password': password, 'in-config': inConfig = false } = options;
  // A pair that goes to the auth file leaves nothing here.
  const ociUser = password === undefined || inConfig ? options['oci-username'] : undefined;
  return {
    id: options['s3-access-key-id'] ?? ociUser,
    idVariable: options['s3-access-key-id-variable'] ?? options['oci-username-variable'],
    secret: inConfig ? password : undefined,
    secretVariable: options['s3-access-key-secret-variable'] ?? options['oci-password-variable'],
  };
}

/** Schemes of addresses that plugins understand. */
export async function pluginSchemes(context: CommandContext): Promise<ReadonlySet<string>> {
  const host = await context.plugins();
  return new Set(await host.mirrorSchemes({ signal: context.signal }));
}
