import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listBinaries, type OpenMirror, updateMirrorIndex, updateMirrorView } from '@berth/core';
import { makeWorld, type World } from '../support/world.ts';

let world: World;
let mirror: OpenMirror & { readonly path: string };
beforeEach(async () => {
  world = await makeWorld();
  mirror = await world.quickstartMirror('m');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function listed(from: OpenMirror): Promise<readonly string[]> {
  const binaries = await listBinaries({ mirrors: [from], queries: [], accept: () => true }, world.context);
  return binaries.map(({ spec }) => spec.name).sort();
}

async function openView(view: string): Promise<OpenMirror> {
  const { url } = mirror;
  const opened = await world.host.openMirror(
    {
      ...{ name: 'm', direction: 'push', url, view, settings: {}, emit: world.context.emit },
      credentials: async () => undefined,
      cacheDir: join(world.folder, 'cache'),
    },
    world.context,
  );
  return { mirror: opened, name: 'm', url, signed: false };
}

test('a rebuilt index lists what is there: what is gone disappears, what was left out comes in', async () => {
  await rm(join(mirror.path, 'v3/manifests/spec/greet'), { recursive: true });
  expect(await updateMirrorIndex(mirror, { rebuild: true }, world.context)).toEqual({ packages: 2, changed: true });
  expect(await listed(mirror)).toEqual(['gcc-runtime', 'libgreet']);
  expect(await updateMirrorIndex(mirror, { rebuild: true }, world.context)).toEqual({ packages: 2, changed: false });
  await rm(join(mirror.path, 'v3/manifests/index'), { recursive: true });
  expect(await updateMirrorIndex(mirror, { rebuild: true }, world.context)).toEqual({ packages: 2, changed: true });
});

test('X06: eight rebuilds at once leave one index with everything', async () => {
  await rm(join(mirror.path, 'v3/manifests/index'), { recursive: true });
  const summaries = await Promise.all(
    Array.from({ length: 8 }, () => updateMirrorIndex(mirror, { rebuild: true }, world.context)),
  );
  expect(summaries.map(({ packages }) => packages)).toEqual(Array.from({ length: 8 }, () => 3));
  expect(await listed(mirror)).toEqual(['gcc-runtime', 'greet', 'libgreet']);
});

test('an update is told as a task, also when it fails', async () => {
  await updateMirrorIndex(mirror, { rebuild: true }, world.context);
  expect(world.events).toContainEqual({
    ...{ type: 'task-end', id: 'update-index m', kind: 'update-index', label: 'mirror m', outcome: 'done' },
  });
  const readOnly = { ...mirror, mirror: { ...mirror.mirror } };
  delete readOnly.mirror.updateIndex;
  await expect(updateMirrorIndex(readOnly, { rebuild: true }, world.context)).rejects.toMatchObject({
    kind: 'usage',
    code: 'ERR_MIRROR_READONLY',
  });
});

test('a view lists those of the specs that the mirror has, and is added to only on request', async () => {
  const view = await openView('team/a');
  const specs = ['libgreet', 'compiler-wrapper', 'gcc'].map((name) => world.spec(name));
  expect(await updateMirrorView(view, { specs, append: false }, world.context)).toEqual({ packages: 1, changed: true });
  expect(await listed(view)).toEqual(['libgreet']);
  expect(await listed(mirror)).toEqual(['gcc-runtime', 'greet', 'libgreet']);
  await expect(
    updateMirrorView(view, { specs: [world.spec('greet')], append: false }, world.context),
  ).rejects.toMatchObject({ kind: 'usage', code: 'ERR_VIEW_EXISTS' });
  await updateMirrorView(view, { specs: [world.spec('greet')], append: true }, world.context);
  expect(await listed(view)).toEqual(['greet', 'libgreet']);
  expect(mirror.url).toBe(pathToFileURL(mirror.path).href);
});
