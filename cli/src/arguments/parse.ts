import { Command as Parser, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type ArgumentSpec, type CommandInput, type OptionSpec, type OptionSpecs } from '../command.ts';
import { normalizeArguments } from './normalize.ts';
import { UsageError } from './usage-error.ts';

/** What the parser has to know of a command. */
export interface Grammar {
  /** `berth plugin trust`. */
  readonly path: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: OptionSpecs;
  readonly stopAtFirstWord?: boolean;
}

/** The options and words of a command line. Throws a UsageError for anything that the grammar does not allow. */
export function parseArguments(grammar: Grammar, argv: readonly string[]): CommandInput<OptionSpecs> {
  const { options, words } = normalizeArguments(argv, {
    options: grammar.options,
    specs: grammar.arguments.some(({ specs }) => specs === true),
    ...(grammar.stopAtFirstWord === undefined ? {} : { stopAtFirstWord: grammar.stopAtFirstWord }),
  });
  checkRepeats(grammar, options);
  checkExclusions(grammar, options);
  const parser = createParser(grammar);
  try {
    parser.parse([...options, '--', ...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(grammar, error);
    throw error;
  }
  return { options: valuesOf(grammar, parser.opts()), words };
}

/** A commander command that knows the grammar, and prints and exits nowhere. */
export function createParser(grammar: Grammar): Parser {
  const parser = new Parser(grammar.path)
    .description(grammar.summary)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .allowExcessArguments(false);
  for (const { name, summary, required = false, variadic = false } of grammar.arguments) {
    const dots = variadic ? '...' : '';
    parser.argument(required ? `<${name}${dots}>` : `[${name}${dots}]`, summary);
  }
  for (const [name, spec] of Object.entries(grammar.options)) parser.addOption(optionOf(name, spec));
  return parser;
}

function optionOf(name: string, spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === undefined ? '' : ` <${spec.value}>`;
  const option = new Option(`${short}--${name}${value}`, spec.summary);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.integer !== undefined) option.argParser(integerParser(spec.integer));
  if (spec.repeatable === true)
    option.argParser((text, list: readonly string[] | undefined) => [...(list ?? []), checkedChoice(spec, text)]);
  return option;
}

function integerParser({ min, max }: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function checkedChoice({ choices }: OptionSpec, text: string): string {
  if (choices === undefined || choices.includes(text)) return text;
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
}

/** An option given twice is a slip that would silently lose one of its values (hostile-inputs C01). */
function checkRepeats({ options }: Grammar, given: readonly string[]): void {
  const seen = new Set<string>();
  for (const token of given) {
    const name = /^--([^=]+)=/.exec(token)?.[1];
    if (name === undefined || options[name]?.repeatable === true) continue;
    if (seen.has(name)) throw new UsageError(`option --${name}: given twice`, 'Keep one of the two.');
    seen.add(name);
  }
}

function checkExclusions(grammar: Grammar, given: readonly string[]): void {
  const names = new Set(given.map((token) => token.slice(2).split('=', 1)[0] ?? ''));
  for (const name of names) {
    const other = grammar.options[name]?.excludes?.find((excluded) => names.has(excluded));
    if (other !== undefined)
      throw new UsageError(`options --${name} and --${other}: contradict each other`, 'Keep one of the two.');
  }
}

function valuesOf(
  { options }: Grammar,
  parsed: Readonly<Record<string, unknown>>,
): CommandInput<OptionSpecs>['options'] {
  const values = Object.entries(options).map(([name, spec]) => {
    const value = parsed[name.startsWith('no-') ? camelCase(name.slice(3)) : camelCase(name)];
    if (spec.value === undefined) return [name, name.startsWith('no-') ? value === false : value === true];
    if (value === undefined || typeof value === 'boolean') return [name, spec.repeatable === true ? [] : undefined];
    return [name, value];
  });
  return Object.fromEntries(values) as CommandInput<OptionSpecs>['options'];
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** commander's sentence, in berth's form. */
function usageError({ path }: Grammar, error: CommanderError): UsageError {
  const message = error.message.replace(/^error: /, '').replace(/\.$/, '');
  return new UsageError(`${path}: ${message}`, `See: ${path} --help`);
}
