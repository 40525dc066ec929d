import { BerthError } from '@berth/base';
import { type Authorizer } from '../contract.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The value of an `Authorization` header (RFC 7617), in UTF-8. Rejects a colon in the name and control characters with `auth`. */
export function basicAuthorization({ username, password }: Credentials): string {
  if (username.includes(':') || hasControls(username) || hasControls(password)) {
    throw new BerthError(
      'auth',
      'ERR_HTTP_CREDENTIALS',
      'credentials: a user name or password that HTTP cannot carry',
      {
        hint: 'Remove line breaks from the password and colons from the user name.',
      },
    );
  }
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function hasControls(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}

/** Sends the same Basic credentials with every request of a mirror. */
export function basicAuthorizer(credentials: Credentials): Authorizer {
  const authorization = basicAuthorization(credentials);
  return { authorize: async () => ({ authorization }), challenge: async () => false };
}

/** The user information of `url`, `undefined` when it has none; throws what `malformed` makes when it is not well encoded. */
export function userInformation(url: URL, malformed: () => Error): Credentials | undefined {
  try {
    const username = decodeURIComponent(url.username);
    return username === '' ? undefined : { username, password: decodeURIComponent(url.password) };
  } catch {
    throw malformed();
  }
}
