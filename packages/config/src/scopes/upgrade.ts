import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Emit } from '@berth/base';
import { formatPosition } from '../errors.ts';
import { type SectionName } from '../sections/index.ts';
import {
  type ConfigNode,
  fromData,
  type ListNode,
  type MapEntry,
  type MapNode,
  mapNode,
  nodeAt,
  stringNode,
} from '../yaml/node.ts';
import { parseYamlValue } from '../yaml/parse.ts';

/** How older forms of a section are read (configuration §6): each scope's data is upgraded before it is merged. */
export interface UpgradeContext {
  readonly emit: Emit;
  /** The folder of a package repository that is named in a list. */
  readonly resolvePath: (path: string, file: string) => string;
}

type Upgrade = (node: ConfigNode, context: UpgradeContext) => ConfigNode;

const UPGRADES: Partial<Record<SectionName, Upgrade>> = {
  packages: upgradePackages,
  config: upgradeConfig,
  repos: upgradeRepos,
};

export function upgradeSection(name: SectionName, node: ConfigNode, context: UpgradeContext): ConfigNode {
  return UPGRADES[name]?.(node, context) ?? node;
}

function mapEntries(node: MapNode, change: (entry: MapEntry) => ConfigNode): MapNode {
  const entries = [...node.entries].map(([key, entry]): [string, MapEntry] => [
    key,
    { ...entry, value: change(entry) },
  ]);
  return { ...node, entries: new Map(entries) };
}

/** Versions written as numbers are texts: the very text of the file, never `1.1` for `1.10` (hostile-inputs Y06). */
function upgradePackages(node: ConfigNode, context: UpgradeContext): ConfigNode {
  if (node.kind !== 'map') return node;
  return mapEntries(node, ({ value }) => {
    if (value.kind !== 'map') return value;
    return mapEntries(value, (entry) =>
      entry.key === 'version' && entry.value.kind === 'list' ? textItems(entry.value, context) : entry.value,
    );
  });
}

function textItems(list: ListNode, context: UpgradeContext): ListNode {
  const items = list.items.map((item) => {
    if (item.kind !== 'scalar' || (item.type !== 'number' && item.type !== 'date')) return item;
    context.emit({
      type: 'warning',
      code: 'WARN_CONFIG_UNQUOTED_VERSION',
      message: `configuration: ${formatPosition(item.at)}: the version ${item.text} is written as a ${item.type}`,
      hint: `Write '${item.text}' in quotes.`,
    });
    return stringNode(item.text, item.at);
  });
  return { ...list, items };
}

/** `shared_linking: rpath` is `shared_linking: {type: rpath}`. */
function upgradeConfig(node: ConfigNode): ConfigNode {
  if (node.kind !== 'map') return node;
  return mapEntries(node, ({ key, value, keyAt }) =>
    key === 'shared_linking' && value.kind === 'scalar' && value.type === 'string'
      ? mapNode([{ key: 'type', mark: 'merge', keyAt, value }], value.at)
      : value,
  );
}

/** A list of folders is a mapping by the namespace each repository declares (configuration §14). */
function upgradeRepos(node: ConfigNode, context: UpgradeContext): ConfigNode {
  if (node.kind !== 'list') return node;
  const entries: MapEntry[] = [];
  for (const item of node.items) {
    if (item.kind !== 'scalar' || item.type !== 'string') return node;
    const namespace = readNamespace(context.resolvePath(item.text, item.at.file));
    if (namespace === undefined) warnUnreadable(item.text, formatPosition(item.at), context.emit);
    else entries.push({ key: namespace, mark: 'merge', keyAt: item.at, value: item });
  }
  return mapNode(entries, node.at);
}

function warnUnreadable(path: string, where: string, emit: Emit): void {
  emit({
    type: 'warning',
    code: 'WARN_CONFIG_REPOSITORY',
    message: `configuration: ${where}: the package repository ${path} has no readable repo.yaml and is left out`,
    hint: 'Write repos as a mapping of names to folders.',
  });
}

function readNamespace(directory: string): string | undefined {
  const file = join(directory, 'repo.yaml');
  try {
    const root = parseYamlValue(readFileSync(file, 'utf8'), { file }) ?? fromData({});
    const namespace = nodeAt(root, ['repo', 'namespace']);
    return namespace?.kind === 'scalar' && namespace.type === 'string' ? namespace.text : basename(directory);
  } catch {
    // Whatever is wrong with it, the repository is left out with a warning.
    return undefined;
  }
}
