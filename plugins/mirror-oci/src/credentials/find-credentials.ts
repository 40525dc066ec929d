import { type Emit, isBerthError } from '@berth/base';
import { type CallOptions, type MirrorCredentials } from '@berth/buildcache';
import { type AuthDocument, type AuthQuery, findAuth, findHelper, parseAuthDocument } from './auth-document.ts';
import { authFiles, readAuthFile } from './auth-files.ts';
import { askHelper } from './credential-helper.ts';
import {
  type CredentialSource,
  type FoundCredentials,
  pairCredentials,
  type RegistryCredentials,
} from './credentials.ts';
import { canonicalHost, helperKey, type RegistryScheme } from './registry-key.ts';

export interface CredentialLookup {
  /** `host[:port]` as the mirror's URL has it. */
  readonly domain: string;
  readonly scheme: RegistryScheme;
  /** The repository. */
  readonly name: string;
  /** What the mirror's own entry names. */
  readonly own?: ((options: CallOptions) => Promise<MirrorCredentials | undefined>) | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly homeDir: string;
  readonly emit: Emit;
}

interface Search extends CallOptions {
  readonly lookup: CredentialLookup;
  readonly query: AuthQuery;
}

type Place = (search: Search) => Promise<FoundCredentials | undefined>;

/** The order in which credentials are looked for; the first that has some for this registry wins. */
const PLACES: readonly Place[] = [ownEntry, dockerAuthConfig, savedLogins, actionsToken];

/**
 * Credentials of one registry: the mirror's own; `DOCKER_AUTH_CONFIG` (an auth file's text); podman's and docker's auth files
 * with their credential helpers; `GITHUB_TOKEN` for ghcr.io inside GitHub Actions. They belong to exactly this host and
 * port (hostile-inputs R30). Looked up when first asked for, and then remembered.
 */
export function findCredentials(lookup: CredentialLookup): CredentialSource {
  const host = canonicalHost(lookup.domain, lookup.scheme);
  const query: AuthQuery = { host, scheme: lookup.scheme, repository: lookup.name };
  let found: { readonly value: FoundCredentials | undefined } | undefined;
  return async ({ signal }) => {
    found ??= { value: await search({ lookup, query, signal }) };
    return found.value;
  };
}

async function search(options: Search): Promise<FoundCredentials | undefined> {
  for (const place of PLACES) {
    const found = await place(options);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function ownEntry({ lookup, signal }: Search): Promise<FoundCredentials | undefined> {
  const own = await lookup.own?.({ signal });
  if (own?.id !== undefined && own.secret !== undefined) {
    return found(pairCredentials(own.id, own.secret), "the mirror's own entry");
  }
  return own?.token === undefined ? undefined : found({ kind: 'bearer', token: own.token }, "the mirror's own entry");
}

async function dockerAuthConfig({ lookup, query }: Search): Promise<FoundCredentials | undefined> {
  const text = lookup.env['DOCKER_AUTH_CONFIG'];
  if (text === undefined || text.trim() === '') return undefined;
  const what = 'the variable DOCKER_AUTH_CONFIG';
  return found(findAuth(parseAuthDocument(text, what), query), what);
}

async function savedLogins(options: Search): Promise<FoundCredentials | undefined> {
  const { lookup, query, signal } = options;
  for (const path of authFiles(lookup)) {
    const text = await readAuthFile(path, { emit: lookup.emit, signal });
    if (text === undefined) continue;
    const document = parseAuthDocument(text, path);
    const saved =
      (await fromHelper(findHelper(document, query), options)) ??
      found(findAuth(document, query), path) ??
      (await fromHelper(storeHelper(document, query), options));
    if (saved !== undefined) return saved;
  }
  return undefined;
}

/** The helper for everything, unless this registry has one of its own. */
function storeHelper(document: AuthDocument, query: AuthQuery): string | undefined {
  return findHelper(document, query) === undefined ? document.credsStore : undefined;
}

async function fromHelper(name: string | undefined, options: Search): Promise<FoundCredentials | undefined> {
  if (name === undefined) return undefined;
  const { lookup, query, signal } = options;
  try {
    const credentials = await askHelper(name, helperKey(query.host), { env: lookup.env, signal });
    return found(credentials, `docker-credential-${name}`);
  } catch (error) {
    if (!isBerthError(error, 'ERR_OCI_HELPER')) throw error;
    // Many machines name a helper that they do not have; public registries work without.
    lookup.emit({ type: 'warning', code: error.code, message: error.message, hint: error.hint });
    return undefined;
  }
}

async function actionsToken({ lookup: { env }, query }: Search): Promise<FoundCredentials | undefined> {
  if (query.host !== 'ghcr.io' || env['GITHUB_ACTIONS'] !== 'true') return undefined;
  const user = env['GITHUB_ACTOR'] ?? '';
  const credentials = pairCredentials(user === '' ? 'x-access-token' : user, env['GITHUB_TOKEN'] ?? '');
  return found(credentials, 'the variable GITHUB_TOKEN');
}

function found(credentials: RegistryCredentials | undefined, origin: string): FoundCredentials | undefined {
  return credentials === undefined ? undefined : { credentials, origin };
}
