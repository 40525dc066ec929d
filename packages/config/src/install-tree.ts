import { configError } from './errors.ts';
import { type HostFacts } from './host.ts';
import { type ConfigNode, nodeAt, type Position } from './yaml/node.ts';

/** Spec or `all`, and the format of the path below the root. */
export interface Projection {
  readonly spec: string;
  readonly format: string;
}

/** `config:install_tree`, resolved (store-and-specs-on-disk C.1). */
export interface InstallTree {
  /** Absolute, without padding. */
  readonly unpaddedRoot: string;
  /** Total length of the padded root that was asked for; 0 is none. */
  readonly paddedLength: number;
  /** As configured, in order. */
  readonly projections: readonly Projection[];
  readonly hashLength: number | undefined;
}

const RESERVED_FOR_PREFIX = 300;
const DEFAULT_PROJECTION = '{architecture.platform}-{architecture.target}/{name}-{version}-{hash}';

export interface InstallTreeContext {
  readonly host: HostFacts;
  /** A path of the configuration made absolute. */
  readonly resolvePath: (text: string, at: Position) => string;
}

/** Reads the tree from the merged `config` section. A projection that cannot be right is `config`. */
export function resolveInstallTree(config: ConfigNode | undefined, context: InstallTreeContext): InstallTree {
  const root = scalarText(config, ['install_tree', 'root']) ?? { text: '$spack/opt/spack', at: NOWHERE };
  const legacy = splitLegacyPadding(root.text);
  const unpaddedRoot = context.resolvePath(legacy.text, root.at);
  const paddedLength =
    paddedLengthOf(nodeAt(config, ['install_tree', 'padded_length']), context.host) ?? legacy.length ?? 0;
  const hashLength = nodeAt(config, ['install_hash_length']);
  const length = hashLength?.kind === 'scalar' && typeof hashLength.value === 'number' ? hashLength.value : undefined;
  return {
    unpaddedRoot,
    paddedLength,
    projections: projectionsOf(nodeAt(config, ['install_tree', 'projections']), length),
    hashLength: length,
  };
}

const NOWHERE: Position = { file: 'defaults' };

function scalarText(node: ConfigNode | undefined, path: readonly string[]): { text: string; at: Position } | undefined {
  const found = nodeAt(node, path);
  return found?.kind === 'scalar' && found.type === 'string' ? { text: found.text, at: found.at } : undefined;
}

function paddedLengthOf(node: ConfigNode | undefined, host: HostFacts): number | undefined {
  if (node?.kind !== 'scalar') return undefined;
  if (typeof node.value === 'number') return node.value;
  if (node.value === true) return host.pathMax - RESERVED_FOR_PREFIX;
  return node.value === false ? 0 : undefined;
}

/** `$padding:60` or `$padding` inside the root, as older configurations have it. */
function splitLegacyPadding(root: string): { readonly text: string; readonly length: number | undefined } {
  const match = /\/?\$(?:\{padding(?::(\d+))?\}|padding(?::(\d+))?)/.exec(root);
  if (match === null) return { text: root, length: undefined };
  const digits = match[1] ?? match[2];
  return { text: root.replace(match[0], ''), length: digits === undefined ? undefined : Number(digits) };
}

function projectionsOf(node: ConfigNode | undefined, hashLength: number | undefined): Projection[] {
  if (node?.kind !== 'map' || node.entries.size === 0) {
    return [{ spec: 'all', format: DEFAULT_PROJECTION }];
  }
  return [...node.entries.values()].map(({ key, value }) => {
    const format = value.kind === 'scalar' ? value.text : '';
    checkProjection(format, value.at);
    if (hashLength !== undefined && !format.includes('{hash}')) {
      throw configError(
        value.at,
        `the projection "${format}" has no {hash}, which config:install_hash_length is about`,
      );
    }
    return { spec: key, format };
  });
}

/** A projection stays below the root, whatever it is filled with (hostile-inputs L06). */
function checkProjection(format: string, at: Position): void {
  const parts = format.split('/');
  if (format === '' || format.startsWith('/') || parts.includes('..') || parts.includes('.')) {
    throw configError(at, `the projection "${format}" must be a relative path without . and ..`);
  }
}
