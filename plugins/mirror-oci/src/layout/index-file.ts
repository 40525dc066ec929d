import { link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errnoCode, sha256Of, temporaryBeside, writeFileAtomic } from '@berth/base';

/** The file that many writers change. */
export interface SharedFile {
  readonly path: string;
  /** Where its states are decided; only this module writes there. */
  readonly generations: string;
}

/** A state that was agreed on, and the digest of the state that it replaces. */
interface Generation {
  readonly number: number;
  readonly base: string;
  readonly content: Buffer;
}

const ATTEMPTS = 500;
const MAX_PAUSE_MS = 100;
/** Generations kept so that a late writer's work is recognised as an earlier state. */
const KEPT = 16;

/**
 * Replaces the content of a small file by what `change` makes of it; of several writers at once none is lost, and a killed one blocks
 * nobody (hostile-inputs X06, F08). `change` answers `undefined` to leave it as it is, and is called again when another writer was
 * first. Rejects with `busy` after many lost attempts.
 *
 * Each new state is linked into a folder under the next number. `link` never replaces, so one writer gets each number: that decides.
 * Whoever finds a decided state that the file does not show yet puts it there. What another program wrote into the file is a state
 * like any other.
 */
export async function changeSharedFile(
  file: SharedFile,
  change: (current: Buffer | undefined) => Buffer | undefined,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  await mkdir(file.generations, { recursive: true });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    signal.throwIfAborted();
    if (await changeOnce(file, change)) return;
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 2 * attempt), undefined, { signal });
  }
  throw new BerthError('busy', 'ERR_PRECONDITION', `${file.path}: other writers were first ${ATTEMPTS} times`);
}

/** False when another writer was first. */
async function changeOnce(
  file: SharedFile,
  change: (current: Buffer | undefined) => Buffer | undefined,
): Promise<boolean> {
  const kept = await readGenerations(file.generations);
  const top = kept.at(-1);
  const shown = await readIfThere(file.path);
  if (top !== undefined && isBehind(shown, kept)) {
    await showLatest(file);
    return false;
  }
  const content = change(shown);
  if (content === undefined) return true;
  const number = (top?.number ?? 0) + 1;
  if (!(await claim(file, { number, base: digestOf(shown), content }))) return false;
  await showLatest(file);
  for (const old of kept) if (old.number <= number - KEPT) await rm(pathOf(file, old.number), { force: true });
  return true;
}

/** True when the file shows a state that was replaced already. */
function isBehind(shown: Buffer | undefined, kept: readonly Generation[]): boolean {
  const digest = digestOf(shown);
  if (digest === digestOf(kept.at(-1)?.content)) return false;
  return kept.some(({ base, content }) => base === digest || digestOf(content) === digest);
}

async function claim(file: SharedFile, { number, base, content }: Generation): Promise<boolean> {
  const path = pathOf(file, number);
  const temporary = temporaryBeside(path);
  try {
    await writeFileAtomic(temporary, Buffer.concat([Buffer.from(`${base}\n`), content]), { sync: true });
    await link(temporary, path);
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    await showLatest(file);
    return false;
  } finally {
    await rm(temporary, { force: true });
  }
  // A number far below the highest one was free only because it had been swept: it decides nothing.
  if ((await highestNumber(file.generations)) <= number) return true;
  await rm(path, { force: true });
  return false;
}

/** Makes the file show the highest generation; repeats when a higher one appeared meanwhile. */
async function showLatest(file: SharedFile): Promise<void> {
  for (;;) {
    const top = (await readGenerations(file.generations)).at(-1);
    if (top === undefined || (await readIfThere(file.path))?.equals(top.content) === true) return;
    await writeFileAtomic(file.path, top.content, { sync: true });
    if ((await highestNumber(file.generations)) === top.number) return;
  }
}

/** The bytes of a file; `undefined` when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function digestOf(content: Buffer | undefined): string {
  return content === undefined ? 'absent' : sha256Of(content);
}

function pathOf({ generations }: SharedFile, number: number): string {
  return join(generations, String(number).padStart(12, '0'));
}

async function numbersIn(folder: string): Promise<readonly number[]> {
  return (await readdir(folder))
    .filter((name) => /^\d{12}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function highestNumber(folder: string): Promise<number> {
  return (await numbersIn(folder)).at(-1) ?? 0;
}

/** In ascending order; one that is swept while it is read is left out. */
async function readGenerations(folder: string): Promise<readonly Generation[]> {
  const generations: Generation[] = [];
  for (const number of await numbersIn(folder)) {
    const bytes = await readIfThere(join(folder, String(number).padStart(12, '0')));
    if (bytes === undefined) continue;
    const newline = bytes.indexOf('\n');
    const base = bytes.toString('latin1', 0, newline);
    generations.push({ number, base, content: bytes.subarray(newline + 1) });
  }
  return generations;
}
