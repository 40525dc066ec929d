import { type Command, type CommandInput, type OptionSpecs, type Outcome, type TextStyle } from './command.ts';
import { createContext } from './context.ts';
import { type GlobalValues } from './dispatch.ts';
import { type ProcessFacts } from './process-facts.ts';
import { failureOf, formatFailureText } from './render/failure.ts';
import { formatFailure, formatResult } from './render/json.ts';
import { createPaint, type Paint } from './render/paint.ts';
import { createPlainRenderer, type Renderer } from './render/plain.ts';
import { createTtyRenderer } from './render/tty.ts';

/** Where a command's words go. */
export interface Output {
  /** The result, and nothing else. */
  readonly writeResult: (text: string) => Promise<void>;
  /** Progress, warnings and errors. */
  readonly writeNote: (text: string) => void;
}

export interface RunOptions {
  readonly globals: GlobalValues;
  readonly facts: ProcessFacts;
  readonly signal: AbortSignal;
  readonly output: Output;
}

/** What is left to know when a command has ended. */
export interface Ended {
  readonly exitCode: 0 | 1 | 3;
  /** Plugins that ran, for a warning when something of theirs keeps the process alive. */
  readonly plugins: readonly string[];
}

/** Runs a command and prints its result. Rejects with what the command failed with; nothing of it is printed then. */
export async function runCommand(
  command: Command,
  input: CommandInput<OptionSpecs>,
  options: RunOptions,
): Promise<Ended> {
  const { globals, facts, signal, output } = options;
  const renderer = createRenderer(options);
  const context = createContext({ globals, facts, signal, emit: renderer.emit });
  try {
    const outcome = await command.run(context, input);
    renderer.close();
    const text = input.options['json'] === true ? documentOf(outcome) : outcome.text(styleOf(options));
    if (text !== '') await output.writeResult(text);
    return { exitCode: outcome.exitCode, plugins: context.loadedPlugins() };
  } finally {
    renderer.close();
  }
}

function documentOf({ document, documentText }: Outcome): string {
  return documentText?.() ?? formatResult(document());
}

function createRenderer({ globals, facts, output }: RunOptions): Renderer {
  const { verbose, quiet, debug } = globals;
  const lines = { paint: notePaint(globals, facts), verbose, quiet, debug, write: output.writeNote };
  if (!facts.stderr.tty || quiet || debug) return createPlainRenderer(lines);
  return createTtyRenderer({ ...lines, columns: () => process.stderr.columns, now: () => performance.now() });
}

function notePaint({ color }: GlobalValues, { stderr, env }: ProcessFacts): Paint {
  return createPaint(stderr, { color, env });
}

function styleOf({ globals, facts }: RunOptions): TextStyle {
  const { columns, tty } = facts.stdout;
  return {
    columns,
    tty,
    verbose: globals.verbose,
    paint: createPaint(facts.stdout, { color: globals.color, env: facts.env }),
  };
}

/** Tells of a failure: a sentence on stderr, and with `--json` the one document on stdout. */
export async function reportFailure(
  error: unknown,
  options: Omit<RunOptions, 'signal'> & { readonly json: boolean },
): Promise<void> {
  const { globals, facts, output } = options;
  output.writeNote(formatFailureText(error, { paint: notePaint(globals, facts), debug: globals.debug }));
  if (options.json) await output.writeResult(formatFailure(failureOf(error)));
}
