import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readEntrySpec } from '@berth/buildcache';
import { install } from '@berth/core';
import { verifyInstallManifest } from '@berth/store';
import { makeWorld } from '../support/world.ts';

const MIRRORS = join(import.meta.dirname, '../../../packages/buildcache/test/fixtures/mirrors');
const runs = process.platform === 'linux' && process.arch === 'x64';
const signal = new AbortController().signal;

test.each([
  { layout: 'v3', mirror: 'v3-unsigned', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm', packages: 3 },
  { layout: 'v3 signed, not checked', mirror: 'v3-signed', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm', packages: 3 },
  { layout: 'v2', mirror: 'v2-unsigned', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd', packages: 3 },
  { layout: 'v2 signed, not checked', mirror: 'v2-signed', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd', packages: 3 },
  { layout: 'v2 beside v3', mirror: 'v2-migrated-to-v3', hash: '4nocb6qyckgdmyklrqtcy4n5r2rprrrd', packages: 3 },
  { layout: 'v1', mirror: 'v1-unsigned', hash: '7uwc4z7zi7ndprz6cchsrsc5qiseaajl', packages: 2 },
])('installs from layout $layout, and the program runs', async ({ mirror: name, hash, packages: count }) => {
  // The binaries were built below /opt/golden/store…, and their strings can only shrink.
  await using world = await makeWorld({ folderPrefix: '/tmp/b', rootName: 's' });
  const mirror = await world.mirrorAt(join(MIRRORS, name), { name });
  const entry = await mirror.mirror.find({ name: 'greet', version: '1.0', hash }, { signal });
  if (entry === undefined) throw new Error('the fixture has it');
  const root = await readEntrySpec(mirror.mirror, entry, { signal });

  const { packages } = await install(world.installOptions([mirror], { roots: [root] }), world.context);
  expect(packages.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(packages.filter(({ outcome }) => outcome === 'installed')).toHaveLength(count);
  const prefix = packages.at(-1)?.prefix ?? '';
  expect(prefix).toContain(hash);
  expect(await verifyInstallManifest(prefix, { signal })).toEqual(new Map());
  const output = runs ? (await promisify(execFile)(join(prefix, 'bin/greet'))).stdout : world.root;
  expect(output).toContain(world.root);
});
