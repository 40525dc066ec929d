import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readEntrySpec } from '@berth/buildcache';
import { install } from '@berth/core';
import { type ConcreteSpec } from '@berth/spec';
import { verifyInstallManifest } from '@berth/store';
import { makeWorld, type World } from '../support/world.ts';

const MIRRORS = join(import.meta.dirname, '../../../packages/buildcache/test/fixtures/mirrors');
const SPLICED = { name: 'greet', version: '1.0', hash: 'gayzj2lfzhio7os4e7cw26usd5o2o7bm' };
const runs = process.platform === 'linux' && process.arch === 'x64';
const signal = new AbortController().signal;

async function splicedSpec(world: World): Promise<ConcreteSpec> {
  const { mirror } = await world.mirrorAt(join(MIRRORS, 'v3-spliced'), { name: 'spliced' });
  const entry = await mirror.find(SPLICED, { signal });
  if (entry === undefined) throw new Error('the fixture has it');
  return readEntrySpec(mirror, entry, { signal });
}

test('a spliced spec is made from the binary of what it was built as, with its new dependency', async () => {
  // The binaries were built below /opt/golden/store, and their strings can only shrink.
  await using world = await makeWorld({ folderPrefix: '/tmp/b', rootName: 's' });
  const names = ['v3-unsigned', 'v3-spliced'];
  const mirrors = await Promise.all(names.map((name) => world.mirrorAt(join(MIRRORS, name), { name })));
  const root = await splicedSpec(world);
  expect(root.buildSpec?.hash).toBe(world.spec('greet').hash);

  const { packages } = await install(world.installOptions(mirrors, { roots: [root] }), world.context);
  expect(packages.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  const prefix = packages.at(-1)?.prefix ?? '';
  expect(prefix).toContain(SPLICED.hash);
  expect(await verifyInstallManifest(prefix, { signal })).toEqual(new Map());
  const document = JSON.parse(await readFile(join(prefix, '.spack/spec.json'), 'utf8')) as {
    spec: { nodes: { hash: string; build_spec?: { hash: string } }[] };
  };
  expect(document.spec.nodes[0]).toMatchObject({ hash: SPLICED.hash, build_spec: { hash: world.spec('greet').hash } });
  const output = runs ? (await promisify(execFile)(join(prefix, 'bin/greet'))).stdout : SPLICED.hash;
  expect(output).toContain(SPLICED.hash);
});
