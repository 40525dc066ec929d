import { type ConfigNode, type KeyMark, type MapEntry, type Position, type ScalarNode } from './node.ts';
import { formatString } from './scalar.ts';

/** One line of formatted YAML and where what stands on it was written. */
export interface YamlLine {
  readonly text: string;
  readonly at: Position | undefined;
}

export interface FormatOptions {
  /** How booleans are written: `true`, or `True` as in the output of `config blame`. */
  readonly booleans?: 'lower' | 'capital';
}

const MARKS: Readonly<Record<KeyMark, string>> = { merge: '', override: ':', prepend: '+', append: '-' };

/** The key as it stands before its colon, mark included. */
export function formatKey(entry: Pick<MapEntry, 'key' | 'mark'>, flow = false): string {
  if (entry.mark === 'override') return `${formatString(entry.key, { flow })}:`;
  return formatString(entry.key + MARKS[entry.mark], { flow });
}

/** Block style as Spack dumps it: two spaces, dashes in the column of their parent, lines of any length (configuration §4). */
export function formatYaml(node: ConfigNode, options: FormatOptions = {}): string {
  return formatYamlLines(node, options)
    .map(({ text }) => `${text}\n`)
    .join('');
}

/** The same, line by line, for `config blame`. */
export function formatYamlLines(node: ConfigNode, options: FormatOptions = {}): YamlLine[] {
  const lines: YamlLine[] = [];
  if (isInline(node)) lines.push({ text: formatInline(node, options), at: node.at });
  else writeBlock(node, '', { lines, options });
  return lines;
}

interface Output {
  readonly lines: YamlLine[];
  readonly options: FormatOptions;
}

function isInline(node: ConfigNode): boolean {
  if (node.kind === 'scalar' || node.flow) return true;
  return node.kind === 'list' ? node.items.length === 0 : node.entries.size === 0;
}

function writeBlock(node: ConfigNode, indent: string, output: Output): void {
  if (node.kind === 'list') for (const item of node.items) writeItem(item, indent, output);
  if (node.kind === 'map') for (const entry of node.entries.values()) writeEntry(entry, indent, output);
}

function writeEntry(entry: MapEntry, indent: string, output: Output): void {
  const head = `${indent}${formatKey(entry)}:`;
  const { value } = entry;
  if (isInline(value)) {
    output.lines.push({ text: `${head} ${formatInline(value, output.options)}`, at: entry.keyAt });
    return;
  }
  output.lines.push({ text: head, at: entry.keyAt });
  writeBlock(value, value.kind === 'list' ? indent : `${indent}  `, output);
}

/** `- ` stands in for the first indentation of a nested block. */
function writeItem(item: ConfigNode, indent: string, output: Output): void {
  if (isInline(item)) {
    output.lines.push({ text: `${indent}- ${formatInline(item, output.options)}`, at: item.at });
    return;
  }
  const nested: Output = { lines: [], options: output.options };
  writeBlock(item, `${indent}  `, nested);
  nested.lines.forEach((line, index) => {
    const text = index === 0 ? `${indent}- ${line.text.slice(indent.length + 2)}` : line.text;
    output.lines.push({ text, at: line.at });
  });
}

/** A node on one line, in flow style. */
export function formatInline(node: ConfigNode, options: FormatOptions = {}, insideFlow = false): string {
  if (node.kind === 'scalar') return formatScalar(node, options, insideFlow);
  if (node.kind === 'list') return `[${node.items.map((item) => formatInline(item, options, true)).join(', ')}]`;
  const members = [...node.entries.values()].map(
    (entry) => `${formatKey(entry, true)}: ${formatInline(entry.value, options, true)}`,
  );
  return `{${members.join(', ')}}`;
}

function formatScalar(node: ScalarNode, options: FormatOptions, flow: boolean): string {
  if (node.type === 'string') return formatString(String(node.value), { flow });
  if (node.type === 'null') return 'null';
  if (node.type !== 'boolean') return node.text;
  const text = String(node.value);
  return options.booleans === 'capital' ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
