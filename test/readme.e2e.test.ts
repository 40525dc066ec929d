import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BERTH, type Ended, start } from './support/berth.ts';
import { type Bench, copyQuickstart, openBench, useTree } from './support/bench.ts';
import { readMirror } from './support/inspect-mirror.ts';
import { treeProblems } from './support/inspect-tree.ts';

const MINUTE = 60_000;
const ROOT = join(import.meta.dirname, '..');

/** The commands of each fenced block marked `sh`, comments and blank lines left out. */
const blocks: readonly (readonly string[])[] = Array.from(
  readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm),
  ([, body = '']) =>
    body
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter((line) => line !== ''),
);

let bench: Bench;
let environment = '';

beforeAll(async () => {
  bench = await openBench();
  environment = await copyQuickstart(bench);
  await useTree(bench, join(bench.folder, 't'));
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

function scripts(): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
}

test('the README shows how to start in one block and five commands in another', () => {
  expect(blocks).toHaveLength(2);
  expect(blocks[1]).toHaveLength(5);
  expect(blocks[1]?.filter((line) => !line.startsWith('npx berth '))).toEqual([]);
});

test(
  'every npm script that the first block names is there, and its demo runs to its end',
  async () => {
    const words = (blocks[0] ?? []).flatMap((line) => line.split('&&').map((word) => word.trim()));
    expect(words).toContain('npm ci');
    const named = words.filter((word) => word !== 'npm ci').map((word) => word.replace(/^npm (run )?/, ''));
    expect(named.filter((name) => scripts()[name] === undefined)).toEqual([]);
    expect(named).toContain('demo');
    // What it does after building: the program under test is built already.
    const demo = scripts()['demo']?.split('&&').at(-1)?.trim() ?? '';
    const { code, stdout, stderr } = await start('sh', ['-c', demo], { env: bench.env, cwd: ROOT }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('installed 3 packages from what berth pushed');
    expect(stdout).toContain('every file is as it was installed');
    if (process.platform === 'linux' && process.arch === 'x64')
      expect(stdout.match(/greet says: hello/g)).toHaveLength(2);
  },
  MINUTE,
);

test('npx finds the program that the workspace builds', () => {
  const link = join(ROOT, 'node_modules/.bin/berth');
  expect(existsSync(link)).toBe(true);
  expect(realpathSync(link)).toBe(realpathSync(BERTH));
});

test(
  'the five commands work one after the other in a folder with a spack.yaml and a spack.lock',
  async () => {
    const bin = join(bench.folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'berth'), `#!/bin/sh\nexec '${process.execPath}' '${BERTH}' "$@"\n`);
    await chmod(join(bin, 'berth'), 0o755);
    const env = { ...bench.env, PATH: `${bin}:${bench.env['PATH'] ?? ''}` };
    const ends: Ended[] = [];
    for (const line of blocks[1] ?? []) {
      const ended = await start('sh', ['-c', line.replace(/^npx /, '')], { env, cwd: environment }).ended;
      expect({ line, code: ended.code, stderr: ended.code === 0 ? '' : ended.stderr }).toEqual({
        line,
        code: 0,
        stderr: '',
      });
      ends.push(ended);
    }
    expect(ends[0]?.stdout).toMatch(/^\[\+\] .*\/greet-1\.0-[a-z2-7]{32}$/m);
    expect(ends[1]?.stdout).toMatch(/^ *(?:\[\+\] +)?7y7a35n greet@1\.0 /m);
    expect(treeProblems(join(bench.folder, 't'))).toEqual([]);
    expect(await readMirror(join(environment, 'cache'))).toMatchObject({ problems: [], indexed: { length: 3 } });
    const manifest = readFileSync(join(environment, 'spack.yaml'), 'utf8');
    expect(manifest).toContain('my-cache:');
    expect(manifest).toContain('# Nothing in this build cache is signed.');
  },
  MINUTE,
);
