import { homedir } from 'node:os';
import { BerthError, z } from '@berth/base';
import { type MirrorConnection } from '@berth/buildcache';
import { createHttpClient, type HttpClient } from '@berth/http';
import { findCredentials } from './credentials/find-credentials.ts';
import { openDistribution } from './distribution/distribution.ts';
import { LayoutRegistry } from './layout/layout-registry.ts';
import { folderOfLayoutUrl, isLayoutUrl, layoutReference } from './layout/layout-url.ts';
import { openLocalBlobs } from './local-blobs.ts';
import { OciMirror } from './mirror/oci-mirror.ts';
import { isOciUrl, type OciAddress, parseImageReference, parseOciUrl } from './reference.ts';
import { type Registry } from './registry.ts';
import { type OpenBase } from './source.ts';

/** What berth's configuration may say of one mirror, under `mirrors.<name>`. */
export interface OciMirrorSettings {
  /** `host[:port]` of token servers that may see the credentials, beside those that are known to belong to the registry. */
  readonly realmHosts?: readonly string[];
  /** `host[:port]` that the registry may send uploads to. */
  readonly uploadHosts?: readonly string[];
}

const settingsSchema: z.ZodType<OciMirrorSettings> = z.strictObject({
  realmHosts: z.array(z.string()).readonly().exactOptional(),
  uploadHosts: z.array(z.string()).readonly().exactOptional(),
});

/** Opens a mirror of images. Rejects with `config` when its address or a setting is malformed; no request is made. */
export async function openOciMirror(
  connection: MirrorConnection,
  { env }: { readonly env: NodeJS.ProcessEnv },
): Promise<OciMirror> {
  const { http, close } = await openHttp(connection, env);
  const registries: Registries = { connection, http, env, settings: readSettings(connection) };
  const registry = isLayoutUrl(connection.url)
    ? new LayoutRegistry(folderOfLayoutUrl(connection.url))
    : openRegistry(parseOciUrl(connection.url), registries);
  return new OciMirror({
    connection,
    blobs: openLocalBlobs(connection.cacheDir),
    sourceDate: sourceDateOf(env),
    registry,
    openBase: baseOpener(registries),
    close,
  });
}

const USER_AGENT = 'berth';

interface OpenedHttp {
  readonly http: HttpClient;
  readonly close: () => Promise<void>;
}

/** The client that was handed over, which is not ours to close, or one of our own. */
async function openHttp({ http: shared, emit }: MirrorConnection, env: NodeJS.ProcessEnv): Promise<OpenedHttp> {
  if (shared !== undefined) return { http: await shared(), close: async () => undefined };
  const http = createHttpClient({ env, verifyTls: true, emit, userAgent: USER_AGENT });
  return { http, close: () => http[Symbol.asyncDispose]() };
}

/** What every repository is opened with. */
interface Registries {
  readonly connection: MirrorConnection;
  readonly http: HttpClient;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: OciMirrorSettings;
}

/** The mirror's own credentials are for its own host and no other (hostile-inputs R30). */
function openRegistry(address: OciAddress, { connection, http, env, settings }: Registries): Registry {
  const { domain, name, scheme } = address;
  const { emit, url } = connection;
  const isOwn = isOciUrl(url) && parseOciUrl(url).domain === domain && parseOciUrl(url).scheme === scheme;
  const own = isOwn ? connection.credentials.bind(connection) : undefined;
  const credentials = findCredentials({ domain, scheme, name, own, env, homeDir: homedir(), emit });
  return openDistribution({ domain, name, scheme, http, credentials, emit, ...settings });
}

function baseOpener(registries: Registries): OpenBase {
  return async (reference) => {
    if (isLayoutUrl(reference)) {
      const { folder, tag } = layoutReference(reference);
      return { registry: new LayoutRegistry(folder), reference: tag, mountFrom: undefined };
    }
    const base: OciAddress = isOciUrl(reference)
      ? parseOciUrl(reference)
      : { scheme: 'https', ...parseImageReference(reference) };
    const { url } = registries.connection;
    const isNeighbour = isOciUrl(url) && isSameRegistry(parseOciUrl(url), base);
    return {
      registry: openRegistry(base, registries),
      reference: base.digest === undefined ? base.tag : `sha256:${base.digest}`,
      mountFrom: isNeighbour ? base.name : undefined,
    };
  };
}

function isSameRegistry(a: OciAddress, b: OciAddress): boolean {
  return a.scheme === b.scheme && a.domain.toLowerCase() === b.domain.toLowerCase();
}

function readSettings({ name, settings }: MirrorConnection): OciMirrorSettings {
  const parsed = settingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error).replaceAll('\n', '; ');
  throw new BerthError('config', 'ERR_OCI_SETTINGS', `settings of mirror ${name}: ${why}`, {
    hint: 'An image mirror knows the settings realmHosts and uploadHosts: lists of host[:port].',
  });
}

/** `SOURCE_DATE_EPOCH` in seconds. Throws `config`, ERR_SOURCE_DATE_EPOCH, when it is not a whole number. */
export function sourceDateOf({ SOURCE_DATE_EPOCH: text }: NodeJS.ProcessEnv): Date | undefined {
  if (text === undefined || text === '') return undefined;
  const date = new Date(/^\d{1,12}$/.test(text) ? Number(text) * 1000 : NaN);
  if (!Number.isNaN(date.getTime())) return date;
  const shown = JSON.stringify(text.slice(0, 40));
  throw new BerthError('config', 'ERR_SOURCE_DATE_EPOCH', `SOURCE_DATE_EPOCH: not a number of seconds: ${shown}`, {
    hint: 'Set it to seconds since 1970, or unset it.',
  });
}
