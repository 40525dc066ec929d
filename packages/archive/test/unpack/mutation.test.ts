import { isBerthError } from '@berth/base';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Arena, createArena, snapshot } from '../support/arena.ts';
import {
  directory,
  file,
  gnuLong,
  hardlink,
  P,
  packageOf,
  pax,
  record,
  symlink,
  tarOf,
  withChecksum,
} from '../support/raw-tar.ts';

const RUNS = 500;
const members = [
  directory(`${P}/bin`),
  file(`${P}/bin/tool`, 'x'.repeat(600), { mode: 0o755 }),
  hardlink(`${P}/bin/also`, `${P}/bin/tool`),
  symlink(`${P}/link`, '../../../../canary/folder'),
  pax(record('path', `${P}/grüße.txt`)),
  file('x', 'Hallo'),
  gnuLong('L', `${P}/bin/${'long'.repeat(30)}`),
  file('y', 'yes'),
];

let arena: Arena;

beforeAll(async () => {
  arena = await createArena();
});

afterAll(async () => {
  await arena[Symbol.asyncDispose]();
});

/** Numbers from 0 to below `limit`, the same in every run (a linear congruential generator). */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** What an attacker would try: separators, upward steps, type letters, NULs, signs, and plain noise. */
const TOKENS = ['/', '../', '..', '\0', '5', '2', '1', 'x', '\xff', '777', './', 'opt/'];

function mutate(bytes: Buffer, random: (limit: number) => number): void {
  for (let edits = 1 + random(4); edits > 0; edits -= 1) {
    const at = random(bytes.length);
    if (random(2) === 0) bytes[at] = random(256);
    else bytes.write(TOKENS[random(TOKENS.length)] ?? '', at, 'latin1');
  }
}

/** Makes the checksums right again, so that the damage gets past them. */
function repairChecksums(tar: Buffer): void {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    const block = tar.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.write(`${withChecksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
}

/** Unpacks in the arena; true when it was accepted. */
async function survives(stored: Buffer): Promise<boolean> {
  const before = snapshot(arena.canary, { times: true });
  try {
    await arena.unpack(stored);
    return true;
  } catch (error) {
    expect(isBerthError(error) ? error.kind : error).toMatch(/^(archive|format|limit)$/);
    expect(readdirSync(arena.target)).toEqual([]);
    return false;
  } finally {
    for (const name of readdirSync(arena.target)) await rm(join(arena.target, name), { recursive: true });
    expect(readdirSync(arena.top)).toEqual(['canary', 'parent']);
    expect(readdirSync(join(arena.top, 'parent'))).toEqual(['target']);
    expect(snapshot(arena.canary, { times: true })).toEqual(before);
  }
}

test(`${RUNS} random changes of an archive never reach outside and fail only in known ways`, async () => {
  const random = createRandom(20_251_123);
  let accepted = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const tar = tarOf(...members);
    mutate(tar, random);
    repairChecksums(tar);
    if (await survives(gzipSync(tar, { level: 1 }))) accepted += 1;
  }
  expect(accepted).toBeGreaterThan(50);
  expect(accepted).toBeLessThan(RUNS - 50);
}, 60_000);

test(`${RUNS} random changes of a compressed archive never reach outside and fail only in known ways`, async () => {
  const random = createRandom(42);
  const intact = packageOf(...members);
  let accepted = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const stored = Buffer.from(intact);
    mutate(stored, random);
    if (random(4) === 0) stored.copyWithin(random(stored.length), random(stored.length));
    if (await survives(stored.subarray(0, random(8) === 0 ? random(stored.length) : stored.length))) accepted += 1;
  }
  expect(accepted).toBeLessThan(RUNS / 4);
}, 60_000);
