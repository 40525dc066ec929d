import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { parseDatabaseIndex } from '../src/database/index-text.ts';
import { fixture, temporaryFolder } from './helpers.ts';

const WORKER = fixture('../workers/transactions.js');

function startWorker(root: string, name: string, count: number): ChildProcess {
  return spawn(process.execPath, [WORKER, root, name, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function readNames(root: string): Promise<string[]> {
  const text = await readFile(join(root, '.spack-db', 'index.json'), 'utf8');
  const { records } = parseDatabaseIndex(text, 'database');
  return Array.from(records.values(), ({ node }) => {
    const version = node.json.get('version');
    return `${node.name}@${typeof version === 'string' ? version : '?'}`;
  });
}

test('eight processes with fifty transactions each lose nothing', async () => {
  const root = await temporaryFolder();
  const workers = Array.from({ length: 8 }, (_, number) => startWorker(root, `worker${number}`, 50));
  const codes = await Promise.all(workers.map(async (worker) => ((await once(worker, 'exit')) as [number])[0]));
  expect(codes).toEqual(new Array(8).fill(0));
  const names = await readNames(root);
  expect(new Set(names).size).toBe(400);
  expect(names).toHaveLength(400);
  expect((await readdir(join(root, '.spack-db'))).sort()).toEqual(['index.json', 'index_verifier', 'lock']);
}, 180_000);

test('K01: a process killed at any moment of its transactions leaves a database that reads, with all it had reported', async () => {
  const root = await temporaryFolder();
  for (let round = 0; round < 20; round += 1) {
    const worker = startWorker(root, `round${round}`, 100_000);
    const reported: string[] = [];
    if (worker.stdout !== null) createInterface(worker.stdout).on('line', (line) => reported.push(line));
    while (reported.length < 3) await new Promise((resume) => setTimeout(resume, 5));
    await new Promise((resume) => setTimeout(resume, (round * 7) % 40));
    worker.kill('SIGKILL');
    await once(worker, 'close');
    const names = await readNames(root);
    expect(names).toEqual(expect.arrayContaining(reported.map((number) => `round${round}@1.${number}`)));
  }
  const last = startWorker(root, 'last', 1);
  await once(last, 'exit');
  expect(await readNames(root)).toContain('last@1.0');
  expect((await readdir(join(root, '.spack-db'))).sort()).toEqual(['index.json', 'index_verifier', 'lock']);
}, 180_000);
