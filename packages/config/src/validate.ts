import { type BerthError, type Emit, type z } from '@berth/base';
import { configError, formatPosition, nearest } from './errors.ts';
import { mergeNodes } from './merge.ts';
import { alternatives, knownKeys, schemasAt, schemasUnder } from './schema-walk.ts';
import { type ConfigNode, type MapEntry, type MapNode, nodeAt, type Position, toData } from './yaml/node.ts';

type Issue = z.core.$ZodIssue;

/**
 * `node` with its `key+` and `key-` read as marks wherever `key` is a known key of a closed mapping (configuration §4).
 * Together with the plain key both count, the marked one last (hostile-inputs Y13).
 */
export function readMarks(node: ConfigNode, schema: z.ZodType): ConfigNode {
  return remark(node, alternatives(schema));
}

function remark(node: ConfigNode, schemas: readonly z.ZodType[]): ConfigNode {
  if (node.kind === 'scalar' || schemas.length === 0) return node;
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item, index) => remark(item, schemasUnder(schemas, index))) };
  }
  const known = knownKeys(schemas);
  const entries = new Map<string, MapEntry>();
  for (const found of node.entries.values()) {
    const entry = known?.closed === true ? markedEntry(found, known.keys) : found;
    const value = remark(entry.value, schemasUnder(schemas, entry.key));
    const plain = entries.get(entry.key);
    if (plain === undefined) entries.set(entry.key, { ...entry, value });
    else entries.set(entry.key, { ...plain, value: mergeNodes(plain.value, value, entry.mark) });
  }
  return { ...node, entries };
}

function markedEntry(entry: MapEntry, keys: ReadonlySet<string>): MapEntry {
  const [, bare = '', sign] = /^(.+)([+-])$/.exec(entry.key) ?? [];
  if (sign === undefined || entry.mark !== 'merge' || keys.has(entry.key) || !keys.has(bare)) return entry;
  return { ...entry, key: bare, mark: sign === '+' ? 'prepend' : 'append' };
}

/**
 * Checks `node` against `schema`. The first violation is thrown as `config`, with the place of the offending value or key
 * and, for a key nobody knows, the nearest one (configuration §9, hostile-inputs Y09, Y10).
 */
export function checkNode(node: ConfigNode, schema: z.ZodType): void {
  const result = schema.safeParse(toData(node));
  if (result.success) return;
  const { issues } = result.error;
  // A misspelt key is the reason why the right one is missing.
  const issue = issues.find(({ code, path }) => code === 'unrecognized_keys' && path.length === 0) ?? issues[0];
  if (issue !== undefined) throw issueError(node, schema, innermost(issue));
}

/** Warns about keys of open mappings that berth does not know: most often a slip of the pen. */
export function warnUnknownKeys(node: ConfigNode, schema: z.ZodType, emit: Emit): void {
  walkUnknown(node, alternatives(schema), emit);
}

function walkUnknown(node: ConfigNode, schemas: readonly z.ZodType[], emit: Emit): void {
  if (schemas.length === 0 || node.kind === 'scalar') return;
  if (node.kind === 'list') {
    node.items.forEach((item, index) => {
      walkUnknown(item, schemasUnder(schemas, index), emit);
    });
    return;
  }
  const known = knownKeys(schemas);
  for (const entry of node.entries.values()) {
    if (known !== undefined && known.keys.size > 0 && !known.keys.has(entry.key)) emitUnknown(entry, known.keys, emit);
    walkUnknown(entry.value, schemasUnder(schemas, entry.key), emit);
  }
}

function emitUnknown(entry: MapEntry, keys: ReadonlySet<string>, emit: Emit): void {
  const near = nearest(entry.key, keys);
  emit({
    type: 'warning',
    code: 'WARN_CONFIG_UNKNOWN_KEY',
    message: `configuration: ${formatPosition(entry.keyAt)}: the key "${entry.key}" is not known and has no effect`,
    hint: near === undefined ? undefined : `Did you mean "${near}"?`,
  });
}

/** Of the alternatives of a union, the one that got furthest; its issue says what is really wrong. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors
    .map((issues) => issues[0])
    .filter((branch) => branch !== undefined)
    .map((branch) => innermost(branch));
  const best = branches.sort((left, right) => progress(right) - progress(left))[0];
  if (best === undefined || progress(best) === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

/** How far a value got in one alternative: wrong type at once is nothing. */
function progress(issue: Issue): number {
  if (issue.path.length > 0) return issue.path.length + (issue.code === 'invalid_type' ? 1 : 2);
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union' ? 0 : 1;
}

function issueError(node: ConfigNode, schema: z.ZodType, issue: Issue): BerthError {
  const path = issue.path.map(String);
  const where = path.length === 0 ? '' : `${path.join(':')}: `;
  if (issue.code === 'unrecognized_keys')
    return unknownKey({ node, schema, path: issue.path, key: issue.keys[0] ?? '' });
  const found = nodeAt(node, issue.path);
  const at = positionOf(node, issue.path);
  const quote = needsQuotes(issue, found);
  return configError(at, `${where}${explain(issue, found, schema)}`, {
    hint: quote ? 'Put quotes around the value.' : undefined,
    details: { path: path.join(':') },
  });
}

function unknownKey(options: {
  readonly node: ConfigNode;
  readonly schema: z.ZodType;
  readonly path: readonly PropertyKey[];
  readonly key: string;
}): BerthError {
  const { node, schema, path, key } = options;
  const parent = nodeAt(node, path);
  const entry = parent?.kind === 'map' ? parent.entries.get(key) : undefined;
  const keys = knownKeys(schemasAt(schema, path))?.keys ?? new Set<string>();
  const near = nearest(key, keys);
  const where = path.length === 0 ? '' : `${path.map(String).join(':')}: `;
  const known = keys.size > 0 && keys.size <= 30 ? ` (known: ${[...keys].join(', ')})` : '';
  return configError(entry?.keyAt ?? node.at, `${where}the key "${key}" is not known${known}`, {
    hint: near === undefined ? undefined : `Did you mean "${near}"?`,
    details: { path: [...path, key].map(String).join(':'), nearest: near },
  });
}

function needsQuotes(issue: Issue, found: ConfigNode | undefined): boolean {
  return found?.kind === 'scalar' && found.type !== 'string' && found.text !== '' && expectsText(issue);
}

function expectsText(issue: Issue): boolean {
  if (issue.code === 'invalid_type') return issue.expected === 'string';
  return issue.code === 'invalid_union' && issue.errors.some((issues) => issues.some((inner) => expectsText(inner)));
}

function explain(issue: Issue, found: ConfigNode | undefined, schema: z.ZodType): string {
  const what = describe(found);
  if (issue.code === 'custom' || (issue.code === 'invalid_format' && issue.message.startsWith('expected'))) {
    return issue.message;
  }
  if (issue.code === 'invalid_type') return `expected ${article(issue.expected)}, found ${what}`;
  if (issue.code === 'invalid_value') return `expected ${issue.values.map(String).join(' or ')}, found ${what}`;
  if (issue.code === 'too_small') return `expected at least ${String(issue.minimum)}, found ${what}`;
  if (issue.code === 'too_big') return `expected at most ${String(issue.maximum)}, found ${what}`;
  if (issue.code === 'invalid_union') {
    const kinds = new Set(schemasAt(schema, issue.path).map((alternative) => article(alternative.def.type)));
    return `expected ${[...kinds].join(' or ')}, found ${what}`;
  }
  return `${issue.message.toLowerCase()}, found ${what}`;
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  literal: 'one of the known words',
  enum: 'one of the known words',
  null: 'null',
};

function article(type: string): string {
  return ARTICLES[type] ?? type;
}

function describe(node: ConfigNode | undefined): string {
  if (node === undefined) return 'nothing';
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  if (node.type === 'null') return 'nothing';
  return `the ${node.type === 'string' ? 'text' : node.type} ${JSON.stringify(node.text.slice(0, 60))}`;
}

/** The place of a value, or the nearest one around it that is known. */
function positionOf(root: ConfigNode, path: readonly PropertyKey[]): Position {
  for (let length = path.length; length > 0; length -= 1) {
    const found = nodeAt(root, path.slice(0, length));
    if (found !== undefined) return found.at;
  }
  return (root as MapNode).at;
}
