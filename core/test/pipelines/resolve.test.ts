import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { install, type OpenMirror, resolveSpecs, type ResolveOptions } from '@berth/core';
import { parseSpecs } from '@berth/spec';
import { join } from 'node:path';
import { makeWorld, type World } from '../support/world.ts';

const signal = new AbortController().signal;
let world: World;
let mirror: OpenMirror;

beforeEach(async () => {
  world = await makeWorld();
  mirror = await world.quickstartMirror('m');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function resolve(text: string, changes: Partial<ResolveOptions> = {}): Promise<readonly string[]> {
  const snapshot = await world.context.store.database.read({ signal });
  const options = { environment: [], snapshot, mirrors: [mirror], runsHere: () => true, ...changes };
  const specs = await resolveSpecs(parseSpecs(text), options, world.context);
  return specs.map(({ name, hash }) => `${name}/${hash.slice(0, 7)}`);
}

describe('resolveSpecs', () => {
  test('words find the best match on the mirrors', async () => {
    expect(await resolve('libgreet@1: +polite tone=warm')).toEqual(['libgreet/jcni4qe']);
    expect(await resolve('greet ^libgreet+polite')).toEqual(['greet/7y7a35n']);
  });

  test('the beginning of a hash finds one spec, wherever it is', async () => {
    expect(await resolve('/7y7a')).toEqual(['greet/7y7a35n']);
    await install(world.installOptions([mirror]), world.context);
    expect(await resolve('/7y7a', { mirrors: [] })).toEqual(['greet/7y7a35n']);
  });

  test('L09 a hash that nothing has, or that another package has, is a usage error', async () => {
    await expect(resolve('/zzzzzzz')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_HASH_UNKNOWN' });
    await expect(resolve('libgreet/7y7a')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_HASH_MISMATCH' });
  });

  test('X05 a package that the index records as a dependency only is not offered', async () => {
    await expect(resolve('compiler-wrapper')).rejects.toMatchObject({ kind: 'usage', code: 'ERR_NO_MATCH' });
  });

  test('packages for other machines are named, and found when the words name the machine', async () => {
    const elsewhere = { runsHere: () => false };
    await expect(resolve('greet', elsewhere)).rejects.toMatchObject({
      code: 'ERR_NO_MATCH',
      message: expect.stringContaining('linux-debian12-x86_64') as unknown as string,
    });
    expect(await resolve('greet os=debian12', elsewhere)).toEqual(['greet/7y7a35n']);
  });

  test('X01 a mirror without an index is passed over with a warning', async () => {
    const empty = await world.mirrorAt(join(world.folder, 'empty'), { name: 'empty' });
    expect(await resolve('greet', { mirrors: [empty, mirror] })).toEqual(['greet/7y7a35n']);
    expect(world.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'NO_INDEX' }));
  });
});
