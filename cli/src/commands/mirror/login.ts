import { BerthError } from '@berth/base';
import { type MirrorConfig, registryOf, type SavedLogin, saveRegistryLogin } from '@berth/config';
import { type CommandContext } from '../../context.ts';

interface LoginOptions {
  readonly 'oci-username': string | undefined;
  readonly 'oci-password': string | undefined;
  readonly 'in-config': boolean;
}

/** A log-in to save in the auth file, complete: what can be wrong with it was found. */
export interface PlannedLogin {
  readonly urls: readonly string[];
  readonly username: string;
  readonly password: string;
}

/**
 * What `--oci-password` asks for besides the configuration; `undefined` when nothing. Throws `usage`, ERR_OCI_LOGIN_OPTIONS, when the name is
 * missing or an address is none of a registry.
 */
export function planLogin(options: LoginOptions, urls: readonly string[]): PlannedLogin | undefined {
  const { 'oci-username': username, 'oci-password': password, 'in-config': inConfig } = options;
  if (password === undefined) {
    if (inConfig) throw incomplete('--in-config is about the password: --oci-password is missing');
    return undefined;
  }
  if (username === undefined) throw incomplete('--oci-password needs the name that it belongs to: --oci-username');
  const unique = new Map(urls.map((url) => [registryOf(url), url]));
  return inConfig ? undefined : { urls: [...unique.values()], username, password };
}

/** The addresses that a change of a mirror is about: the new one, or those that it has. */
export function addressesOf(
  mirror: MirrorConfig | undefined,
  { url, direction }: { readonly url: string | undefined; readonly direction: 'fetch' | 'push' | undefined },
): readonly string[] {
  if (url !== undefined) return [url];
  const endpoints = direction === undefined ? [mirror?.fetch, mirror?.push] : [mirror?.[direction]];
  return endpoints.flatMap((endpoint) => (endpoint === undefined ? [] : [endpoint.url]));
}

/** Saves it for each registry. A mirror whose own entry has credentials goes on using those, which is said. */
export async function saveLogin(
  login: PlannedLogin | undefined,
  mirror: MirrorConfig | undefined,
  { facts, emit }: CommandContext,
): Promise<readonly SavedLogin[]> {
  if (login === undefined) return [];
  const saved: SavedLogin[] = [];
  for (const url of login.urls) {
    saved.push(await saveRegistryLogin({ ...login, url }, { env: facts.env, home: facts.home, emit }));
  }
  const own = [mirror?.fetch, mirror?.push].some((endpoint) => endpoint?.accessPair !== undefined);
  if (own) {
    emit({
      type: 'warning',
      code: 'WARN_MIRROR_OWN_CREDENTIALS',
      message: `mirror ${mirror?.name ?? ''}: its own entry names credentials, which are used before the saved log-in`,
      hint: 'Remove access_pair from its entry to use the log-in.',
    });
  }
  return saved;
}

/** One line for each registry. */
export function loginText(logins: readonly SavedLogin[]): string {
  return logins.map(({ registry, file }) => `saved the log-in to ${registry} in ${file}\n`).join('');
}

function incomplete(why: string): BerthError {
  return new BerthError('usage', 'ERR_OCI_LOGIN_OPTIONS', why, {
    hint: 'Give --oci-username NAME --oci-password PASSWORD.',
  });
}
