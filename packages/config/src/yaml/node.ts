/** Where something was written. Lines and columns count from 1; absent for scopes held in memory. */
export interface Position {
  /** The file, or the name of the scope when it is held in memory. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** How a key combines with the same key of a lower scope (configuration §6): `key`, `key::`, `key+`, `key-`. */
export type KeyMark = 'merge' | 'override' | 'prepend' | 'append';

export type ScalarType = 'null' | 'boolean' | 'number' | 'string' | 'date';

/** A scalar with the text it was written as: `1.10` is the number 1.1 and the text `1.10`. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly type: ScalarType;
  readonly value: null | boolean | number | string;
  readonly text: string;
  readonly at: Position;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
  /** Written as `[a, b]`. */
  readonly flow: boolean;
  readonly at: Position;
}

export interface MapEntry {
  readonly key: string;
  readonly mark: KeyMark;
  readonly keyAt: Position;
  readonly value: ConfigNode;
}

export interface MapNode {
  readonly kind: 'map';
  /** In the order of the file; a name occurs once. */
  readonly entries: ReadonlyMap<string, MapEntry>;
  /** Written as `{a: b}`. */
  readonly flow: boolean;
  readonly at: Position;
}

/** A configuration value that remembers where each part of it came from. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

/** Plain data: what a node says without where it says it. */
export type ConfigData =
  null | boolean | number | string | Date | readonly ConfigData[] | { readonly [key: string]: ConfigData };

const NOWHERE: Position = { file: '<unknown file>' };

export function stringNode(text: string, at: Position = NOWHERE): ScalarNode {
  return { kind: 'scalar', type: 'string', value: text, text, at };
}

export function mapNode(entries: Iterable<MapEntry>, at: Position = NOWHERE): MapNode {
  return { kind: 'map', entries: new Map([...entries].map((entry) => [entry.key, entry])), flow: false, at };
}

/** The node at `path` below `node`; `undefined` where a step is missing. List steps are numbers. */
export function nodeAt(node: ConfigNode | undefined, path: readonly PropertyKey[]): ConfigNode | undefined {
  let current = node;
  for (const step of path) {
    if (current?.kind === 'map') current = current.entries.get(String(step))?.value;
    else if (current?.kind === 'list') current = current.items[Number(step)];
    else return undefined;
  }
  return current;
}

/** `node` with `value` at `path`; every step but the last must be there. */
export function replaceAt(node: ConfigNode, path: readonly string[], value: ConfigNode): ConfigNode {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const map = node.kind === 'map' ? node : mapNode([], node.at);
  const entry = map.entries.get(step);
  const below = entry?.value ?? mapNode([], node.at);
  const changed: MapEntry = {
    key: step,
    mark: 'merge',
    keyAt: node.at,
    ...entry,
    value: replaceAt(below, rest, value),
  };
  return { ...map, entries: new Map([...map.entries, [step, changed]]) };
}

/** Plain data of a node, for schemas and for JSON. Dates become `Date`, which no schema that wants text accepts. */
export function toData(node: ConfigNode): ConfigData {
  if (node.kind === 'list') return node.items.map(toData);
  if (node.kind === 'scalar') return node.type === 'date' ? new Date(node.text) : node.value;
  const data: Record<string, ConfigData> = {};
  for (const [key, entry] of node.entries) {
    const value = toData(entry.value);
    // `__proto__` must become an ordinary property (hostile-inputs Y08); for all others an assignment is far cheaper.
    if (key === '__proto__')
      Object.defineProperty(data, key, { value, enumerable: true, writable: true, configurable: true });
    else data[key] = value;
  }
  return data;
}

/** A node from plain data, every part of it said to come from `at`. Properties that are `undefined` are left out. */
export function fromData(data: unknown, at: Position = NOWHERE): ConfigNode {
  if (Array.isArray(data)) return { kind: 'list', items: data.map((item) => fromData(item, at)), flow: false, at };
  if (data instanceof Date) {
    const text = data.toISOString().slice(0, 10);
    return { kind: 'scalar', type: 'date', value: text, text, at };
  }
  if (typeof data === 'object' && data !== null) {
    const known = Object.entries(data).filter(([, value]) => value !== undefined);
    return mapNode(
      known.map(([key, value]) => ({ key, mark: 'merge', keyAt: at, value: fromData(value, at) })),
      at,
    );
  }
  if (typeof data === 'string') return stringNode(data, at);
  if (typeof data === 'boolean') return { kind: 'scalar', type: 'boolean', value: data, text: String(data), at };
  if (typeof data === 'number') return { kind: 'scalar', type: 'number', value: data, text: String(data), at };
  return { kind: 'scalar', type: 'null', value: null, text: 'null', at };
}

/** Deep equality of what two nodes say, marks of keys included; positions and style do not count. */
export function sameNode(left: ConfigNode, right: ConfigNode): boolean {
  if (left.kind === 'scalar') return right.kind === 'scalar' && left.type === right.type && left.value === right.value;
  if (left.kind === 'list') return right.kind === 'list' && sameItems(left.items, right.items);
  return right.kind === 'map' && sameEntries(left.entries, right.entries);
}

function sameItems(left: readonly ConfigNode[], right: readonly ConfigNode[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, index) => sameNode(item, right[index] ?? item));
}

function sameEntries(left: MapNode['entries'], right: MapNode['entries']): boolean {
  if (left.size !== right.size) return false;
  for (const [key, entry] of left) {
    const other = right.get(key);
    if (other?.mark !== entry.mark || !sameNode(entry.value, other.value)) return false;
  }
  return true;
}
