import { type Emit, errnoCode, messageOf, readAll } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { createReadStream } from 'node:fs';
import { isAbsolute, join } from 'node:path';

export interface AuthFilePlaces {
  readonly env: NodeJS.ProcessEnv;
  readonly homeDir: string;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Where podman, skopeo and docker keep log-ins, in the order in which berth reads them. `REGISTRY_AUTH_FILE` stands for podman's
 * own places, `DOCKER_CONFIG` for `~/.docker`.
 */
export function authFiles({ env, homeDir }: AuthFilePlaces): string[] {
  const folder = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && isAbsolute(value) ? value : undefined;
  };
  const runtime = folder('XDG_RUNTIME_DIR');
  const chosen = env['REGISTRY_AUTH_FILE'];
  const containers =
    chosen !== undefined && chosen !== ''
      ? [chosen]
      : [
          ...(runtime === undefined ? [] : [join(runtime, 'containers', 'auth.json')]),
          join(folder('XDG_CONFIG_HOME') ?? join(homeDir, '.config'), 'containers', 'auth.json'),
        ];
  return [...containers, join(folder('DOCKER_CONFIG') ?? join(homeDir, '.docker'), 'config.json')];
}

/** The text of an auth file; `undefined` when it is absent, or cannot be read, which is said in a warning. */
export async function readAuthFile(
  path: string,
  { emit, signal }: CallOptions & { readonly emit: Emit },
): Promise<Buffer | undefined> {
  try {
    return await readAll(createReadStream(path, { signal }) as AsyncIterable<Uint8Array>, {
      what: `credentials in ${path}`,
      maxBytes: MAX_BYTES,
    });
  } catch (error) {
    const errno = errnoCode(error);
    if (errno === undefined) throw error;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    const message = `credentials in ${path} are not used: ${messageOf(error)}`;
    emit({ type: 'warning', code: 'OCI_AUTH_FILE', message, hint: 'Make the file readable for yourself.' });
    return undefined;
  }
}
