import { type TextStyle } from '../command.ts';

/** One spec of a grouped listing, its text already in the wanted format. */
export interface ListingEntry {
  readonly architecture: string | undefined;
  /** `%c=gcc@12.2.0` without its leading space. */
  readonly compilers: string | undefined;
  /** What stands before the text: status marker, hash. */
  readonly marks?: string;
  /** `greet@1.0`. */
  readonly text: string;
  /** Written after the text, in a column of its own. */
  readonly prefix?: string;
  /** Lines below it, each with its depth: its dependencies. */
  readonly below?: readonly ListingLine[];
}

export interface ListingLine {
  readonly depth: number;
  readonly marks?: string;
  readonly text: string;
  /** In the column of the entries' own. */
  readonly prefix?: string;
}

export interface ListingOptions {
  readonly style: TextStyle;
  /** `false`: no headers, one list. */
  readonly groups?: boolean;
}

/**
 * A listing as Spack prints it (cli §4.1): grouped by architecture and compilers, in as many columns as fit a terminal.
 * The entries come in the order in which each group shows them.
 */
export function formatListing(entries: readonly ListingEntry[], { style, groups = true }: ListingOptions): string {
  if (entries.length === 0) return '';
  if (!groups) return body(entries, style);
  const byGroup = new Map<string, ListingEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.architecture ?? NO_ARCHITECTURE, entry.compilers ?? NO_COMPILERS]);
    const group = byGroup.get(key);
    if (group === undefined) byGroup.set(key, [entry]);
    else group.push(entry);
  }
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => `${header(group, style)}\n${body(group, style)}`)
    .join('\n');
}

const NO_ARCHITECTURE = 'no arch';
const NO_COMPILERS = 'no compilers';

function header([first]: readonly ListingEntry[], { columns, paint }: TextStyle): string {
  const architecture = first?.architecture ?? NO_ARCHITECTURE;
  const compilers = first?.compilers ?? NO_COMPILERS;
  const width = Math.min(64, columns - 2) + 1;
  const dashes = '-'.repeat(Math.max(0, width - visibleLength(`-- ${architecture} / ${compilers} `)));
  return `-- ${paint('magenta', architecture)} / ${paint('green', compilers)} ${dashes}`;
}

function body(entries: readonly ListingEntry[], style: TextStyle): string {
  const onePerLine = entries.some(({ prefix, below }) => prefix !== undefined || below !== undefined);
  if (!onePerLine) return formatColumns(entries.map(textOf), style);
  const width = Math.max(...entries.flatMap(linesOf).map((line) => visibleLength(textOf(line)))) + 2;
  return entries
    .map((entry) => {
      const lines = linesOf(entry).map((line) => `${withPrefix(textOf(line), line.prefix, width)}\n`);
      return `${lines.join('')}${entry.below === undefined ? '' : '\n'}`;
    })
    .join('');
}

type Line = Pick<ListingLine, 'marks' | 'text' | 'prefix'> & { readonly depth?: number };

function linesOf(entry: ListingEntry): readonly Line[] {
  return [entry, ...(entry.below ?? [])];
}

function textOf({ marks = '', depth = 0, text }: Line): string {
  return `${marks}${'    '.repeat(depth)}${text}`;
}

function withPrefix(text: string, prefix: string | undefined, width: number): string {
  return prefix === undefined ? text : `${pad(text, width)}${prefix}`;
}

/** Variable columns, filled downwards: the most that fit a terminal; one where there is none. */
export function formatColumns(texts: readonly string[], { columns, tty }: Pick<TextStyle, 'columns' | 'tty'>): string {
  const layout = tty ? widestLayout(texts, columns) : undefined;
  if (layout === undefined) return texts.map((text) => `${text}\n`).join('');
  const { rows, widths } = layout;
  return Array.from({ length: rows }, (_, row) => {
    const cells = widths
      .map((width, column) => ({ text: texts[column * rows + row], width }))
      .filter(({ text }) => text !== undefined);
    return `${cells.map(({ text = '', width }, at) => (at === cells.length - 1 ? text : pad(text, width))).join('')}\n`;
  }).join('');
}

interface Layout {
  readonly rows: number;
  readonly widths: readonly number[];
}

function widestLayout(texts: readonly string[], columns: number): Layout | undefined {
  const lengths = texts.map(visibleLength);
  const shortest = Math.max(1, Math.min(...lengths));
  // More columns than this cannot fit, however the lengths fall.
  const most = Math.min(texts.length, Math.floor((columns - 1) / (shortest + 2)) + 1);
  for (let count = most; count > 1; count -= 1) {
    const layout = layoutOf(lengths, count);
    if (layout.widths.reduce((sum, width) => sum + width, 0) < columns) return layout;
  }
  return undefined;
}

function layoutOf(lengths: readonly number[], count: number): Layout {
  const rows = Math.ceil(lengths.length / count);
  const used = Math.ceil(lengths.length / rows);
  const widths = Array.from({ length: used }, (_, column) => {
    const longest = Math.max(...lengths.slice(column * rows, (column + 1) * rows));
    return longest + (column === used - 1 ? 0 : 2);
  });
  return { rows, widths };
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

// eslint-disable-next-line no-control-regex -- colour codes begin with a control character
const COLOUR = /\u001b\[[0-9;]*m/g;

function visibleLength(text: string): number {
  return text.replace(COLOUR, '').length;
}
