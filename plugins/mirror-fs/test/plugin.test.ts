import { expect, test } from '@jest/globals';
import { createHooks, PLUGIN_API_VERSION } from '@berth/core';
import plugin from '../src/index.ts';
import { connectionTo, openTemporaryFolder } from './support/contexts.ts';

const signal = new AbortController().signal;

test('the plugin opens file:// mirrors', async () => {
  await using folder = await openTemporaryFolder();
  const hooks = createHooks();
  plugin.apply({ apiVersion: PLUGIN_API_VERSION, hooks } as Parameters<typeof plugin.apply>[0], {});
  const mirror = await hooks.mirror.for('file').promise(connectionTo(folder.path), { signal });
  expect(mirror?.name).toBe('m');
  expect(await mirror?.index({ signal })).toBeUndefined();
});

test.each([
  [{ directoryMode: 0o775 }, true],
  [{}, true],
  [{ directoryMode: 0o7 }, false],
  [{ mode: 1 }, false],
  ['x', false],
])('the options %j are valid: %s', (options, valid) => {
  const schema = typeof plugin.options === 'function' ? undefined : plugin.options;
  expect(schema?.safeParse(options).success).toBe(valid);
});
