import { mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import {
  BerthError,
  type Emit,
  errnoCode,
  escapeControls,
  formatJson,
  ioError,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  writeFileAtomic,
} from '@berth/base';
import { type ProcessVariables } from './host.ts';

/** A name and password for the registry of a mirror. */
export interface RegistryLogin {
  /** The address of the mirror: `oci://…` or `oci+http://…`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface LoginPlaces {
  readonly env: ProcessVariables;
  readonly home: string | undefined;
  readonly emit: Emit;
}

/** Where a log-in was saved, and for which registry. */
export interface SavedLogin {
  readonly file: string;
  /** `host[:port]`, the key of the entry. */
  readonly registry: string;
}

const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Saves a log-in where podman, skopeo and berth look for it (containers-auth.json(5)): for the whole registry, in a file that only its owner
 * can read. Everything else in the file stays; it changes in one step. Rejects with `usage`, ERR_OCI_LOGIN_OPTIONS, when the address is none of
 * a registry or the name has a colon; with `config`, ERR_OCI_AUTH_FILE, when the file is malformed: its text is never quoted.
 */
export async function saveRegistryLogin(login: RegistryLogin, places: LoginPlaces): Promise<SavedLogin> {
  const registry = registryOf(login.url);
  if (login.username === '' || login.username.includes(':') || login.password === '') {
    throw loginError('the user is empty or has a colon in it, or the password is empty');
  }
  const file = authFile(places);
  try {
    await mkdir(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
    // A link stays one: the file that it leads to is replaced.
    const path = await realpath(file).catch(() => file);
    const document = await readDocument(path);
    const changed = withLogin(document, { registry, login, file });
    await writeFileAtomic(path, `${formatJson(changed, 'default')}\n`, { mode: PRIVATE_FILE, sync: true });
    warnOfHelper(document, { registry, file }, places.emit);
  } catch (error) {
    throw ioError(`log-in to ${registry}: ${file}`, error);
  }
  return { file, registry };
}

/** The registry of a mirror's address as auth files call it. Throws ERR_OCI_LOGIN_OPTIONS for every other address. */
export function registryOf(url: string): string {
  const [, plain, rest = ''] = /^oci(\+http)?:\/\/(?:[^/@]*@)?(.*)$/i.exec(url) ?? [];
  const [first = '', ...others] = rest.split('/');
  if (first === '') throw loginError(`${escapeControls(url)} is no address of a registry`);
  // buildcache-formats §8.1: what does not look like a host is the beginning of a name on Docker Hub.
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (!isHost) return 'docker.io';
  const address = `${plain === undefined ? 'https' : 'http'}://${first}`;
  if (!URL.canParse(address)) throw loginError(`${escapeControls(first)} is no host`);
  const { host } = new URL(address);
  return DOCKER_HUB.has(host) ? 'docker.io' : host;
}

/** The first place that readers look at. */
function authFile({ env, home }: LoginPlaces): string {
  const folder = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && isAbsolute(value) ? value : undefined;
  };
  const chosen = env['REGISTRY_AUTH_FILE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const config = folder('XDG_CONFIG_HOME') ?? (home === undefined ? undefined : join(home, '.config'));
  const base = folder('XDG_RUNTIME_DIR') ?? config;
  if (base !== undefined) return join(base, 'containers', 'auth.json');
  throw loginError('there is no home folder to save it in');
}

async function readDocument(path: string): Promise<JsonObject> {
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return new Map();
    throw error;
  }
  if (text.toString('latin1').trim() === '') return new Map();
  try {
    const document = parseStrictJson(text, { what: path });
    if (isJsonObject(document)) return document;
  } catch {
    // The parser's own message may quote the text.
  }
  throw malformed(path);
}

function withLogin(
  document: JsonObject,
  { registry, login, file }: { readonly registry: string; readonly login: RegistryLogin; readonly file: string },
): JsonObject {
  const before = document.get('auths') ?? new Map<string, JsonValue>();
  if (!isJsonObject(before)) throw malformed(file);
  // Another spelling of the same registry would be found first.
  const others = [...before].filter(([key]) => keyOf(key) !== registry);
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const auths = new Map<string, JsonValue>([...others, [registry, new Map([['auth', auth]])]]);
  return new Map<string, JsonValue>(document).set('auths', auths);
}

/** The registry that a key stands for as a whole; the key itself where it stands for something smaller. */
function keyOf(key: string): string {
  const [, scheme = 'https', host = ''] = /^(?:(https?):\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/i.exec(key) ?? [];
  const address = `${scheme.toLowerCase()}://${host}`;
  if (host === '' || !URL.canParse(address)) return key;
  const canonical = new URL(address).host;
  return DOCKER_HUB.has(canonical) ? 'docker.io' : canonical;
}

function warnOfHelper(document: JsonObject, { registry, file }: SavedLogin, emit: Emit): void {
  const helpers = document.get('credHelpers');
  const named = isJsonObject(helpers) && [...helpers.keys()].some((key) => keyOf(key) === registry);
  if (!named) return;
  emit({
    type: 'warning',
    code: 'WARN_CREDENTIAL_HELPER',
    message: `log-in to ${registry}: ${file} names a credential helper for it, which is asked first`,
    hint: `Remove ${registry} from credHelpers, or log in with the helper.`,
  });
}

function malformed(path: string): BerthError {
  return new BerthError('config', 'ERR_OCI_AUTH_FILE', `credentials in ${path}: not a document of log-ins`, {
    hint: 'Repair it, or log in again with podman login.',
  });
}

function loginError(why: string): BerthError {
  return new BerthError('usage', 'ERR_OCI_LOGIN_OPTIONS', `--oci-password: ${why}`, {
    hint: 'Give --oci-username NAME and --oci-password PASSWORD with the address of a registry: oci://HOST/NAME.',
  });
}
