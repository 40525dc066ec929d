import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../bin/berth-plugin-kit.js');
const run = (...words: readonly string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, [PROGRAM, ...words], { encoding: 'utf8' });

test('the runner prints TAP for a mirror and ends with 0', () => {
  const { status, stdout, stderr } = run(join(import.meta.dirname, 'support/folder-subject.js'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^TAP version 13\nok 1 - an empty mirror[^]*\n1\.\.\d+\n$/);
  expect(stdout).not.toMatch(/^not ok/m);
}, 60_000);

test('without a module it is used wrongly', () => {
  expect(run()).toMatchObject({ status: 2, stdout: '' });
}, 60_000);
