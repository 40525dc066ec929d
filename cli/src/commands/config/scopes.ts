import { type ScopeStatus } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';
import { parseSection } from './options.ts';

interface Scopes {
  readonly scopes: readonly ScopeStatus[];
  readonly paths: boolean;
  readonly details: boolean;
}

const command: Command = defineCommand({
  summary: 'list the configuration scopes, the strongest first',
  arguments: [{ name: 'section', summary: 'only the scopes that say something of this section' }],
  options: {
    paths: { short: 'p', summary: 'also print the folder or file of each scope' },
    type: {
      short: 't',
      value: 'kind',
      repeatable: true,
      choices: ['all', 'env', 'include', 'internal', 'path'],
      summary: 'only scopes of this kind',
    },
    verbose: { short: 'v', summary: 'also print kind and status, and scopes that do not count' },
  },
  examples: [
    { line: 'config scopes --paths', does: 'where configuration comes from' },
    { line: 'config scopes -v mirrors', does: 'which scopes set mirrors' },
  ],
  json: '{ scopes: [{ name, types, path?, exists, writable, status }] }',
  async run(context, { options, words: [section] }): Promise<Scopes> {
    const configuration = await context.configuration();
    const all = configuration.scopes(section === undefined ? undefined : parseSection(section));
    const wanted = new Set(options.type);
    const scopes = all.filter(
      ({ types, status }) =>
        (options.verbose || status === 'active') &&
        (wanted.size === 0 || wanted.has('all') || types.some((type) => wanted.has(type))),
    );
    return { scopes, paths: options.paths, details: options.verbose };
  },
  document: ({ scopes }) => ({ scopes }),
  text({ scopes, paths, details }, { paint }) {
    const rows = scopes.map(({ name, types, path, status }) => [
      name,
      ...(details ? [types.join(','), status] : []),
      ...(paths || details ? [path ?? ''] : []),
    ]);
    const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    return rows
      .map((row) =>
        `${paint('bold', (row[0] ?? '').padEnd(widths[0] ?? 0))}${rest(row, widths)}`.trimEnd().concat('\n'),
      )
      .join('');
  },
});

function rest(row: readonly string[], widths: readonly number[]): string {
  return row
    .slice(1)
    .map((cell, index) => `  ${cell.padEnd(widths[index + 1] ?? 0)}`)
    .join('');
}

export default command;
