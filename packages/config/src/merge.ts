import {
  type ConfigNode,
  type KeyMark,
  type ListNode,
  type MapEntry,
  type MapNode,
  sameNode,
  type ScalarNode,
} from './yaml/node.ts';

/**
 * The effective value of `lower` overlaid with `higher` (configuration §6): lists are joined, mappings merged key by key,
 * everything else replaced; `mark` is that of the key both values stand under. Each part keeps the position it was
 * written at; a key that both have keeps that of `higher`, with its mark, which counts again when the result is itself
 * laid over something lower. Linear in the size of both.
 */
export function mergeNodes(lower: ConfigNode | undefined, higher: ConfigNode, mark: KeyMark = 'merge'): ConfigNode {
  if (lower === undefined || mark === 'override') return higher;
  if (lower.kind === 'list' && higher.kind === 'list') return mergeLists(lower, higher, mark);
  if (lower.kind === 'map' && higher.kind === 'map') return mergeMaps(lower, higher);
  if (isString(lower) && isString(higher)) return mergeStrings(lower, higher, mark);
  return higher;
}

/** Higher scopes come last; `undefined` when no scope has the section. */
export function mergeAll(nodes: Iterable<ConfigNode>): ConfigNode | undefined {
  let merged: ConfigNode | undefined;
  for (const node of nodes) merged = mergeNodes(merged, node);
  return merged;
}

function isString(node: ConfigNode): node is ScalarNode {
  return node.kind === 'scalar' && node.type === 'string';
}

function mergeLists(lower: ListNode, higher: ListNode, mark: KeyMark): ListNode {
  const taken = new NodeSet(higher.items);
  const rest = lower.items.filter((item) => !taken.has(item));
  const items = mark === 'append' ? [...rest, ...higher.items] : [...higher.items, ...rest];
  return { ...higher, items, flow: lower.flow && lower.items.length > 0 };
}

function mergeMaps(lower: MapNode, higher: MapNode): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of higher.entries) {
    const below = lower.entries.get(key)?.value;
    entries.set(key, { ...entry, value: mergeNodes(below, entry.value, entry.mark) });
  }
  for (const [key, entry] of lower.entries) if (!entries.has(key)) entries.set(key, entry);
  return { ...higher, entries, flow: lower.flow && lower.entries.size > 0 };
}

function mergeStrings(lower: ScalarNode, higher: ScalarNode, mark: KeyMark): ScalarNode {
  if (mark !== 'prepend' && mark !== 'append') return higher;
  const text = mark === 'prepend' ? `${higher.text}${lower.text}` : `${lower.text}${higher.text}`;
  return { ...higher, text, value: text };
}

/** Membership by what nodes say; scalars in constant time. */
class NodeSet {
  readonly #scalars = new Set<string>();
  readonly #others: ConfigNode[] = [];

  constructor(nodes: Iterable<ConfigNode>) {
    for (const node of nodes) {
      if (node.kind === 'scalar') this.#scalars.add(scalarKey(node));
      else this.#others.push(node);
    }
  }

  has(node: ConfigNode): boolean {
    if (node.kind === 'scalar') return this.#scalars.has(scalarKey(node));
    return this.#others.some((other) => sameNode(other, node));
  }
}

function scalarKey(node: ScalarNode): string {
  return `${node.type} ${String(node.value)}`;
}
