import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  listBinaries,
  type ListBinariesOptions,
  type ListedBinary,
  type OpenMirror,
  selectBinaries,
} from '@berth/core';
import { parseSpec } from '@berth/spec';
import { makeWorld, type World } from '../support/world.ts';

const MIRRORS = join(import.meta.dirname, '../../../packages/buildcache/test/fixtures/mirrors');

let world: World;
let mirror: OpenMirror & { readonly path: string };
beforeEach(async () => {
  world = await makeWorld();
  mirror = await world.quickstartMirror('m');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

function list(options: Partial<ListBinariesOptions> = {}): Promise<readonly ListedBinary[]> {
  return listBinaries({ mirrors: [mirror], queries: [], accept: () => true, ...options }, world.context);
}

function names(binaries: readonly ListedBinary[]): readonly string[] {
  return binaries.map(({ spec }) => spec.name).sort();
}

function warnings(): readonly string[] {
  return world.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

test('X05: binaries are listed; what they were built with has none and is not', async () => {
  expect(names(await list())).toEqual(['gcc-runtime', 'greet', 'libgreet']);
  expect(warnings()).toEqual([]);
});

test('a package on two mirrors is listed once, with both', async () => {
  const second = await world.quickstartMirror('second');
  const v2 = await world.mirrorAt(join(MIRRORS, 'v2-unsigned'), { name: 'v2' });
  const binaries = await list({ mirrors: [mirror, second, v2] });
  expect(binaries.filter(({ spec }) => spec.name === 'greet').map((one) => one.mirrors)).toEqual([
    ['m', 'second'],
    ['v2'],
  ]);
});

test('queries are alternatives, and dependencies count', async () => {
  expect(names(await list({ queries: [parseSpec('libgreet'), parseSpec('gcc-runtime@12')] }))).toEqual([
    'gcc-runtime',
    'libgreet',
  ]);
  expect(names(await list({ queries: [parseSpec('greet ^libgreet tone=warm')] }))).toEqual(['greet']);
  expect(await list({ queries: [parseSpec('greet ^libgreet tone=cold')] })).toEqual([]);
  expect(names(await list({ queries: [parseSpec('/7y7a35n')] }))).toEqual(['greet']);
});

test('what is not accepted is not listed; the query that found it is told', async () => {
  const query = parseSpec('greet');
  const seen: unknown[] = [];
  const accept: ListBinariesOptions['accept'] = ({ name }, found) => {
    seen.push([name, found]);
    return false;
  };
  expect(await list({ queries: [query], accept })).toEqual([]);
  expect(seen).toEqual([['greet', query]]);
});

test('a mirror without an index says how many packages it does not list, an empty one that it is empty', async () => {
  await rm(join(mirror.path, 'v3/manifests/index'), { recursive: true });
  const empty = await world.mirrorAt(join(world.folder, 'empty'), { name: 'empty' });
  expect(await list({ mirrors: [mirror, empty] })).toEqual([]);
  expect(warnings()).toEqual(['mirror m has no index: its 3 packages are not listed', 'mirror empty is empty']);
});

test('X01: a mirror with a broken index is passed over with a warning, the others are listed', async () => {
  const broken = await world.quickstartMirror('broken');
  await rm(join(broken.path, 'blobs'), { recursive: true });
  expect(names(await list({ mirrors: [broken, mirror] }))).toEqual(['gcc-runtime', 'greet', 'libgreet']);
  expect(warnings()).toEqual([expect.stringMatching(/^mirror broken passed over: .*is not on the mirror$/)]);
});

test('a selection takes one binary for each query, or all with multiple', async () => {
  const v2 = await world.mirrorAt(join(MIRRORS, 'v2-unsigned'), { name: 'v2' });
  const binaries = await list({ mirrors: [mirror, v2] });
  const select = (text: string, multiple = false): readonly string[] =>
    selectBinaries([parseSpec(text)], { binaries, multiple }).map(({ hash }) => hash.slice(0, 7));
  expect(select('greet', true)).toEqual(['7y7a35n', '4nocb6q']);
  expect(select('/4nocb6q')).toEqual(['4nocb6q']);
  expect(() => select('greet')).toThrow(expect.objectContaining({ kind: 'usage', code: 'ERR_SEVERAL_MATCH' }));
  expect(() => select('nosuch')).toThrow(expect.objectContaining({ kind: 'usage', code: 'ERR_NO_MATCH' }));
});
