import { BerthError, isJsonObject, type JsonObject, type JsonValue, parseStrictJson } from '@berth/base';
import { pairCredentials, type RegistryCredentials } from './credentials.ts';
import { parseAuthKey, type RegistryScheme } from './registry-key.ts';

/** The document that `docker login` and `podman login` write (containers-auth.json(5)). */
export interface AuthDocument {
  readonly auths: JsonObject;
  readonly credHelpers: JsonObject;
  readonly credsStore: string | undefined;
}

export interface AuthQuery {
  /** Canonical. */
  readonly host: string;
  readonly scheme: RegistryScheme;
  /** The repository, for entries limited to a namespace. */
  readonly repository: string;
}

const EMPTY: JsonObject = new Map();

/** Rejects with `config`, ERR_OCI_AUTH_FILE; the message never quotes the text, which holds passwords. */
export function parseAuthDocument(text: string | Uint8Array, what: string): AuthDocument {
  const root = parseRoot(text, what);
  const store = root.get('credsStore');
  return {
    auths: objectAt(root, 'auths', what),
    credHelpers: objectAt(root, 'credHelpers', what),
    credsStore: typeof store === 'string' && store !== '' ? store : undefined,
  };
}

/** The helper that the document names for this very registry. */
export function findHelper(document: AuthDocument, { host, scheme }: AuthQuery): string | undefined {
  for (const [key, helper] of document.credHelpers) {
    const found = parseAuthKey(key, scheme);
    if (found?.host === host && found.path === '' && typeof helper === 'string' && helper !== '') return helper;
  }
  return undefined;
}

/** The entry for this repository: same host, and of several the one limited most closely. */
export function findAuth(document: AuthDocument, query: AuthQuery): RegistryCredentials | undefined {
  let best: { readonly length: number; readonly credentials: RegistryCredentials } | undefined;
  for (const [key, entry] of document.auths) {
    const found = parseAuthKey(key, query.scheme);
    if (found?.host !== query.host || !contains(found.path, query.repository)) continue;
    const credentials = readEntry(entry);
    if (credentials === undefined || found.path.length <= (best?.length ?? -1)) continue;
    best = { length: found.path.length, credentials };
  }
  return best?.credentials;
}

function contains(path: string, repository: string): boolean {
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

function readEntry(entry: JsonValue): RegistryCredentials | undefined {
  if (!isJsonObject(entry)) return undefined;
  const field = (name: string): string => {
    const value = entry.get(name);
    return typeof value === 'string' ? value : '';
  };
  if (field('identitytoken') !== '') return { kind: 'identity', token: field('identitytoken') };
  if (field('registrytoken') !== '') return { kind: 'bearer', token: field('registrytoken') };
  if (field('auth') === '') return pairCredentials(field('username'), field('password'));
  const [, username, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(field('auth'), 'base64').toString('utf8')) ?? [];
  // Old Docker versions padded the decoded text with NUL.
  return username === undefined || secret === undefined
    ? undefined
    : pairCredentials(username, secret.replace(/\0+$/, ''));
}

function parseRoot(text: string | Uint8Array, what: string): JsonObject {
  let root: JsonValue;
  try {
    root = parseStrictJson(text, { what });
  } catch {
    // The parser's own message may quote the text.
    throw malformed(what, 'not a JSON document');
  }
  if (!isJsonObject(root)) throw malformed(what, 'not a JSON object');
  return root;
}

function objectAt(root: JsonObject, key: string, what: string): JsonObject {
  const value = root.get(key);
  if (value === undefined || value === null) return EMPTY;
  if (!isJsonObject(value)) throw malformed(what, `${key} is not an object`);
  return value;
}

function malformed(what: string, why: string): BerthError {
  return new BerthError('config', 'ERR_OCI_AUTH_FILE', `credentials in ${what}: ${why}`, {
    hint: 'Repair it, or log in again with podman login or docker login.',
  });
}
