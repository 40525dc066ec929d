import { BerthError, DEFAULT_LIMITS, isBerthError } from '@berth/base';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { configError } from '../errors.ts';
import { type ConfigNode, type KeyMark, type MapEntry, type MapNode, type Position, type ScalarNode } from './node.ts';
import { plainScalar } from './scalar.ts';

/** Limits of one YAML document (hostile-inputs §0). */
export interface YamlLimits {
  readonly yamlBytes: number;
  readonly yamlNodes: number;
  readonly jsonDepth: number;
}

export interface ParseYamlOptions {
  /** Names the document in messages and in positions. */
  readonly file: string;
  readonly limits?: YamlLimits;
  /** `file` is the name of a scope: positions carry no line. */
  readonly inMemory?: boolean;
}

/** A parsed document: the syntax tree with its ranges for edits, and the value. */
export interface YamlDocument {
  readonly document: Document.Parsed | undefined;
  /** `undefined` for a file that is empty or holds only comments. */
  readonly root: ConfigNode | undefined;
}

/**
 * Reads one YAML document in Spack's dialect (configuration §4). Refused as `config` with file, line and column: syntax
 * errors, several documents, duplicate keys, tags beyond the core ones, aliases of an enclosing node. Size, depth and
 * the number of nodes after expansion of aliases are limited (ERR_LIMIT).
 */
export function parseYaml(text: string, options: ParseYamlOptions): YamlDocument {
  const limits = options.limits ?? DEFAULT_LIMITS;
  checkSize(text, options.file, limits);
  const lines = new LineCounter();
  const document = guardStack(options.file, () => oneDocument(text, lines, options.file));
  if (document?.contents == null) return { document, root: undefined };
  const { contents } = document;
  const reader = new NodeReader(lines, { file: options.file, inMemory: options.inMemory ?? false, limits });
  return { document, root: guardStack(options.file, () => reader.read(contents, 1)) };
}

/** The value only. */
export function parseYamlValue(text: string, options: ParseYamlOptions): ConfigNode | undefined {
  return parseYaml(text, options).root;
}

const LARGE_TEXT = 1024 * 1024;

function checkSize(text: string, file: string, limits: YamlLimits): void {
  if (text.length > limits.yamlBytes) throw tooLarge(file, `larger than ${limits.yamlBytes} bytes`);
  if (text.length < LARGE_TEXT && text.length / 2 < limits.yamlNodes) return;
  // Counting tokens is far cheaper than building a tree that would be refused afterwards.
  let scalars = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '\x1f' && ++scalars > limits.yamlNodes) throw tooManyNodes(file, limits);
  }
}

function tooLarge(file: string, why: string): BerthError {
  return new BerthError('limit', 'ERR_LIMIT', `configuration: ${file}: ${why}`);
}

function tooManyNodes(file: string, limits: YamlLimits): BerthError {
  return tooLarge(file, `more than ${limits.yamlNodes} nodes after expansion of aliases`);
}

/** Deep nesting exhausts the parser's stack; that is a breach of the depth limit, not a crash. */
function guardStack<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (isBerthError(cause) || !String(cause).startsWith('RangeError')) throw cause;
    throw tooLarge(file, 'nested too deeply');
  }
}

function oneDocument(text: string, lines: LineCounter, file: string): Document.Parsed | undefined {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  });
  if (!Array.isArray(documents) || documents.length === 0) return undefined;
  const [first, second] = documents as Document.Parsed[];
  const problem = first?.errors[0];
  if (problem !== undefined)
    throw configError(positionOf(lines, file, problem.pos[0]), `not valid YAML: ${problem.message}`);
  if (second !== undefined) {
    throw configError(positionOf(lines, file, second.range[0]), 'a second YAML document begins here: one is allowed');
  }
  return first;
}

function positionOf(lines: LineCounter, file: string, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

const CORE_TAGS: Readonly<Record<string, readonly string[]>> = {
  scalar: ['!', '!!str', '!!int', '!!float', '!!bool', '!!null'],
  list: ['!!seq'],
  map: ['!!map'],
};

interface ReaderContext {
  readonly file: string;
  readonly inMemory: boolean;
  readonly limits: YamlLimits;
}

/** Turns the syntax tree into nodes, expanding aliases and merge keys under the limits. */
class NodeReader {
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #lines: LineCounter;
  readonly #context: ReaderContext;
  #count = 0;

  constructor(lines: LineCounter, context: ReaderContext) {
    this.#lines = lines;
    this.#context = context;
  }

  read(node: Node, depth: number): ConfigNode {
    const { file, limits } = this.#context;
    if (++this.#count > limits.yamlNodes) throw tooManyNodes(file, limits);
    if (depth > limits.jsonDepth) throw tooLarge(file, `nested deeper than ${limits.jsonDepth} levels`);
    if (isAlias(node)) return this.read(this.#target(node.source, node), depth);
    if (this.#open.has(node)) throw configError(this.#at(node), 'this anchor contains itself');
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node);
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, depth) : this.#list(node, depth);
    this.#open.delete(node);
    return value;
  }

  #target(name: string, alias: Node): Node {
    const target = this.#anchors.get(name);
    if (target === undefined) throw configError(this.#at(alias), `alias *${name} has no anchor before it`);
    return target;
  }

  #list(node: YAMLSeq, depth: number): ConfigNode {
    this.#checkTag(node, 'list');
    const items = node.items.map((item) => this.read(item as Node, depth + 1));
    return { kind: 'list', items, flow: node.flow === true, at: this.#at(node) };
  }

  #map(node: YAMLMap, depth: number): MapNode {
    this.#checkTag(node, 'map');
    const entries = new Map<string, MapEntry>();
    const merged: Node[] = [];
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      if (isMergeKey(pair.key)) {
        if (pair.value !== null) merged.push(pair.value);
        continue;
      }
      const entry = this.#entry(pair, depth);
      const earlier = entries.get(entry.key);
      if (earlier !== undefined) throw this.#duplicate(earlier, entry);
      entries.set(entry.key, entry);
    }
    for (const source of merged) this.#mergeInto(entries, source, depth);
    return { kind: 'map', entries, flow: node.flow === true, at: this.#at(node) };
  }

  #entry(pair: Pair<Node | null, Node | null>, depth: number): MapEntry {
    const keyNode = isAlias(pair.key) ? this.#target(pair.key.source, pair.key) : pair.key;
    const keyAt = this.#at(pair.key ?? pair.value);
    if (!isScalar(keyNode)) throw configError(keyAt, 'a key must be a plain word or a quoted text');
    if (keyNode.anchor !== undefined) this.#anchors.set(keyNode.anchor, keyNode);
    this.#checkTag(keyNode, 'scalar');
    const { text, mark } = splitMark(scalarText(keyNode));
    const value = pair.value === null ? this.#nothing(keyAt) : this.read(pair.value, depth + 1);
    return { key: text, mark, keyAt, value };
  }

  /** `<<`: keys of the mapping (or of each mapping of a list) that are not there yet. */
  #mergeInto(entries: Map<string, MapEntry>, source: Node, depth: number): void {
    const value = this.read(source, depth);
    for (const part of value.kind === 'list' ? value.items : [value]) {
      if (part.kind !== 'map')
        throw configError(this.#at(source), 'the value of << must be a mapping or a list of mappings');
      for (const [key, entry] of part.entries) if (!entries.has(key)) entries.set(key, entry);
    }
  }

  #scalar(node: Scalar): ScalarNode {
    this.#checkTag(node, 'scalar');
    const at = this.#at(node);
    const source = scalarText(node);
    const asText = node.type !== 'PLAIN' || node.tag?.endsWith(':str') === true || node.tag === '!';
    const meaning = asText ? { type: 'string' as const, value: source } : plainScalar(source);
    if (meaning.type !== 'string') return { kind: 'scalar', ...meaning, text: source, at };
    // A text that ends in a colon loses it, key or value (configuration §4).
    const text = splitMark(source).text;
    return { kind: 'scalar', type: 'string', value: text, text, at };
  }

  #nothing(at: Position): ScalarNode {
    return { kind: 'scalar', type: 'null', value: null, text: '', at };
  }

  #checkTag(node: Node, kind: 'scalar' | 'list' | 'map'): void {
    const { tag } = node as { tag?: string };
    if (tag === undefined) return;
    const short = tag.replace('tag:yaml.org,2002:', '!!');
    if (CORE_TAGS[kind]?.includes(short) === true) return;
    throw configError(
      this.#at(node),
      `the tag ${tag} is not allowed: only plain text, numbers, lists and mappings are`,
    );
  }

  #duplicate(earlier: MapEntry, later: MapEntry): BerthError {
    const { line = 0 } = earlier.keyAt;
    return configError(later.keyAt, `the key "${later.key}" is given twice: here and in line ${line}`, {
      hint: 'Keep one of the two.',
      details: { firstLine: line },
    });
  }

  #at(node: Node | null): Position {
    const { file, inMemory } = this.#context;
    return inMemory ? { file } : positionOf(this.#lines, file, node?.range?.[0] ?? 0);
  }
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

function scalarText(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : '';
}

/** `key:` is `key` with the override mark, unless there is an `@` in it (configuration §4). */
export function splitMark(text: string): { readonly text: string; readonly mark: KeyMark } {
  return text.endsWith(':') && !text.includes('@')
    ? { text: text.slice(0, -1), mark: 'override' }
    : { text, mark: 'merge' };
}
