import { BerthError, type Emit, redactUrl } from '@berth/base';
import { type MirrorConnection } from '@berth/buildcache';
import {
  type Configuration,
  type MirrorConfig,
  type MirrorDirection,
  mirrorEndpoint,
  parseMirrorUrl,
  type ProcessVariables,
  requireMirrorCredentials,
} from '@berth/config';
import { type HttpClient } from '@berth/http';
import { type OpenMirror } from '../pipelines/context.ts';
import { type PluginHost } from '../plugins.ts';

/** `config:connect_timeout` where nothing says otherwise (configuration §11). */
const DEFAULT_CONNECT_SECONDS = 10;

export interface OpenMirrorsOptions {
  readonly configuration: Configuration;
  readonly host: PluginHost;
  /** What berth's own configuration says of each mirror, by name. */
  readonly settings: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly env: ProcessVariables;
  /** The view of the index to read and write, instead of the configured one. */
  readonly view?: string | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Mirrors that are open until they are disposed of. */
export interface OpenMirrors extends AsyncDisposable {
  readonly mirrors: readonly OpenMirror[];
}

/** Every configured mirror that may hold binaries, in lookup order. */
export async function openBinaryMirrors(options: OpenMirrorsOptions): Promise<OpenMirrors> {
  const configured = await configuredMirrors(options);
  return openAll(
    configured.filter(({ binary }) => binary),
    'fetch',
    options,
  );
}

/**
 * The mirror that a command's argument names: a configured name, or, with a slash or as `.` or `..`, a path or an address,
 * which nobody has said anything about: it wants signatures (cli §3). An unknown name is `usage`, ERR_MIRROR_UNKNOWN.
 */
export async function openNamedMirror(
  argument: string,
  direction: MirrorDirection,
  options: OpenMirrorsOptions,
): Promise<OpenMirrors & { readonly mirror: OpenMirror }> {
  const config = await findMirror(argument, options);
  const opened = await openAll([config], direction, options);
  const [mirror] = opened.mirrors;
  if (mirror === undefined) throw new Error('one mirror was opened');
  return { ...opened, mirror };
}

async function configuredMirrors({
  configuration,
  host,
  signal,
}: OpenMirrorsOptions): Promise<readonly MirrorConfig[]> {
  return configuration.mirrors({ extraSchemes: new Set(await host.mirrorSchemes({ signal })) });
}

async function findMirror(argument: string, options: OpenMirrorsOptions): Promise<MirrorConfig> {
  const configured = await configuredMirrors(options);
  const known = configured.find(({ name }) => name === argument);
  if (known !== undefined) return known;
  if (!/[/\\]/.test(argument) && argument !== '.' && argument !== '..') {
    const names = configured.map(({ name }) => name).join(', ') || 'none';
    throw new BerthError(
      'usage',
      'ERR_MIRROR_UNKNOWN',
      `there is no mirror called ${argument} (configured: ${names})`,
      {
        hint: `For a folder of that name write ./${argument}.`,
      },
    );
  }
  const extraSchemes = new Set(await options.host.mirrorSchemes({ signal: options.signal }));
  const address = parseMirrorUrl(argument, {
    resolvePath: (path) => options.configuration.resolvePath(path),
    extraSchemes,
  });
  const endpoint = {
    ...address,
    view: undefined,
    accessPair: undefined,
    accessTokenVariable: undefined,
    accessToken: undefined,
    profile: undefined,
    endpointUrl: undefined,
  };
  return {
    name: argument,
    fetch: endpoint,
    push: endpoint,
    binary: true,
    source: false,
    signed: !address.scheme.startsWith('oci'),
    signedSaid: undefined,
    autopush: false,
    layouts: [3, 2],
    at: { file: 'command line' },
  };
}

async function openAll(
  configs: readonly MirrorConfig[],
  direction: MirrorDirection,
  options: OpenMirrorsOptions,
): Promise<OpenMirrors> {
  const mirrors: OpenMirror[] = [];
  const client = openHttpOnce(options);
  const close = async (): Promise<void> => {
    for (const { mirror } of mirrors) await mirror[Symbol.asyncDispose]();
    await client.close();
  };
  try {
    for (const config of configs) {
      const connection = { ...connectionTo(config, direction, options), http: client.http };
      const mirror = await options.host.openMirror(connection, { signal: options.signal });
      // Of an OCI mirror signatures are demanded only where its entry says so in so many words.
      const signed = config.signed || config.signedSaid === true;
      mirrors.push({ mirror, name: config.name, url: redactUrl(connection.url), signed });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { mirrors, [Symbol.asyncDispose]: close };
}

interface SharedClient {
  readonly http: () => Promise<HttpClient>;
  readonly close: () => Promise<void>;
}

const SECOND_MS = 1000;

/** One client for all mirrors of a command: they share connections, and wait together for a host that is busy. */
function openHttpOnce({ configuration, env, emit }: OpenMirrorsOptions): SharedClient {
  let opened: Promise<HttpClient> | undefined;
  const open = async (): Promise<HttpClient> => {
    const { createHttpClient } = await import('@berth/http');
    const { connect_timeout: seconds = DEFAULT_CONNECT_SECONDS, verify_ssl: verifyTls = true } = configuration.config();
    return createHttpClient({
      env,
      certificateAuthorities: configuration.paths.sslCerts,
      verifyTls,
      timeouts: { connectMs: seconds * SECOND_MS },
      userAgent: 'berth',
      emit,
    });
  };
  return {
    http: () => (opened ??= open()),
    close: async () => {
      await (await opened)?.[Symbol.asyncDispose]();
    },
  };
}

function connectionTo(config: MirrorConfig, direction: MirrorDirection, options: OpenMirrorsOptions): MirrorConnection {
  const { configuration, settings, env, emit } = options;
  const endpoint = mirrorEndpoint(config, direction);
  return {
    name: config.name,
    direction,
    url: endpoint.url,
    view: options.view ?? endpoint.view,
    settings: settings.get(config.name) ?? {},
    credentials: async () => {
      const { accessPair, accessToken, profile } = requireMirrorCredentials(config, direction, env);
      return {
        id: accessPair?.[0],
        secret: accessPair?.[1],
        token: accessToken,
        profile,
        endpointUrl: endpoint.endpointUrl,
      };
    },
    cacheDir: configuration.paths.miscCache,
    emit,
  };
}
