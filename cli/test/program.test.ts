import { expect, test } from '@jest/globals';
import { formatHelp } from '../src/arguments/help.ts';
import { findCommand, grammarOf, parseLine } from '../src/dispatch.ts';
import { COMMANDS } from '../src/program.ts';

test('there are commands, and no two have one name', () => {
  const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names).size).toBe(names.length);
});

test.each(COMMANDS)(
  '$name has a help with examples that parse, --json with its shape, and the summary of the table',
  async (entry) => {
    const { default: command } = await entry.load();
    const grammar = grammarOf(entry, command);
    expect(command.summary).toBe(entry.summary);
    expect(command.examples.length).toBeGreaterThan(0);
    expect(command.json).not.toBe('');
    expect(Object.keys(grammar.options)).toEqual(expect.arrayContaining(['json', 'help']));
    const shorts = Object.values(grammar.options).flatMap(({ short }) => short ?? []);
    expect(new Set(shorts).size).toBe(shorts.length);
    const help = formatHelp(
      { ...grammar, description: command.description, examples: command.examples, json: command.json },
      80,
    );
    expect(help).toContain(`Usage: berth ${entry.name}`);
    expect(help).toContain('Examples:');
    expect(help).toContain('JSON: ');
    const { parseArguments } = await import('../src/arguments/parse.ts');
    for (const { line } of command.examples) {
      const { request } = parseLine(splitWords(line));
      expect(request.type === 'command' && request.entry.name).toBe(entry.name);
      if (request.type === 'command') parseArguments(grammar, request.words);
    }
  },
);

/** Words as a shell splits them, without expansions. */
function splitWords(line: string): string[] {
  return (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
}

test('global options stand before the command and reach it', () => {
  const { globals, request } = parseLine(['-D', 'dir', '-c', 'a:b', '-c', 'c:d', '-v', 'plugin', 'ls', '--json']);
  expect(globals).toMatchObject({ envDir: 'dir', configOverrides: ['a:b', 'c:d'], verbose: true, quiet: false });
  expect(request).toMatchObject({ type: 'command', entry: { name: 'plugin list' }, words: ['--json'] });
});

test.each([
  { argv: ['plugn'], says: /unknown command "plugn"/, hint: /Did you mean plugin/ },
  { argv: ['plugin'], says: /subcommand is missing/, hint: /list, trust/ },
  { argv: ['plugin', 'lst'], says: /unknown subcommand "lst"/, hint: /list, trust/ },
  { argv: ['-e', 'x', '-D', 'y', 'plugin'], says: /contradict/, hint: /Keep one/ },
  { argv: ['--color', 'pink', 'plugin'], says: /Allowed choices/, hint: /--help/ },
])('C01: berth $argv is a usage error', ({ argv, says, hint }) => {
  expect(() => parseLine(argv)).toThrow(says);
  expect(() => parseLine(argv)).toThrow(
    expect.objectContaining({ kind: 'usage', hint: expect.stringMatching(hint) as unknown }),
  );
});

test('a command is found by its aliases, whatever follows', () => {
  expect(findCommand(['plugin', 'ls', 'x'])).toMatchObject({ taken: 2, entry: { name: 'plugin list' } });
  expect(findCommand(['nothing'])).toBeUndefined();
});
