import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { BerthError, DEFAULT_LIMITS, errnoCode, ioError } from '@berth/base';
import { configError } from '../errors.ts';

/**
 * The text of a configuration file; `undefined` when it does not exist. Only regular files of limited size are read, so
 * that a device or a pipe cannot hang the program (hostile-inputs Y12).
 */
export async function readConfigFile(
  path: string,
  options: { readonly signal: AbortSignal; readonly maxBytes?: number },
): Promise<string | undefined> {
  const { signal, maxBytes = DEFAULT_LIMITS.yamlBytes } = options;
  signal.throwIfAborted();
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  const file = await open(path, READ_NONBLOCK).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw ioError(`configuration: reading ${path}`, error);
  });
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw configError({ file: path }, 'not a regular file');
    if (facts.size > maxBytes) {
      throw new BerthError('limit', 'ERR_LIMIT', `configuration: ${path}: larger than ${maxBytes} bytes`);
    }
    return decode(await file.readFile({ signal }), path);
  } catch (error) {
    throw ioError(`configuration: reading ${path}`, error);
  } finally {
    await file.close();
  }
}

const { O_NONBLOCK, O_RDONLY } = constants;
const READ_NONBLOCK = process.platform === 'win32' ? O_RDONLY : O_RDONLY | O_NONBLOCK;

function isAbsent(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw configError({ file: path }, 'not UTF-8 text', { cause });
  }
}

/** The real path, or the path itself when it does not exist. */
export async function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
