import { type Emit } from '@berth/base';
import { type Configuration } from '@berth/config';
import { openStore, type Store } from './store.ts';

/** The install tree that the configuration describes, with its upstreams. */
export async function openConfiguredStore(
  configuration: Configuration,
  options: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<Store> {
  const { unpaddedRoot, paddedLength, projections, hashLength } = configuration.installTree;
  const { enabled, databaseTimeoutMs, packageTimeoutMs } = configuration.locks;
  const upstreams = Object.entries(configuration.upstreams());
  return openStore({
    root: unpaddedRoot,
    paddedLength,
    hashLength,
    projections: new Map(projections.map(({ spec, format }) => [spec, format])),
    permissionsOf: ({ name }) => configuration.packagesPermissions(name),
    allowSgid: configuration.config().allow_sgid ?? true,
    databaseLockTimeoutMs: databaseTimeoutMs,
    packageLockTimeoutMs: packageTimeoutMs,
    locks: enabled,
    upstreams: upstreams.map(([name, { install_tree: tree }]) => ({ name, root: configuration.resolvePath(tree) })),
    ...options,
  });
}
