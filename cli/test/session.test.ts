import { expect, test } from '@jest/globals';
import { type Configuration } from '@berth/config';
import { parseSpec, readSpecDocument } from '@berth/spec';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesArchitecture, runsHere } from '../src/session.ts';

const GREET = join(import.meta.dirname, '../../packages/buildcache/test/fixtures/specs/greet.json');

test.each([
  { platform: 'linux', os: 'debian12', target: 'x86_64', runs: true },
  { platform: 'linux', os: 'debian12', target: 'x86_64_v4', runs: true },
  { platform: 'linux', os: 'debian12', target: 'zen4', runs: true },
  { platform: 'linux', os: 'debian12', target: 'aarch64', runs: false },
  { platform: 'linux', os: 'ubuntu24.04', target: 'x86_64', runs: false },
  { platform: 'darwin', os: 'debian12', target: 'x86_64', runs: false },
])('a package for x86_64 on debian12: on $platform $os $target it runs: $runs', async ({ runs, ...host }) => {
  const spec = readSpecDocument(await readFile(GREET), { what: 'greet' }).root;
  expect(runsHere({ substitution: { host } } as Pick<Configuration, 'substitution'>)(spec)).toBe(runs);
});

test('only a query with some part of an architecture says which machines it means', () => {
  expect(namesArchitecture(undefined)).toBe(false);
  expect(namesArchitecture(parseSpec('greet@1 +x ^libgreet target=x86_64'))).toBe(false);
  expect(namesArchitecture(parseSpec('greet target=x86_64:'))).toBe(true);
  expect(namesArchitecture(parseSpec('greet os=debian12'))).toBe(true);
});
