import { homedir } from 'node:os';

/** What a command may know about the process it runs in. Passed in, so that tests and programs can say otherwise. */
export interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `undefined` when the working folder was deleted. */
  readonly cwd: string | undefined;
  readonly home: string | undefined;
  /** `undefined` where the system has no user numbers. */
  readonly uid: number | undefined;
  readonly stdout: StreamFacts;
  readonly stderr: StreamFacts;
}

export interface StreamFacts {
  /** A terminal that understands cursor movement. */
  readonly tty: boolean;
  readonly columns: number;
}

/** The facts of this process. */
export function processFacts(): ProcessFacts {
  const { env } = process;
  return {
    env,
    cwd: workingFolder(),
    home: homeFolder(),
    uid: process.getuid?.(),
    stdout: streamFacts(process.stdout, env),
    stderr: streamFacts(process.stderr, env),
  };
}

/** `$HOME`, else what the user database says (hostile-inputs C04). */
function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    // A user number without an entry: what needs the folder says so.
    return undefined;
  }
}

function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    // The only way this fails is that the folder is gone: commands that need one say so.
    return undefined;
  }
}

/** `TERM=dumb` and CI systems show text only (hostile-inputs C03). */
function streamFacts(stream: NodeJS.WriteStream, env: ProcessFacts['env']): StreamFacts {
  const columns = stream.isTTY ? stream.columns : Number(env['COLUMNS'] ?? '');
  const tty = stream.isTTY && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
  return { tty, columns: Number.isSafeInteger(columns) && columns > 0 ? columns : 80 };
}
