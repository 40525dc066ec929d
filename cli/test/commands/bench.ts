import { type BerthEvent } from '@berth/base';
import { afterEach } from '@jest/globals';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TextStyle } from '../../src/command.ts';
import { createContext } from '../../src/context.ts';
import { grammarOf, parseLine } from '../../src/dispatch.ts';
import { parseArguments } from '../../src/arguments/parse.ts';
import { formatResult } from '../../src/render/json.ts';

const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

export interface Printed {
  readonly text: string;
  readonly document: unknown;
  /** What standard output gets: the document with `--json`, else the text. */
  readonly stdout: string;
  readonly exitCode: number;
  readonly events: readonly BerthEvent[];
}

/** A home and a working folder, empty, in which command lines run as they would in a shell. */
export interface Bench {
  readonly root: string;
  readonly home: string;
  readonly cwd: string;
  readonly berth: (...argv: readonly string[]) => Promise<Printed>;
}

const style: TextStyle = { columns: 80, tty: false, verbose: false, paint: (_format, text) => text };

export async function bench(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'berth-cli-')));
  made.push(root);
  const [home, cwd] = [join(root, 'home'), join(root, 'work')];
  await mkdir(home);
  await mkdir(cwd);
  const stream = { tty: false, columns: 80 };
  const facts = { env: { HOME: home, ...env }, home, cwd, uid: process.getuid?.(), stdout: stream, stderr: stream };
  return {
    root,
    home,
    cwd,
    berth: async (...argv) => {
      const { globals, request } = parseLine(argv);
      if (request.type !== 'command') throw new Error(`not a command: ${argv.join(' ')}`);
      const { default: command } = await request.entry.load();
      const input = parseArguments(grammarOf(request.entry, command), request.words);
      const events: BerthEvent[] = [];
      const context = createContext({
        globals,
        facts,
        signal: new AbortController().signal,
        emit: (event) => events.push(event),
      });
      const outcome = await command.run(context, input);
      const text = outcome.text({ ...style, verbose: globals.verbose });
      const json = (): string => outcome.documentText?.() ?? formatResult(outcome.document());
      const stdout = input.options['json'] === true ? json() : text;
      const document: unknown = JSON.parse(JSON.stringify(outcome.document()));
      return { text, document, stdout, exitCode: outcome.exitCode, events };
    },
  };
}
