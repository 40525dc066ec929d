import { BerthError, errnoCode, ioError } from '@berth/base';
import { open } from 'node:fs/promises';
import { type Credentials } from './basic.ts';

export interface NetrcEntry extends Credentials {
  /** As written, in lower case; `undefined` for the `default` entry. */
  readonly machine: string | undefined;
}

const MOST_BYTES = 1024 * 1024;
const OTHERS = 0o077;

/**
 * The entries of a netrc file, none when it does not exist. Rejects with `config` ERR_NETRC a file that others may read or
 * that is not well-formed, naming the line and nothing of its content.
 */
export async function readNetrc(path: string): Promise<readonly NetrcEntry[]> {
  try {
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) throw unsafe(path);
    if (size > MOST_BYTES) throw malformed(path, 'larger than 1 MiB');
    return parseNetrc(await file.readFile('utf8'), path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw ioError(`netrc file ${path}`, error);
  }
}

/**
 * The entry for `url`: `machine host:port` is for that port only, `machine host` for the host on any port. Names are
 * compared whole, never as a suffix; `default` counts only when asked for (hostile-inputs T06).
 */
export function netrcCredentials(
  entries: readonly NetrcEntry[],
  url: URL,
  { useDefault = false }: { readonly useDefault?: boolean } = {},
): Credentials | undefined {
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const names = [`${url.hostname}:${port}`, url.hostname, host];
  const found = entries.find(({ machine }) => machine !== undefined && names.includes(machine));
  return found ?? (useDefault ? entries.find(({ machine }) => machine === undefined) : undefined);
}

interface Word {
  readonly text: string;
  readonly line: number;
}

/** Parses the text of a netrc file; `what` names it in errors. */
export function parseNetrc(text: string, what: string): readonly NetrcEntry[] {
  const words = wordsOf(text, what);
  const entries: NetrcEntry[] = [];
  for (let position = 0; position < words.length;) {
    const { entry, next } = entryAt(words, position, what);
    entries.push(entry);
    position = next;
  }
  return entries;
}

function entryAt(
  words: readonly Word[],
  start: number,
  what: string,
): { readonly entry: NetrcEntry; readonly next: number } {
  const { text: keyword, line } = words[start] ?? END;
  if (keyword !== 'machine' && keyword !== 'default') throw malformed(what, `line ${line}: an unknown word`);
  const named = keyword === 'machine';
  const machine = named ? valueAt(words, start + 1, what).toLowerCase() : undefined;
  const fields = new Map<string, string>();
  let next = start + (named ? 2 : 1);
  for (let field = fieldAt(words, next); field !== undefined; field = fieldAt(words, next)) {
    fields.set(field, valueAt(words, next + 1, what));
    next += 2;
  }
  return { entry: { machine, username: fields.get('login') ?? '', password: fields.get('password') ?? '' }, next };
}

function fieldAt(words: readonly Word[], position: number): string | undefined {
  return FIELDS.get(words[position]?.text ?? '');
}

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['login', 'login'],
  ['user', 'login'],
  ['password', 'password'],
  ['account', 'account'],
]);
const END: Word = { text: '', line: 0 };

function valueAt(words: readonly Word[], position: number, what: string): string {
  const word = words[position];
  if (word === undefined) throw malformed(what, `line ${words.at(-1)?.line ?? 0}: a value is missing`);
  return word.text;
}

const WORD = /[ \t\r]*(?:"((?:[^"\\]|\\.)*)"|([^\s"#][^\s]*))/y;

/** Words in order; comments and macros (`macdef` up to the next empty line) are left out. */
function wordsOf(text: string, what: string): readonly Word[] {
  const words: Word[] = [];
  let inMacro = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (inMacro) {
      inMacro = line.trim() !== '';
      continue;
    }
    const found = wordsOfLine(line, `${what}: line ${index + 1}`);
    const macro = found[0] === 'macdef';
    inMacro = macro;
    if (!macro) words.push(...found.map((word) => ({ text: word, line: index + 1 })));
  }
  return words;
}

function wordsOfLine(line: string, what: string): readonly string[] {
  const words: string[] = [];
  WORD.lastIndex = 0;
  for (let end = 0; ; end = WORD.lastIndex) {
    const rest = line.slice(end).trim();
    if (rest === '' || rest.startsWith('#')) return words;
    WORD.lastIndex = end;
    const match = WORD.exec(line);
    if (match === null) throw malformed(what, 'an open quotation');
    words.push(match[2] ?? (match[1] ?? '').replace(/\\(.)/g, '$1'));
  }
}

function unsafe(path: string): BerthError {
  return new BerthError('config', 'ERR_NETRC', `netrc file ${path}: other users may read it`, {
    hint: `Run: chmod 600 ${path}`,
  });
}

function malformed(what: string, why: string): BerthError {
  return new BerthError('config', 'ERR_NETRC', `netrc file ${what}: ${why}`, {
    hint: 'Entries read: machine HOST login NAME password SECRET.',
  });
}
