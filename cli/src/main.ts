import { createRequire } from 'node:module';
import { formatHelp } from './arguments/help.ts';
import { normalizeArguments } from './arguments/normalize.ts';
import { parseArguments } from './arguments/parse.ts';
import { UsageError } from './arguments/usage-error.ts';
import {
  findCommand,
  type GlobalValues,
  grammarOf,
  isGroup,
  parseLine,
  PROGRAM,
  type Request,
  withCommon,
} from './dispatch.ts';
import { EXIT, EXIT_OF_SIGNAL, exitCodeOf, StoppedError, type StopSignal } from './exit-codes.ts';
import { processFacts } from './process-facts.ts';
import { type CommandEntry, COMMANDS } from './program.ts';

/** How long after its end a command's left-overs (open sockets, timers) may keep the process alive. */
const GRACE_MS = 2000;

const argv = process.argv.slice(2);
const facts = processFacts();
const stop = new AbortController();
const writeToStdout = process.stdout.write.bind(process.stdout);
const output = {
  writeResult: (text: string): Promise<void> =>
    new Promise((resolve) => {
      writeToStdout(text, () => {
        resolve();
      });
    }),
  writeNote: (text: string): void => void process.stderr.write(text),
};
let globals: GlobalValues = {
  env: undefined,
  envDir: undefined,
  noEnv: false,
  configScopes: [],
  configOverrides: [],
  verbose: false,
  quiet: false,
  debug: false,
  color: undefined,
};

async function main(): Promise<number> {
  const line = parseLine(argv);
  globals = line.globals;
  const { request } = line;
  if (request.type === 'command') return run(request.entry, request.words);
  if (request.type === 'version') {
    await output.writeResult(`${version()}\n`);
    return EXIT.done;
  }
  await output.writeResult(await help(request));
  return request.asked ? EXIT.done : EXIT.failed;
}

async function run(entry: CommandEntry, words: readonly string[]): Promise<number> {
  const { default: command } = await entry.load();
  const grammar = grammarOf(entry, command);
  const specs = grammar.arguments.some((argument) => argument.specs === true);
  if (normalizeArguments(words, { options: grammar.options, specs }).options.includes('--help')) {
    await output.writeResult(await help({ type: 'help', topic: entry.name, asked: true }));
    return EXIT.done;
  }
  const input = parseArguments(grammar, words);
  globals = withCommon(globals, input);
  const { runCommand } = await import('./run-command.ts');
  // What a plugin prints must not end up in the result (hostile-inputs P08).
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const ended = await runCommand(command, input, { globals, facts, signal: stop.signal, output });
  exitAfterGrace(ended.plugins);
  return ended.exitCode;
}

async function help({ topic }: Request & { readonly type: 'help' }): Promise<string> {
  const { columns } = facts.stdout;
  const found = topic === undefined ? undefined : findCommand(topic.split(' '));
  if (found !== undefined) {
    const { default: command } = await found.entry.load();
    const grammar = grammarOf(found.entry, command);
    return formatHelp(
      { ...grammar, description: command.description, examples: command.examples, json: command.json },
      columns,
    );
  }
  if (topic !== undefined && !isGroup(topic))
    throw new UsageError(`no help about ${JSON.stringify(topic)}`, 'berth --help lists the commands.');
  const shown = COMMANDS.filter(({ name }) => topic === undefined || name.startsWith(`${topic} `));
  const groups = [...new Set(shown.map(({ group }) => group))].map((title) => ({
    title: title.charAt(0).toUpperCase() + title.slice(1),
    rows: shown.filter(({ group }) => group === title).map(({ name, summary }) => [name, summary] as const),
  }));
  const examples = [
    { line: 'install', does: 'install the environment in this folder' },
    { line: '-D path/to/environment find', does: 'what is installed of an environment' },
  ];
  return formatHelp({ ...PROGRAM, examples, json: undefined, groups }, columns);
}

function version(): string {
  const { version: text } = createRequire(import.meta.url)('@berth/cli/package.json') as { readonly version: string };
  return text;
}

/** The first Ctrl-C stops the work and waits for its clean-up, the second one does not wait. */
function onSignal(signal: StopSignal): void {
  if (stop.signal.aborted) process.exit(EXIT_OF_SIGNAL[signal]);
  stop.abort(new StoppedError(signal));
}

function exitAfterGrace(plugins: readonly string[]): void {
  const timer = setTimeout(() => {
    const whose = plugins.length === 0 ? 'something' : `a plugin (${plugins.join(', ')})`;
    output.writeNote(`warning: the command has ended, but ${whose} keeps timers or connections open: exiting now\n`);
    process.exit();
  }, GRACE_MS);
  timer.unref();
}

async function fail(error: unknown): Promise<void> {
  const failure: unknown =
    stop.signal.aborted && exitCodeOf(error) === EXIT_OF_SIGNAL.SIGINT ? stop.signal.reason : error;
  process.exitCode = exitCodeOf(failure);
  const { reportFailure } = await import('./run-command.ts');
  await reportFailure(failure, { globals, facts, output, json: argv.includes('--json') });
  exitAfterGrace([]);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.brokenPipe);
  output.writeNote(`error: standard output: ${error.message}\n`);
  process.exit(EXIT.failed);
});
// Nobody is left to tell when stderr is gone; the work goes on.
process.stderr.on('error', () => undefined);
for (const signal of Object.keys(EXIT_OF_SIGNAL) as StopSignal[]) {
  process.on(signal, () => {
    onSignal(signal);
  });
}
process.on('unhandledRejection', (error) => void fail(error));

try {
  process.exitCode = await main();
} catch (error) {
  await fail(error);
}
