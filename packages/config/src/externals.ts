import { configError } from './errors.ts';
import { type ExternalSection } from './sections/packages.ts';
import { type ConfigNode, nodeAt, type Position, toData } from './yaml/node.ts';

/** An installation that is there already, with the place it was written at (configuration §12.3). */
export interface ExternalEntry {
  readonly packageName: string;
  readonly section: ExternalSection;
  /** Absolute; `undefined` for one that is reached through environment modules. */
  readonly prefix: string | undefined;
  readonly at: Position;
}

/**
 * All externals of the merged `packages` section, in order. A prefix that is not absolute or climbs with `..`, or neither
 * prefix nor modules, is `config` (hostile-inputs L07).
 * @param substituteText replaces variables
 */
export function readExternals(
  packages: ConfigNode | undefined,
  substituteText: (text: string) => string,
): ExternalEntry[] {
  if (packages?.kind !== 'map') return [];
  return [...packages.entries.values()].flatMap(({ key, value }) => {
    const externals = nodeAt(value, ['externals']);
    return externals?.kind === 'list' ? externals.items.map((item) => readExternal(key, item, substituteText)) : [];
  });
}

function readExternal(packageName: string, node: ConfigNode, substituteText: (text: string) => string): ExternalEntry {
  const section = toData(node) as unknown as ExternalSection;
  const at = nodeAt(node, ['prefix'])?.at ?? node.at;
  if (section.prefix === undefined && (section.modules ?? []).length === 0) {
    throw configError(at, `packages:${packageName}: the external ${section.spec} has neither a prefix nor modules`);
  }
  const prefix = section.prefix === undefined ? undefined : substituteText(section.prefix);
  if (prefix !== undefined && (!/^(?:\/|[A-Za-z]:[\\/])/.test(prefix) || prefix.split(/[\\/]/).includes('..'))) {
    throw configError(
      at,
      `packages:${packageName}: the prefix ${prefix} of an external must be an absolute path without ..`,
    );
  }
  return { packageName, section, prefix, at };
}
