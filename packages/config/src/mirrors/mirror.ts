import { BerthError, type Emit, escapeControls, isBerthError, redactUrl } from '@berth/base';
import { configError, formatPosition } from '../errors.ts';
import { type ProcessVariables } from '../host.ts';
import { type AccessPairSection, type ConnectionSection, type MirrorEntrySection } from '../sections/mirrors.ts';
import { type ConfigNode, type MapEntry, nodeAt, type Position, toData } from '../yaml/node.ts';
import { type MirrorUrl, parseMirrorUrl } from './url.ts';

export type MirrorDirection = 'fetch' | 'push';

/** The name of a secret, or, from older files only, the secret. */
export interface MirrorAccessPair {
  readonly id?: string | undefined;
  readonly idVariable?: string | undefined;
  readonly secretVariable?: string | undefined;
  readonly secret?: string | undefined;
}

/** A mirror as it is reached in one direction (configuration §10.3). */
export interface MirrorEndpoint extends MirrorUrl {
  /** Name of the view of the index. */
  readonly view: string | undefined;
  readonly accessPair: MirrorAccessPair | undefined;
  readonly accessTokenVariable: string | undefined;
  /** From older files only. */
  readonly accessToken: string | undefined;
  readonly profile: string | undefined;
  /** With a scheme. */
  readonly endpointUrl: string | undefined;
}

/** One mirror, resolved. */
export interface MirrorConfig {
  readonly name: string;
  readonly fetch: MirrorEndpoint;
  /** Absent when only a fetch address is given. */
  readonly push: MirrorEndpoint | undefined;
  /** Usable as a build cache. */
  readonly binary: boolean;
  /** Usable for source archives. */
  readonly source: boolean;
  /** Whether packages must be signed; false for OCI, and the strictest word where two mirrors have one address. */
  readonly signed: boolean;
  /** What the configuration says, `undefined` if nothing. */
  readonly signedSaid: boolean | undefined;
  readonly autopush: boolean;
  /** Layouts to read, preferred one first: 2 is not read over OCI or with a view. */
  readonly layouts: readonly (3 | 2)[];
  readonly at: Position;
}

export interface MirrorContext {
  readonly resolvePath: (text: string, at?: Position) => string;
  readonly extraSchemes?: ReadonlySet<string> | undefined;
  readonly emit: Emit;
}

/** All mirrors of the merged section, in lookup order. Linear in their number. */
export function readMirrors(node: ConfigNode | undefined, context: MirrorContext): MirrorConfig[] {
  if (node?.kind !== 'map') return [];
  const mirrors = [...node.entries.values()].map((entry) => readMirror(entry, context));
  return strictestSigning(mirrors, context.emit);
}

/** One entry of the section. Without any address it is ERR_MIRROR_URL. */
export function readMirror(
  { key, keyAt, value }: Pick<MapEntry, 'key' | 'keyAt' | 'value'>,
  context: MirrorContext,
): MirrorConfig {
  const data = toData(value);
  const entry: MirrorEntrySection = typeof data === 'string' ? { url: data } : (data as MirrorEntrySection);
  if (typeof entry !== 'object' || Array.isArray(entry))
    throw configError(keyAt, `mirror ${key}: expected an address or a mapping`);
  const reader: EntryReader = { name: key, entry, value, at: keyAt, context };
  const fetch = endpointOf(reader, 'fetch');
  if (fetch === undefined) throw noUrl(key, 'fetch', keyAt);
  const oci = fetch.scheme.startsWith('oci');
  return {
    name: key,
    fetch,
    push: endpointOf(reader, 'push'),
    binary: entry.binary ?? true,
    source: entry.source ?? true,
    signed: !oci && (entry.signed ?? true),
    signedSaid: entry.signed,
    autopush: entry.autopush ?? false,
    layouts: oci || fetch.view !== undefined ? [3] : [3, 2],
    at: keyAt,
  };
}

/** The endpoint of a direction; ERR_MIRROR_URL when the mirror has none. */
export function mirrorEndpoint(mirror: MirrorConfig, direction: MirrorDirection): MirrorEndpoint {
  const endpoint = mirror[direction];
  if (endpoint === undefined) throw noUrl(mirror.name, direction, mirror.at);
  return endpoint;
}

function noUrl(name: string, direction: MirrorDirection, at: Position): BerthError {
  const message = `mirror ${escapeControls(name)} (${formatPosition(at)}): it has no address to ${direction === 'fetch' ? 'fetch from' : 'push to'}`;
  return new BerthError('config', 'ERR_MIRROR_URL', message, {
    hint: `Run: berth mirror set-url ${escapeControls(name)} ADDRESS`,
  });
}

interface EntryReader {
  readonly name: string;
  readonly entry: MirrorEntrySection;
  readonly value: ConfigNode;
  readonly at: Position;
  readonly context: MirrorContext;
}

/** Older files hold secrets themselves; these keys are read and never written. */
interface LegacyConnection extends Omit<ConnectionSection, 'access_pair'> {
  readonly access_pair?: AccessPairSection | readonly [string, string];
  readonly access_token?: string;
}

function endpointOf(reader: EntryReader, direction: MirrorDirection): MirrorEndpoint | undefined {
  const { entry } = reader;
  const own = entry[direction];
  const connection: LegacyConnection = typeof own === 'object' ? (own as LegacyConnection) : {};
  const top = entry as LegacyConnection;
  // A key that is there counts even when it is null: it takes the general one away.
  const field = <Key extends keyof LegacyConnection>(key: Key): LegacyConnection[Key] =>
    Object.hasOwn(connection, key) ? connection[key] : top[key];
  const text = typeof own === 'string' ? own : (connection.url ?? entry.url);
  if (text === undefined) return undefined;
  return {
    ...addressOf(reader, direction, text),
    view: field('view'),
    accessPair: accessPairOf(field('access_pair')),
    accessTokenVariable: field('access_token_variable') ?? undefined,
    accessToken: field('access_token'),
    profile: field('profile') ?? undefined,
    endpointUrl: withScheme(field('endpoint_url')),
  };
}

function addressOf(reader: EntryReader, direction: MirrorDirection, text: string): MirrorUrl {
  const { name, value, context } = reader;
  const at = (nodeAt(value, [direction, 'url']) ?? nodeAt(value, [direction]) ?? nodeAt(value, ['url']) ?? value).at;
  try {
    return parseMirrorUrl(text, {
      resolvePath: (path) => context.resolvePath(path, at),
      extraSchemes: context.extraSchemes,
    });
  } catch (error) {
    if (!isBerthError(error)) throw error;
    const message = `mirror ${escapeControls(name)} (${formatPosition(at)}): ${error.message}`;
    throw new BerthError(error.kind, error.code, message, { hint: error.hint, details: error.details, cause: error });
  }
}

function withScheme(endpoint: string | null | undefined): string | undefined {
  if (endpoint == null) return undefined;
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`;
}

function accessPairOf(pair: LegacyConnection['access_pair']): MirrorAccessPair | undefined {
  if (pair === undefined) return undefined;
  if (!('secret_variable' in pair)) return { id: pair[0], secret: pair[1] };
  return { id: pair.id, idVariable: pair.id_variable, secretVariable: pair.secret_variable };
}

/** Mirrors of one address that disagree all require signatures, and say so (hostile-inputs Y18). */
function strictestSigning(mirrors: readonly MirrorConfig[], emit: Emit): MirrorConfig[] {
  const byUrl = new Map<string, MirrorConfig[]>();
  for (const mirror of mirrors) {
    const key = mirror.fetch.url.replace(/\/+$/, '');
    const group = byUrl.get(key);
    if (group === undefined) byUrl.set(key, [mirror]);
    else group.push(mirror);
  }
  const stricter = new Set<MirrorConfig>();
  for (const [url, group] of byUrl) {
    const lax = group.filter((mirror) => !mirror.signed);
    if (lax.length === 0 || lax.length === group.length) continue;
    for (const mirror of lax) stricter.add(mirror);
    emit({
      type: 'warning',
      code: 'WARN_MIRROR_SIGNING',
      message: `mirrors ${group.map(({ name }) => name).join(', ')}: they share the address ${redactUrl(url)} and differ in "signed": signatures are required of all`,
      hint: 'Give them the same "signed", or remove one.',
    });
  }
  return mirrors.map((mirror) => (stricter.has(mirror) ? { ...mirror, signed: true } : mirror));
}

/** Warns about secrets that stand in the configuration itself (hostile-inputs Y14). */
export function warnMirrorSecrets(mirrors: readonly MirrorConfig[], emit: Emit): void {
  for (const mirror of mirrors) {
    const endpoints = [mirror.fetch, mirror.push].filter((endpoint) => endpoint !== undefined);
    if (
      !endpoints.some(
        (endpoint) =>
          endpoint.hasSecret || endpoint.accessToken !== undefined || endpoint.accessPair?.secret !== undefined,
      )
    ) {
      continue;
    }
    emit({
      type: 'warning',
      code: 'WARN_MIRROR_SECRET',
      message: `mirror ${mirror.name} (${formatPosition(mirror.at)}): a secret stands in the configuration (${redactUrl(mirror.fetch.url)})`,
      hint: 'Put it into a variable and name that with --s3-access-key-secret-variable or --oci-password-variable.',
    });
  }
}

/** Credentials with their values, and the variables that are named and not set. */
export interface MirrorCredentials {
  readonly accessPair: readonly [id: string, secret: string] | undefined;
  readonly accessToken: string | undefined;
  readonly profile: string | undefined;
  readonly unset: readonly string[];
}

/** Looks the secrets up (configuration §10.2). A pair of which one half is empty or unset is no pair. */
export function mirrorCredentials(endpoint: MirrorEndpoint, env: ProcessVariables): MirrorCredentials {
  const unset: string[] = [];
  const variable = (name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    const value = env[name];
    if (value === undefined || value === '') unset.push(name);
    return value === '' ? undefined : value;
  };
  const { accessPair: pair } = endpoint;
  const id = pair === undefined ? undefined : (pair.id ?? variable(pair.idVariable));
  const secret = pair === undefined ? undefined : (pair.secret ?? variable(pair.secretVariable));
  const complete = id !== undefined && id !== '' && secret !== undefined && secret !== '';
  return {
    accessPair: complete ? [id, secret] : undefined,
    accessToken: variable(endpoint.accessTokenVariable) ?? endpoint.accessToken,
    profile: endpoint.profile,
    unset,
  };
}

/** The same, but a variable that is not set is `auth` before any request is made (hostile-inputs Y17). */
export function requireMirrorCredentials(
  mirror: MirrorConfig,
  direction: MirrorDirection,
  env: ProcessVariables,
): MirrorCredentials {
  const credentials = mirrorCredentials(mirrorEndpoint(mirror, direction), env);
  if (credentials.unset.length === 0) return credentials;
  const names = credentials.unset.join(', ');
  throw new BerthError(
    'auth',
    'ERR_MIRROR_CREDENTIALS',
    `mirror ${escapeControls(mirror.name)}: its credentials are in ${names}, not set or empty`,
    {
      hint: `Set ${names}, or remove the credentials from the mirror.`,
      details: { mirror: mirror.name, variables: credentials.unset },
    },
  );
}
