import { join, resolve } from 'node:path';
import { type Emit } from '@berth/base';
import { type ProcessVariables, type HostFacts } from '../host.ts';
import { checkedManifest } from '../scopes/open.ts';
import { type MapNode, nodeAt } from '../yaml/node.ts';
import { LOCKFILE_NAME } from './find.ts';
import { type Lockfile, readLockfile } from './lockfile.ts';
import { type ManifestText, readManifest } from './manifest.ts';
import { expandSpecs, type SpecListOptions, type UserSpec } from './spec-lists.ts';

/** A manifest, checked whole. */
export interface Manifest extends ManifestText {
  /** What stands under `spack:`. */
  readonly spack: MapNode;
}

/** A folder with a manifest, and with a lock file once it was concretized (configuration §16.1). */
export interface EnvironmentFiles {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly lock: Lockfile | undefined;
}

/** Reads and checks `spack.yaml` and `spack.lock`. */
export async function readEnvironment(
  directory: string,
  options: { readonly signal: AbortSignal; readonly emit?: Emit },
): Promise<EnvironmentFiles> {
  const emit = options.emit ?? ((): void => undefined);
  const manifest = await readManifest(directory, options);
  const spack = checkedManifest(manifest.root, { emit, resolvePath: (path) => resolve(directory, path) });
  const lock = await readLockfile(join(directory, LOCKFILE_NAME), options);
  return { directory, manifest: { ...manifest, spack }, lock };
}

/** The specs of a manifest, its lists expanded with the definitions of all scopes, or its own where none are given. */
export function manifestSpecs(
  manifest: Manifest,
  options: Omit<SpecListOptions, 'when'> & {
    readonly env: ProcessVariables;
    readonly host: HostFacts;
    readonly definitions?: Parameters<typeof expandSpecs>[0]['definitions'];
  },
): UserSpec[] {
  const definitions = options.definitions ?? nodeAt(manifest.spack, ['definitions']);
  const when = { env: options.env, host: options.host };
  return expandSpecs({ specs: nodeAt(manifest.spack, ['specs']), definitions }, { ...options, when });
}

/** Folders of the environments whose roots count here too (configuration §16.5). */
export function includedEnvironments(manifest: Manifest): string[] {
  const node = nodeAt(manifest.spack, ['include_concrete']);
  const items = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
  return items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
}
