import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHooks, PLUGIN_API_VERSION } from '@berth/core';
import plugin from '../src/index.ts';
import { openOciMirror, sourceDateOf } from '../src/open-mirror.ts';
import { connectionTo, openTemporaryFolder } from './support/layouts.ts';

const signal = new AbortController().signal;

test('the plugin opens every address that its manifest names', async () => {
  await using folder = await openTemporaryFolder();
  const text = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  const manifest = JSON.parse(text) as { berthPlugin: { provides: readonly string[] } };
  const hooks = createHooks();
  plugin.apply({ apiVersion: PLUGIN_API_VERSION, hooks } as Parameters<typeof plugin.apply>[0], {});
  const urls: Readonly<Record<string, string>> = {
    'mirror:oci': 'oci://ghcr.io/org/cache',
    'mirror:oci+http': 'oci+http://localhost:5000/x',
    'mirror:oci-layout': `oci-layout://${folder.path}`,
  };
  expect([...manifest.berthPlugin.provides].sort()).toEqual(Object.keys(urls).sort());
  for (const [name, url] of Object.entries(urls)) {
    const hook = hooks.mirror.for(name.replace('mirror:', ''));
    const mirror = await hook.promise({ ...connectionTo(folder.path), url }, { signal });
    expect(mirror?.name).toBe('m');
    await mirror?.[Symbol.asyncDispose]();
  }
});

describe('what is wrong with a mirror is said before any request', () => {
  const open = async (changes: object): Promise<string | undefined> => {
    try {
      const mirror = await openOciMirror({ ...connectionTo('/x'), ...changes }, { env: {} });
      await mirror[Symbol.asyncDispose]();
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test.each([
    ['oci://ghcr.io/org/cache', undefined],
    ['oci://ghcr.io/', 'ERR_OCI_REFERENCE'],
    ['oci://a..b/c', 'ERR_OCI_REFERENCE'],
    ['oci-layout://host/x', 'ERR_OCI_LAYOUT_URL'],
  ])('the address %s', async (url, code) => {
    expect(await open({ url })).toBe(code);
  });

  test('settings that no image mirror has', async () => {
    expect(await open({ settings: { uploadHosts: ['blobs.example:443'] } })).toBeUndefined();
    expect(await open({ settings: { realmHosts: 'x' } })).toBe('ERR_OCI_SETTINGS');
    expect(await open({ settings: { region: 'x' } })).toBe('ERR_OCI_SETTINGS');
  });
});

test('SOURCE_DATE_EPOCH is a number of seconds', () => {
  expect(sourceDateOf({})).toBeUndefined();
  expect(sourceDateOf({ SOURCE_DATE_EPOCH: '' })).toBeUndefined();
  expect(sourceDateOf({ SOURCE_DATE_EPOCH: '86400' })?.toISOString()).toBe('1970-01-02T00:00:00.000Z');
  for (const text of ['x', '-1', '1.5', '1e3', '9'.repeat(20)]) {
    expect(() => sourceDateOf({ SOURCE_DATE_EPOCH: text })).toThrow(
      expect.objectContaining({ code: 'ERR_SOURCE_DATE_EPOCH' }),
    );
  }
});
