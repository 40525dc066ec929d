import { BerthError, escapeControls, isAbortError, parseStrictJson, JsonFields } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { type Readable } from 'node:stream';
import { pairCredentials, type RegistryCredentials } from './credentials.ts';

export interface HelperOptions extends CallOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Default: 30 seconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
const NOT_FOUND = /credentials not found/i;

/**
 * Asks `docker-credential-NAME get` for the credentials of `server`; `undefined` when it has none. The program is looked for
 * in the absolute folders of PATH only (hostile-inputs C05) and started by its path. Rejects with `auth`, ERR_OCI_HELPER, when it is
 * missing, fails, takes too long or answers nonsense; what it answered is never shown.
 */
export async function askHelper(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<RegistryCredentials | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw helperError(name, 'not the name of a helper');
  const program = await findProgram(`docker-credential-${name}`, options.env);
  if (program === undefined) throw helperError(name, 'no such program in PATH');
  const { status, output } = await run(program, server, options).catch((cause: unknown) => {
    if (isAbortError(cause) && options.signal.aborted) throw cause;
    throw helperError(name, isAbortError(cause) ? 'no answer in time' : 'could not be run', cause);
  });
  if (status === 0) return readAnswer(name, output);
  if (NOT_FOUND.test(output)) return undefined;
  throw helperError(name, `exit code ${status}`);
}

function readAnswer(name: string, output: string): RegistryCredentials | undefined {
  try {
    const fields = new JsonFields(parseStrictJson(output, { what: 'answer' }), { what: 'answer' });
    return pairCredentials(fields.string('Username'), fields.string('Secret'));
  } catch {
    // The parser's message may quote the secret.
    throw helperError(name, 'its answer is not the JSON document of a credential helper');
  }
}

async function findProgram(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (isAbsolute(folder) && (await isProgram(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    // Whatever the reason, it cannot be started.
    return false;
  }
}

interface Answer {
  readonly status: number;
  readonly output: string;
}

async function run(program: string, input: string, { env, signal, timeoutMs }: HelperOptions): Promise<Answer> {
  const child = spawn(program, ['get'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS)]),
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      resolve(code ?? -1);
    });
  });
  // A helper that ends without reading what it is asked closes the pipe.
  child.stdin.on('error', () => undefined).end(`${input}\n`);
  const [status, output] = await Promise.all([ended, readOutput(child.stdout)]);
  return { status, output };
}

async function readOutput(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    // Read on, so that the helper can end, but keep no more.
    if (sizeBytes <= MAX_OUTPUT_BYTES) chunks.push(chunk);
    sizeBytes += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function helperError(name: string, why: string, cause?: unknown): BerthError {
  return new BerthError(
    'auth',
    'ERR_OCI_HELPER',
    `credential helper docker-credential-${escapeControls(name)}: ${why}`,
    {
      hint: 'Repair the helper, or take it out of credHelpers or credsStore and log in again.',
      cause,
    },
  );
}
