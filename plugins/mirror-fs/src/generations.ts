import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, errnoCode, temporaryBeside, writeFileAtomic } from '@berth/base';
import { preconditionFailed } from '@berth/buildcache';
import { ensureFolder, type Modes } from './modes.ts';
import { contentTag } from './read-object.ts';
import { linkNew, sweepTemporaries, writeObject } from './write-object.ts';

/** A value that was agreed on, and the tag of the value it replaces. */
interface Generation {
  readonly number: number;
  readonly baseTag: string;
  readonly content: Buffer;
  readonly tag: string;
}

export interface SwapOptions {
  /** The object. */
  readonly path: string;
  readonly key: string;
  /** Where the generations of this object are kept; only this module writes there. */
  readonly folder: string;
  readonly modes: Modes;
  /** The tag of the object as it is, `undefined` when absent. */
  readonly readTag: () => Promise<string | undefined>;
  readonly signal: AbortSignal;
}

/** Generations kept so that a late writer's work is recognised as an earlier state. */
const KEPT = 16;

/**
 * Replaces a small object if its tag is `ifMatch`, else rejects with ERR_PRECONDITION; of several writers exactly one wins, on any
 * file system with hard links, and none ever waits for another (hostile-inputs X06, F08).
 *
 * Each new value is first linked into a folder under the next number. `link` cannot replace, so one writer gets each number: that
 * decides. Whoever notices a decided value that the object does not show yet puts it there, so a writer killed in between
 * blocks nobody and loses nothing. A number far below the highest (its file was swept while a writer slept) decides nothing.
 */
export async function compareAndSwap(content: Buffer, ifMatch: string, options: SwapOptions): Promise<void> {
  await ensureFolder(options.folder, options.modes);
  await sweepTemporaries(options.folder, Date.now());
  const kept = await readGenerations(options.folder);
  const top = kept.at(-1);
  const shown = await options.readTag();
  const isBehind =
    top !== undefined && shown !== top.tag && kept.some(({ tag, baseTag }) => shown === tag || shown === baseTag);
  if (isBehind) await showLatest(options);
  if (isBehind || shown !== ifMatch) throw preconditionFailed(options.key);
  const number = (top?.number ?? 0) + 1;
  await claim({ number, baseTag: ifMatch, content, tag: contentTag(content) }, options);
  await showLatest(options);
  for (const old of kept)
    if (old.number <= number - KEPT) await rm(fileOf(options.folder, old.number), { force: true });
}

async function claim(next: Generation, options: SwapOptions): Promise<void> {
  const path = fileOf(options.folder, next.number);
  const temporary = temporaryBeside(path);
  try {
    await writeFileAtomic(temporary, Buffer.concat([Buffer.from(`${next.baseTag}\n`), next.content]), {
      mode: 0o644,
      sync: true,
    });
    await linkNew(temporary, path, options.key);
  } catch (error) {
    await showLatest(options);
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  if ((await highestNumber(options.folder)) <= next.number) return;
  await rm(path, { force: true });
  throw preconditionFailed(options.key);
}

/** Makes the object show the highest generation; repeats when a higher one appeared meanwhile. */
async function showLatest(options: SwapOptions): Promise<void> {
  for (;;) {
    const top = (await readGenerations(options.folder)).at(-1);
    if (top === undefined || (await options.readTag()) === top.tag) return;
    await writeObject(options.path, bytesSource(top.content), options);
    if ((await highestNumber(options.folder)) === top.number) return;
  }
}

function fileOf(folder: string, number: number): string {
  return join(folder, String(number).padStart(12, '0'));
}

async function numbers(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d{12}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function highestNumber(folder: string): Promise<number> {
  return (await numbers(folder)).at(-1) ?? 0;
}

/** In ascending order; one that is swept while it is read is left out. */
async function readGenerations(folder: string): Promise<readonly Generation[]> {
  const generations: Generation[] = [];
  for (const number of await numbers(folder)) {
    const generation = await readGeneration(folder, number);
    if (generation !== undefined) generations.push(generation);
  }
  return generations;
}

async function readGeneration(folder: string, number: number): Promise<Generation | undefined> {
  try {
    const bytes = await readFile(fileOf(folder, number));
    const newline = bytes.indexOf('\n');
    const content = bytes.subarray(newline + 1);
    return { number, baseTag: bytes.toString('latin1', 0, newline), content, tag: contentTag(content) };
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
