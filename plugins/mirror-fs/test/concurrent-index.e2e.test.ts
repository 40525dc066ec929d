import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatJson } from '@berth/base';
import { formatSpecDocument } from '@berth/spec';
import { syntheticSpecs } from '../../../packages/buildcache/test/support/publications.ts';
import { mirrorAt, openTemporaryFolder } from './support/contexts.ts';

const SCRIPT = join(import.meta.dirname, 'support/push-packages.js');
const signal = new AbortController().signal;

async function push(folder: string, documents: string, killAfterMs?: number): Promise<number | null> {
  const child = spawn(process.execPath, [SCRIPT, folder, documents], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  if (killAfterMs !== undefined) {
    await sleep(killAfterMs);
    child.kill('SIGKILL');
  }
  const [code] = await exit;
  return code;
}

/** Writes each writer's documents to a file of its own. */
async function prepare(
  folder: string,
  writers: number,
  packages: number,
): Promise<{ readonly files: readonly string[]; readonly hashes: readonly string[] }> {
  const files: string[] = [];
  const hashes: string[] = [];
  for (let writer = 0; writer < writers; writer += 1) {
    const specs = syntheticSpecs(packages, `w${writer}`);
    const file = join(folder, `documents-${writer}.json`);
    await writeFile(file, JSON.stringify(specs.map((spec) => formatJson(formatSpecDocument(spec)))));
    files.push(file);
    hashes.push(...specs.map(({ hash }) => hash));
  }
  return { files, hashes: hashes.sort() };
}

async function listed(folder: string): Promise<readonly string[]> {
  return Array.from((await mirrorAt(folder).index({ signal }))?.hashes() ?? []).sort();
}

test('X06: 8 processes push 20 packages each, and the index lists all 160', async () => {
  await using folder = await openTemporaryFolder();
  const { files, hashes } = await prepare(folder.path, 8, 20);
  const mirror = join(folder.path, 'mirror');
  const codes = await Promise.all(files.map((file) => push(mirror, file)));
  expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
  expect(await listed(mirror)).toEqual(hashes);
}, 300_000);

test('K01: writers that are killed and run again end where an undisturbed run ends', async () => {
  await using folder = await openTemporaryFolder();
  const { files, hashes } = await prepare(folder.path, 4, 10);
  const mirror = join(folder.path, 'mirror');
  const codes: (number | null)[] = [];
  await Promise.all(
    files.map(async (file, writer) => {
      for (let kill = 1; kill <= 3; kill += 1) codes.push(await push(mirror, file, 200 * kill + 50 * writer));
      expect(await push(mirror, file)).toBe(0);
    }),
  );
  expect(codes).toContain(null);
  expect(await listed(mirror)).toEqual(hashes);
}, 300_000);
