import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { formatInline, formatKey, formatYaml, formatYamlLines } from './format.ts';
import { type ConfigNode, type ListNode, type MapEntry, type MapNode, sameNode } from './node.ts';
import { parseYaml, splitMark } from './parse.ts';

/** A piece of text and what takes its place. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Raised inside when a construct cannot be changed in place; the document is then written anew. */
class NotInPlace extends Error {}

/**
 * `text` changed so that it says `wanted`: lines that say the same stay byte for byte, comments and order included. Keys
 * that are new go where `wanted` has them. A document whose anchors or merge keys are in the way is written anew.
 */
export function rewriteYaml(text: string, desired: MapNode, file: string): string {
  const wanted = spelled(desired) as MapNode;
  const { document, root } = parseYaml(text, { file });
  if (root !== undefined && sameNode(root, wanted)) return text;
  if (root?.kind !== 'map' || !isMap(document?.contents)) return appendDocument(text, wanted);
  const rewritten = tryInPlace(text, { ast: document.contents, old: root, wanted });
  return rewritten !== undefined && says(rewritten, wanted, file) ? rewritten : formatYaml(wanted);
}

/** `node` with its prepend and append marks as part of the keys, which is how a file spells them. */
function spelled(node: ConfigNode): ConfigNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') return { ...node, items: node.items.map(spelled) };
  const entries = [...node.entries.values()].map((entry): MapEntry => {
    const value = spelled(entry.value);
    if (entry.mark === 'merge' || entry.mark === 'override') return { ...entry, value };
    return { ...entry, key: `${entry.key}${entry.mark === 'prepend' ? '+' : '-'}`, mark: 'merge', value };
  });
  return { ...node, entries: new Map(entries.map((entry) => [entry.key, entry])) };
}

function appendDocument(text: string, wanted: MapNode): string {
  const comments = text.split(/(?<=\n)/).filter((line) => /^\s*(?:#|\r?\n?$)/.test(line));
  const kept = comments.join('');
  return `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${formatYaml(wanted)}`;
}

function says(text: string, wanted: MapNode, file: string): boolean {
  try {
    const { root } = parseYaml(text, { file });
    return root !== undefined && sameNode(root, wanted);
  } catch {
    return false;
  }
}

interface MapChange {
  readonly ast: YAMLMap;
  readonly old: MapNode;
  readonly wanted: MapNode;
}

function tryInPlace(text: string, change: MapChange): string | undefined {
  const splicer = new Splicer(text);
  try {
    splicer.map(change);
  } catch (error) {
    if (error instanceof NotInPlace) return undefined;
    throw error;
  }
  return splicer.apply();
}

/** Collects the splices that turn one syntax tree into what is wanted. */
class Splicer {
  readonly #text: string;
  readonly #newline: string;
  readonly #splices: Splice[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#newline = text.includes('\r\n') ? '\r\n' : '\n';
  }

  apply(): string {
    let result = this.#text;
    // Insertions at one place come out in the order they were made.
    const ordered = this.#splices.map((splice, order) => ({ ...splice, order }));
    ordered.sort((left, right) => right.start - left.start || right.order - left.order);
    for (const { start, end, text } of ordered) result = result.slice(0, start) + text + result.slice(end);
    return result;
  }

  /** A mapping in block style that stays one. */
  map({ ast, old, wanted }: MapChange): void {
    const pairs = ast.items as Pair<Node, Node | null>[];
    const names = pairs.map((pair) => keyName(pair));
    const indent = this.#indentOf(pairs[0]?.key);
    pairs.forEach((pair, index) => {
      const name = names[index] ?? '';
      const before = old.entries.get(name);
      const after = wanted.entries.get(name);
      if (after === undefined || before === undefined) this.#delete(pair);
      else this.#entry(pair, before, after);
    });
    this.#insertKeys({ pairs, names, wanted, indent });
  }

  #insertKeys(options: { pairs: Pair<Node, Node | null>[]; names: string[]; wanted: MapNode; indent: string }): void {
    const { pairs, names, wanted, indent } = options;
    const places = new Map(names.map((name, index) => [name, index]));
    let pending: MapEntry[] = [];
    for (const entry of wanted.entries.values()) {
      const place = places.get(entry.key);
      if (place === undefined) {
        pending.push(entry);
        continue;
      }
      const start = this.#lineStart(startOf(pairs[place]?.key));
      this.#insert(start, this.#block(pending, indent));
      pending = [];
    }
    const last = pairs.at(-1);
    if (last !== undefined) this.#insert(this.#endOfLine(this.#pairEnd(last)), this.#block(pending, indent));
  }

  #block(entries: readonly MapEntry[], indent: string): string {
    if (entries.length === 0) return '';
    const node: MapNode = {
      kind: 'map',
      entries: new Map(entries.map((entry) => [entry.key, entry])),
      flow: false,
      at: { file: '' },
    };
    return this.#lines(node, indent);
  }

  #lines(node: ConfigNode, indent: string): string {
    return formatYamlLines(node)
      .map(({ text }) => `${indent}${text}${this.#newline}`)
      .join('');
  }

  #insert(at: number, text: string): void {
    if (text === '') return;
    const needsNewline = at > 0 && this.#text[at - 1] !== '\n';
    this.#splices.push({ start: at, end: at, text: needsNewline ? this.#newline + text : text });
  }

  #delete(pair: Pair<Node, Node | null>): void {
    this.#indentOf(pair.key);
    this.#splices.push({
      start: this.#lineStart(startOf(pair.key)),
      end: this.#endOfLine(this.#pairEnd(pair)),
      text: '',
    });
  }

  #entry(pair: Pair<Node, Node | null>, before: MapEntry, after: MapEntry): void {
    if (before.mark !== after.mark) {
      this.#splices.push({ start: startOf(pair.key), end: rangeOf(pair.key)[1], text: formatKey(after) });
    }
    if (sameNode(before.value, after.value)) return;
    if (!this.#collection(pair.value, before.value, after.value)) this.#replace(pair, after.value);
  }

  /** True when both are block collections of one kind, which are changed item by item. */
  #collection(ast: Node | null, before: ConfigNode, after: ConfigNode): boolean {
    if (isMap(ast) && ast.flow !== true && before.kind === 'map' && after.kind === 'map' && after.entries.size > 0) {
      this.map({ ast, old: before, wanted: after });
      return true;
    }
    if (isSeq(ast) && ast.flow !== true && before.kind === 'list' && after.kind === 'list' && after.items.length > 0) {
      this.#list(ast, before, after);
      return true;
    }
    return false;
  }

  #list(ast: YAMLSeq, before: ListNode, after: ListNode): void {
    const dashes = ast.items.map((item) => this.#dash(item as Node));
    const indent = this.#text.slice(this.#lineStart(dashes[0] ?? 0), dashes[0]);
    const end = this.#endOfLine(this.#contentEnd(ast));
    const starts = [...dashes.map((dash) => this.#lineStart(dash)), end];
    let next = 0;
    const drop = (until: number): void => {
      for (; next < until; next += 1) {
        const itemEnd = this.#endOfLine(this.#contentEnd(ast.items[next] as Node));
        this.#splices.push({ start: starts[next] ?? end, end: itemEnd, text: '' });
      }
    };
    for (const item of after.items) {
      const kept = before.items.findIndex((old, index) => index >= next && sameNode(old, item));
      if (kept < 0) {
        this.#insert(starts[next] ?? end, this.#lines({ ...after, flow: false, items: [item] }, indent));
        continue;
      }
      drop(kept);
      next = kept + 1;
    }
    drop(before.items.length);
  }

  /** Offset of the dash of an item; the dash must be the first thing on its line. */
  #dash(item: Node): number {
    const line = this.#lineStart(startOf(item));
    const at = line + (/^[ \t]*/.exec(this.#text.slice(line))?.[0].length ?? 0);
    if (this.#text[at] !== '-' || /^-\s+-\s/.test(this.#text.slice(at, startOf(item) + 2))) throw new NotInPlace();
    return at;
  }

  /** Everything after the colon gives way to `value`; a comment at the end of the line stays. */
  #replace(pair: Pair<Node, Node | null>, value: ConfigNode): void {
    const indent = this.#indentOf(pair.key);
    const colon = this.#text.indexOf(':', rangeOf(pair.key)[1]);
    if (colon < 0) throw new NotInPlace();
    const end = Math.max(colon + 1, this.#pairEnd(pair));
    const inline =
      value.kind === 'scalar' || value.flow || (value.kind === 'list' ? value.items : [...value.entries]).length === 0;
    const block = inline ? '' : this.#lines(value, value.kind === 'list' ? indent : `${indent}  `);
    const text = inline ? ` ${formatInline(value)}` : `${this.#newline}${block.slice(0, -this.#newline.length)}`;
    const blockScalar = this.#text[end - 1] === '\n' && end > colon + 1;
    this.#splices.push({ start: colon + 1, end, text: blockScalar ? text + this.#newline : text });
  }

  #pairEnd(pair: Pair<Node, Node | null>): number {
    const { value } = pair;
    const end = value === null ? 0 : this.#contentEnd(value);
    const colon = this.#text.indexOf(':', rangeOf(pair.key)[1]);
    return Math.max(end, colon + 1);
  }

  /** Where the text of a node ends, comments after it left out. */
  #contentEnd(node: Node): number {
    if (isScalar(node) || !('items' in node) || (node as YAMLMap).flow === true) return rangeOf(node)[1];
    const last = node.items.at(-1) as Pair<Node, Node | null> | Node | undefined;
    if (last === undefined) return rangeOf(node)[1];
    return 'key' in last ? this.#pairEnd(last) : this.#contentEnd(last);
  }

  /** The blanks before a key that begins its line. */
  #indentOf(key: Node | undefined): string {
    const start = startOf(key);
    const before = this.#text.slice(this.#lineStart(start), start);
    if (/[^ ]/.test(before)) throw new NotInPlace();
    return before;
  }

  #lineStart(offset: number): number {
    return this.#text.lastIndexOf('\n', offset - 1) + 1;
  }

  /** The beginning of the line after the one that holds the character before `offset`. */
  #endOfLine(offset: number): number {
    const newline = this.#text.indexOf('\n', Math.max(offset - 1, 0));
    return newline < 0 ? this.#text.length : newline + 1;
  }
}

function rangeOf(node: Node): readonly [number, number, number] {
  if (node.range == null) throw new NotInPlace();
  return node.range;
}

function startOf(node: Node | undefined): number {
  if (node === undefined) throw new NotInPlace();
  return rangeOf(node)[0];
}

function keyName(pair: Pair<Node, Node | null>): string {
  if (!isScalar(pair.key) || typeof pair.key.value !== 'string') throw new NotInPlace();
  return splitMark(pair.key.value).text;
}
