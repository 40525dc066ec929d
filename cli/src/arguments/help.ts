import { type Command } from '../command.ts';
import { createParser, type Grammar } from './parse.ts';

export interface HelpPage extends Grammar {
  readonly description?: string | undefined;
  readonly examples: Command['examples'];
  readonly json: string | undefined;
  /** Other commands to list, by group title. */
  readonly groups?: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [name: string, summary: string])[];
  }[];
}

/** The help of a command: usage, arguments, options, examples and the JSON it prints. */
export function formatHelp(page: HelpPage, columns: number): string {
  const parser = createParser(page).configureHelp({ helpWidth: columns });
  const usage = parser.createHelp();
  usage.helpWidth = columns;
  const sections = [
    `Usage: ${page.path} [options]${words(page)}`,
    page.summary,
    page.description,
    ...(page.groups ?? []).map(({ title, rows }) => section(title, rows)),
    section(
      'Arguments',
      page.arguments.map(({ name, summary }) => [name, summary]),
    ),
    section(
      'Options',
      usage.visibleOptions(parser).map((option) => [usage.optionTerm(option), usage.optionDescription(option)]),
    ),
    section(
      'Examples',
      page.examples.map(({ line, does }) => [`berth ${line}`, does]),
    ),
    page.json === undefined ? undefined : `JSON: ${page.json}`,
  ];
  return `${sections.filter((text) => text !== undefined && text !== '').join('\n\n')}\n`;
}

function words(page: HelpPage): string {
  return page.arguments
    .map(({ name, required, variadic }) => {
      const dots = variadic === true ? '...' : '';
      return required === true ? ` <${name}${dots}>` : ` [${name}${dots}]`;
    })
    .join('');
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return '';
  const width = Math.min(46, Math.max(...rows.map(([term]) => term.length)));
  const lines = rows.map(([term, text]) =>
    term.length > width ? `  ${term}\n  ${' '.repeat(width)}  ${text}` : `  ${term.padEnd(width)}  ${text}`,
  );
  return `${title}:\n${lines.join('\n')}`;
}
