import { nearest } from './arguments/nearest.ts';
import { type Grammar, parseArguments } from './arguments/parse.ts';
import { UsageError } from './arguments/usage-error.ts';
import { type Command, type CommandInput, type OptionSpecs } from './command.ts';
import { type CommandEntry, COMMANDS, COMMON_OPTIONS, GLOBAL_OPTIONS } from './program.ts';

/** The values of the options before the command. */
export interface GlobalValues {
  readonly env: string | undefined;
  readonly envDir: string | undefined;
  readonly noEnv: boolean;
  readonly configScopes: readonly string[];
  readonly configOverrides: readonly string[];
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly color: string | undefined;
}

/** What the command line asks for. */
export type Request =
  | { readonly type: 'version' }
  | { readonly type: 'help'; readonly topic: string | undefined; readonly asked: boolean }
  | { readonly type: 'command'; readonly entry: CommandEntry; readonly words: readonly string[] };

export interface ParsedLine {
  readonly globals: GlobalValues;
  readonly request: Request;
}

export const PROGRAM: Grammar = {
  path: 'berth',
  summary: 'A package manager that speaks Spack.',
  arguments: [
    { name: 'command', summary: 'one of the commands above' },
    { name: 'words', summary: 'its options and arguments: berth COMMAND --help lists them', variadic: true },
  ],
  options: GLOBAL_OPTIONS,
  stopAtFirstWord: true,
};

/** Reads the global options and finds the command. Throws a UsageError. */
export function parseLine(argv: readonly string[]): ParsedLine {
  const { options, words } = parseArguments(PROGRAM, argv);
  return { globals: globalsOf(options), request: requestOf(options, words) };
}

function globalsOf(options: CommandInput<OptionSpecs>['options']): GlobalValues {
  const text = (name: string): string | undefined => options[name] as string | undefined;
  const list = (name: string): readonly string[] => options[name] as unknown as readonly string[];
  return {
    env: text('env'),
    envDir: text('env-dir'),
    noEnv: options['no-env'] === true,
    configScopes: list('config-scope'),
    configOverrides: list('config'),
    verbose: options['verbose'] === true,
    quiet: options['quiet'] === true,
    debug: options['debug'] === true,
    color: text('color'),
  };
}

function requestOf(options: CommandInput<OptionSpecs>['options'], words: readonly string[]): Request {
  if (options['version'] === true) return { type: 'version' };
  const [first, second] = words;
  if (first === undefined) return { type: 'help', topic: undefined, asked: options['help'] === true };
  if (first === 'help') return { type: 'help', topic: words.slice(1).join(' ') || undefined, asked: true };
  const found = findCommand(words);
  if (found !== undefined) {
    const rest = words.slice(found.taken);
    return { type: 'command', entry: found.entry, words: options['help'] === true ? ['--help'] : rest };
  }
  if (isGroup(first) && (second === '--help' || second === '-h' || options['help'] === true)) {
    return { type: 'help', topic: first, asked: true };
  }
  throw unknownCommand(first, second);
}

/** The entry that the first words name, and how many words that is. */
export function findCommand(
  words: readonly string[],
): { readonly entry: CommandEntry; readonly taken: number } | undefined {
  for (const taken of [2, 1]) {
    if (words.length < taken) continue;
    const name = words.slice(0, taken).join(' ');
    const entry = COMMANDS.find((one) => one.name === name || one.aliases?.includes(name));
    if (entry !== undefined) return { entry, taken };
  }
  return undefined;
}

/** True for a word like `mirror` that has subcommands. */
export function isGroup(word: string): boolean {
  return COMMANDS.some(({ name }) => name.startsWith(`${word} `));
}

function unknownCommand(first: string, second: string | undefined): UsageError {
  if (isGroup(first)) {
    const subcommands = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) =>
      name.slice(first.length + 1),
    );
    const what = second === undefined ? 'a subcommand is missing' : `unknown subcommand ${JSON.stringify(second)}`;
    return new UsageError(`berth ${first}: ${what}`, `One of: ${subcommands.join(', ')}.`);
  }
  const names = COMMANDS.map(({ name }) => name.split(' ', 1)[0] ?? name);
  const close = nearest(first, new Set(names));
  const hint = close.length === 0 ? 'berth --help lists the commands.' : `Did you mean ${close.join(' or ')}?`;
  return new UsageError(`unknown command ${JSON.stringify(first)}`, hint);
}

/** The grammar of a command: its own options, then those that every command has. */
export function grammarOf(entry: CommandEntry, command: Command): Grammar {
  const common = Object.entries(COMMON_OPTIONS).filter(([name, { short }]) => {
    const shorts = Object.values(command.options).map((option) => option.short);
    return !(name in command.options) && (short === undefined || !shorts.includes(short));
  });
  return {
    path: `berth ${entry.name}`,
    summary: command.summary,
    arguments: command.arguments,
    options: { ...command.options, ...Object.fromEntries(common) },
  };
}

/** `--quiet`, `--debug` and `--color` mean the same before and after the command. */
export function withCommon(globals: GlobalValues, { options }: CommandInput<OptionSpecs>): GlobalValues {
  return {
    ...globals,
    quiet: globals.quiet || options['quiet'] === true,
    debug: globals.debug || options['debug'] === true,
    color: (options['color'] as string | undefined) ?? globals.color,
  };
}
