import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isAbandonedTemporary, sweepTemporaries, temporaryBeside, writeFileAtomic } from '../src/index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-temp-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** The number of a process that has just ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

function ofProcess(path: string, pid: number): string {
  return path.replace(`.${process.pid}.`, `.${pid}.`);
}

test('a temporary file lies beside its target, hidden, under a name of its own', () => {
  const [one, other] = [temporaryBeside(join(folder, 'x')), temporaryBeside(join(folder, 'x'))];
  expect(one).not.toBe(other);
  expect(one.startsWith(join(folder, `.x.${process.pid}.`))).toBe(true);
});

test('O3: what ended processes of this machine left is swept, and nothing else', async () => {
  const mine = temporaryBeside(join(folder, 'x'));
  const dead = ofProcess(temporaryBeside(join(folder, 'x')), endedProcess());
  const elsewhere = dead.replace(/[0-9a-f]{8}(?=[0-9a-f]{12}\.tmp$)/, '12345678');
  const files = [mine, dead, elsewhere, join(folder, 'x'), join(folder, '.x.1.tmp')];
  for (const path of files) await writeFile(path, '');
  await sweepTemporaries(folder);
  const swept = [basename(dead)];
  expect(files.map((path) => basename(path)).filter((name) => isAbandonedTemporary(name))).toEqual(swept);
  const left = files.map((path) => basename(path)).filter((name) => !swept.includes(name));
  expect((await readdir(folder)).sort()).toEqual(left.sort());
});

test('a folder that does not exist has nothing to sweep', async () => {
  await expect(sweepTemporaries(join(folder, 'none'))).resolves.toBeUndefined();
});

test('a file is replaced as a whole, and a failure leaves the old one and no temporary file', async () => {
  const path = join(folder, 'x');
  await writeFileAtomic(path, 'one');
  await writeFileAtomic(path, 'two', { mode: 0o600, sync: true });
  expect(await readFile(path, 'utf8')).toBe('two');
  await expect(writeFileAtomic(folder, 'three')).rejects.toMatchObject({ syscall: 'rename' });
  expect(await readdir(folder)).toEqual(['x']);
});
