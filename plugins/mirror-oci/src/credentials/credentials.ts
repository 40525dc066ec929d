import { type CallOptions } from '@berth/buildcache';

/** What a registry can be logged in to with. Never logged. */
export type RegistryCredentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, which buys access tokens from the token server. */
  | { readonly kind: 'identity'; readonly token: string }
  /** An access token, sent to the registry as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

export interface FoundCredentials {
  readonly credentials: RegistryCredentials;
  /** Where they come from, for messages: a file, a variable, a helper. */
  readonly origin: string;
}

/** Credentials of one repository of one registry; `undefined` when nobody has any. */
export type CredentialSource = (options: CallOptions) => Promise<FoundCredentials | undefined>;

/** A user name that credential helpers and auth files use for "the secret is a refresh token". */
const TOKEN_USER = '<token>';

/** A name and its secret as credentials; an empty secret is none. */
export function pairCredentials(username: string, secret: string): RegistryCredentials | undefined {
  if (secret === '') return undefined;
  if (username === TOKEN_USER) return { kind: 'identity', token: secret };
  return username === '' ? undefined : { kind: 'password', username, password: secret };
}
