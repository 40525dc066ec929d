import { formatYamlLines } from './yaml/format.ts';
import { type ConfigNode, type MapNode, mapNode, type Position } from './yaml/node.ts';

/** One line of merged configuration and where it comes from. */
export interface BlameLine {
  readonly text: string;
  /** `undefined` for the line that names the section. */
  readonly at: Position | undefined;
}

/** A section as `config get` prints it: under its own name. */
export function wrapSection(name: string, value: ConfigNode): MapNode {
  return mapNode([{ key: name, mark: 'merge', keyAt: { file: '---' }, value }]);
}

/** The lines of `config blame` as data (cli §14). */
export function blameLines(name: string, value: ConfigNode): BlameLine[] {
  const [head, ...rest] = formatYamlLines(wrapSection(name, value), { booleans: 'capital' });
  return [{ text: head?.text ?? '', at: undefined }, ...rest];
}

/** Two columns: the place, padded to the widest, and the line (cli §14). */
export function formatBlame(lines: readonly BlameLine[]): string {
  const rows = lines.map(({ text, at }) => ({ place: place(at), text }));
  const width = rows.reduce((widest, row) => Math.max(widest, row.place.length), 0);
  return rows.map((row) => `${row.place.padEnd(width)}  ${row.text}\n`).join('');
}

function place(at: Position | undefined): string {
  if (at === undefined) return '---';
  return at.line === undefined ? at.file : `${at.file}:${at.line}`;
}
