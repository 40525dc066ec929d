import { type CommandContext } from './context.ts';

/** One option of a command. Data, so that help, completion and checks read the same thing. */
export interface OptionSpec {
  /** One upper- or lower-case letter. */
  readonly short?: string;
  /** Other long names, without dashes. */
  readonly aliases?: readonly string[];
  /** What the value is called in help; an option without it is a switch. */
  readonly value?: string;
  /** May be given several times; the values are collected. */
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
  /** The value is a whole number within these bounds. */
  readonly integer?: { readonly min: number; readonly max: number };
  /** Long names of options that it contradicts. */
  readonly excludes?: readonly string[];
  readonly summary: string;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  /** Takes all remaining words. */
  readonly variadic?: boolean;
  /** The words are specs: what looks like an option after the first of them may be a variant (cli §1.1). */
  readonly specs?: boolean;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A switch is a boolean, a repeatable option a list, any other its value or `undefined`. */
export type OptionValue<O extends OptionSpec> = O extends { readonly value: string }
  ? O extends { readonly repeatable: true }
    ? readonly string[]
    : O extends { readonly integer: object }
      ? number | undefined
      : string | undefined
  : boolean;

export type OptionValues<O extends OptionSpecs> = { readonly [Name in keyof O]: OptionValue<O[Name]> };

export interface CommandInput<O extends OptionSpecs> {
  readonly options: OptionValues<O>;
  /** The words that are not options, in order. */
  readonly words: readonly string[];
}

export interface Example {
  /** Without the leading `berth`. */
  readonly line: string;
  readonly does: string;
}

/** What a renderer of results may know about the place it writes to. */
export interface TextStyle {
  /** Terminal columns; 80 where there is no terminal. */
  readonly columns: number;
  readonly tty: boolean;
  readonly verbose: boolean;
  /** The text in a `util.styleText` format, or as it is where colour is off. */
  readonly paint: (format: PaintFormat, text: string) => string;
}

export type PaintFormat =
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray' | 'blueBright';

/** How a command is declared. It returns data; `text` turns that into what a person reads. */
export interface CommandDefinition<O extends OptionSpecs, Result> {
  readonly summary: string;
  /** More than the one line, for its own help. */
  readonly description?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: O;
  readonly examples: readonly Example[];
  /** The shape of the document that `--json` prints. */
  readonly json: string;
  run(context: CommandContext, input: CommandInput<O>): Promise<Result>;
  /** With a final newline unless empty. */
  text(result: Result, style: TextStyle): string;
  /** What `--json` prints, where it is not the result itself. */
  document?(result: Result): unknown;
  /** The text of that document, where somebody else has fixed its bytes; otherwise it is compact, with a final newline. */
  documentText?(result: Result): string;
  /** Of a result that is a failure, e.g. of some packages of many. */
  exitCode?(result: Result): 0 | 1 | 3;
}

/** A command whose types of options and result are its own business. */
export interface Command {
  readonly summary: string;
  readonly description?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: OptionSpecs;
  readonly examples: readonly Example[];
  readonly json: string;
  readonly run: (context: CommandContext, input: CommandInput<OptionSpecs>) => Promise<Outcome>;
}

/** A finished command, ready to be printed one way or the other. */
export interface Outcome {
  readonly text: (style: TextStyle) => string;
  readonly document: () => unknown;
  readonly documentText: (() => string) | undefined;
  readonly exitCode: 0 | 1 | 3;
}

/** Ties a definition's types together. */
export function defineCommand<const O extends OptionSpecs, Result>(definition: CommandDefinition<O, Result>): Command {
  const { summary, arguments: words, options, examples, json, description } = definition;
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    arguments: words,
    options,
    examples,
    json,
    run: async (context, input) => {
      const result = await definition.run(context, input as CommandInput<O>);
      return {
        text: (style) => definition.text(result, style),
        document: () => (definition.document === undefined ? result : definition.document(result)),
        documentText: definition.documentText === undefined ? undefined : () => definition.documentText?.(result) ?? '',
        exitCode: definition.exitCode?.(result) ?? 0,
      };
    },
  };
}
