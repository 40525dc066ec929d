import { type ConfigSetting, nestSetting, type PathElement } from './config-path.ts';
import { configError, nearest } from './errors.ts';
import { mergeNodes } from './merge.ts';
import { alternatives, isListSchema, schemasUnder } from './schema-walk.ts';
import { upgradeSection } from './scopes/upgrade.ts';
import {
  isSectionName,
  SECTION_NAMES,
  SECTION_SCHEMAS,
  sectionFileSchema,
  type SectionName,
} from './sections/index.ts';
import { checkNode } from './validate.ts';
import {
  type ConfigNode,
  type ListNode,
  type MapEntry,
  type MapNode,
  mapNode,
  nodeAt,
  type Position,
  replaceAt,
  sameNode,
} from './yaml/node.ts';

/** The section a setting is about; anything else is a `config` error that lists the sections. */
export function sectionOfSetting(keys: readonly PathElement[], at: Position): SectionName {
  const name = keys[0]?.name ?? '';
  if (isSectionName(name)) return name;
  const near = nearest(name, SECTION_NAMES);
  throw configError(at, `there is no section "${name}" (known: ${SECTION_NAMES.join(', ')})`, {
    hint: near === undefined ? undefined : `Did you mean "${near}"?`,
  });
}

/**
 * `sections` of one scope with a setting added (configuration §7): existing mappings are gone down, what is missing is
 * made, lists are joined; a value where a list belongs becomes a list of one. `::` keeps what the scope itself says and
 * marks the key for the scopes below. The result is checked.
 */
export function addSetting(sections: MapNode, setting: ConfigSetting, at: Position): MapNode {
  const name = sectionOfSetting(setting.keys, at);
  const value = listWhereNeeded(sections, setting);
  const merged = addInto(sections, nestSetting(setting.keys, value, at));
  const upgraded = upgradeSection(name, nodeAt(merged, [name]) ?? value, {
    emit: () => undefined,
    resolvePath: (path) => path,
  });
  const changed = replaceAt(merged, [name], upgraded) as MapNode;
  checkSection(changed, name);
  return changed;
}

/** Checks one section of many, so that messages name the whole path. */
function checkSection(sections: MapNode, name: SectionName): void {
  const entry = sections.entries.get(name);
  if (entry !== undefined) checkNode(mapNode([entry], entry.keyAt), sectionFileSchema(name));
}

/** Like a merge of scopes, but both are one scope: the marks of its keys go on counting for those below. */
function addInto(existing: MapNode, added: MapNode): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of added.entries) {
    const present = existing.entries.get(key);
    if (present === undefined) entries.set(key, entry);
    else entries.set(key, addEntry(present, entry));
  }
  for (const [key, entry] of existing.entries) if (!entries.has(key)) entries.set(key, entry);
  return { ...existing, entries, flow: existing.flow && existing.entries.size > 0 };
}

function addEntry(present: MapEntry, added: MapEntry): MapEntry {
  const overrides = added.mark === 'override';
  const value =
    present.value.kind === 'map' && added.value.kind === 'map'
      ? addInto(present.value, added.value)
      : mergeNodes(present.value, added.value, overrides ? 'merge' : added.mark);
  return { ...present, mark: overrides ? 'override' : present.mark, value };
}

/** Files hold no prepend and append marks, which Spack would take for parts of the key (configuration §4). */
export function withoutSigns<Node extends ConfigNode>(node: Node): Node {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => withoutSigns(item)) };
  if (node.kind !== 'map') return node;
  const entries = [...node.entries].map(([key, entry]): [string, MapEntry] => {
    const mark = entry.mark === 'override' ? 'override' : 'merge';
    return [key, { ...entry, mark, value: withoutSigns(entry.value) }];
  });
  return { ...node, entries: new Map(entries) };
}

function listWhereNeeded(sections: MapNode, { keys, value }: ConfigSetting): ConfigNode {
  if (value.kind === 'list') return value;
  const path = keys.map(({ name }) => name);
  const existing = nodeAt(sections, path);
  if (existing?.kind === 'list') return listOf(value);
  const [section = '', ...rest] = path;
  if (!isSectionName(section)) return value;
  const schemas = rest.reduce((under, step) => schemasUnder(under, step), alternatives(SECTION_SCHEMAS[section]));
  const onlyLists = schemas.length > 0 && schemas.every((schema) => isListSchema(schema));
  return onlyLists && value.kind === 'scalar' ? listOf(value) : value;
}

function listOf(value: ConfigNode): ListNode {
  return { kind: 'list', items: [value], flow: true, at: value.at };
}

/**
 * `sections` without what a setting names: the element of a list, or a key, that of the last element of the path. The
 * same object when there is no such thing.
 */
export function removeSetting(sections: MapNode, setting: ConfigSetting, at: Position): MapNode {
  const name = sectionOfSetting(setting.keys, at);
  const path = setting.keys.map((key) => key.name);
  const parent = nodeAt(sections, path);
  const smaller = parent === undefined ? undefined : without(parent, setting.value);
  if (smaller === undefined) return sections;
  const changed = replaceAt(sections, path, smaller) as MapNode;
  checkSection(changed, name);
  return changed;
}

function without(node: ConfigNode, value: ConfigNode): ConfigNode | undefined {
  if (node.kind === 'list') {
    const items = node.items.filter((item) => !sameNode(item, value));
    return items.length === node.items.length ? undefined : { ...node, items };
  }
  if (node.kind !== 'map' || value.kind !== 'scalar' || !node.entries.has(value.text)) return undefined;
  const entries = new Map(node.entries);
  entries.delete(value.text);
  return { ...node, entries };
}
