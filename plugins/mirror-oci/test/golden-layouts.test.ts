import { expect, test } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readAll, sha256Of } from '@berth/base';
import { checkBinding, readEntrySpec } from '@berth/buildcache';
import { LayoutRegistry } from '../src/layout/layout-registry.ts';
import { INDEX_TAG } from '../src/tags.ts';
import { goldenMirror } from './support/layouts.ts';

const signal = new AbortController().signal;
const NEW = { greet: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm', libgreet: 'jcni4qeht7exvcpnt737c2cvqazoz7jz' };
const OLD = { greet: '7uwc4z7zi7ndprz6cchsrsc5qiseaajl', libgreet: 'khtmoztruajhg4xjvyqbj5wo46cnfwyp' };
const GOLDEN_INDEX = 'daa5a7e3f570589a1315b3828391f715290f785216209b018d6887ee1a530cec';

const layouts = [
  { name: 'cache', hashes: NEW, count: 3, archive: '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745' },
  {
    name: 'on-oci-base',
    hashes: NEW,
    count: 3,
    archive: '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745',
  },
  {
    name: 'on-docker-base',
    hashes: NEW,
    count: 3,
    archive: '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745',
  },
  { name: 'orig', hashes: OLD, count: 2, archive: '5d8ab71c495ad67061f4ccebfa41edc090e25d9333164dfd5458d7a31db018a5' },
];

test.each(layouts)('layout $name is listed, indexed and read', async ({ name, hashes, count, archive }) => {
  await using golden = await goldenMirror(name);
  const { mirror } = golden;
  const listed: string[] = [];
  for await (const { hash } of mirror.list({ signal })) listed.push(hash);
  expect(listed).toHaveLength(count);
  const index = await mirror.index({ signal });
  expect(Array.from(index?.hashes() ?? []).sort()).toEqual(listed.sort());

  const asked = { name: 'greet', version: '1.0', hash: hashes.greet };
  expect(await mirror.exists(asked, { signal })).toBe(true);
  const entry = await mirror.find(asked, { signal });
  expect(entry?.archive?.digest).toBe(archive);
  expect(entry?.documentKey).toBe(`greet-1.0-${hashes.greet}.spack`);
  if (entry?.archive === undefined) throw new Error('the entry has an archive');
  const spec = await readEntrySpec(mirror, entry, { signal });
  checkBinding(spec, asked, name);
  expect((await index?.spec(hashes.greet, { signal }))?.hash).toBe(spec.hash);
  const bytes = await readAll(await mirror.open(entry.archive, { signal }), { what: name, maxBytes: 1e6 });
  expect(sha256Of(bytes)).toBe(archive);
  const part = await mirror.open(entry.archive, { signal, range: { start: 10, end: 30 } });
  expect(await readAll(part, { what: name, maxBytes: 100 })).toEqual(bytes.subarray(10, 30));
  expect(golden.events.filter(({ type }) => type === 'warning')).toEqual([]);
});

test('a package without an index is found by its tag', async () => {
  await using golden = await goldenMirror('cache');
  const path = join(golden.path, 'index.json');
  const index = JSON.parse(await readFile(path, 'utf8')) as { manifests: { annotations: Record<string, string> }[] };
  expect(Object.values(index.manifests[3]?.annotations ?? {})).toEqual([INDEX_TAG]);
  await golden.mirror.index({ signal });
  await rm(join(golden.path, 'blobs/sha256', GOLDEN_INDEX));
  const asked = { name: 'libgreet', version: '1.0', hash: NEW.libgreet };
  expect((await golden.mirror.find(asked, { signal }))?.asked).toEqual(asked);
});

test.each(['cache', 'on-oci-base', 'on-docker-base'])('the index of %s is made anew byte for byte', async (name) => {
  await using golden = await goldenMirror(name);
  const { mirror, path } = golden;
  const manifest = await readManifest(path, INDEX_TAG);
  await removeTag(path, INDEX_TAG);
  expect(await mirror.index({ signal })).toBeUndefined();
  expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 3, changed: true });
  const made = await readManifest(path, INDEX_TAG);
  expect(made.bytes).toEqual(manifest.bytes);
  expect(made.document.layers.map(({ digest, size }) => [digest, size])).toEqual([[`sha256:${GOLDEN_INDEX}`, 5489]]);
  expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 3, changed: false });
});

test('the index of the first version is replaced by one of today', async () => {
  await using golden = await goldenMirror('orig');
  expect(await golden.mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 2, changed: true });
  const index = await golden.mirror.index({ signal });
  expect(Array.from(index?.hashes() ?? []).sort()).toEqual(Object.values(OLD).sort());
});

interface ManifestText {
  readonly bytes: Buffer;
  readonly document: { readonly layers: readonly { digest: string; size: number }[] };
}

interface LayoutIndex {
  manifests: { digest: string; annotations: Record<string, string> }[];
}

async function readLayoutIndex(path: string): Promise<LayoutIndex> {
  return JSON.parse(await readFile(join(path, 'index.json'), 'utf8')) as LayoutIndex;
}

async function readManifest(path: string, tag: string): Promise<ManifestText> {
  const { manifests } = await readLayoutIndex(path);
  const entry = manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === tag);
  const bytes = await readFile(join(path, 'blobs/sha256', entry?.digest.slice(7) ?? ''));
  return { bytes, document: JSON.parse(bytes.toString()) as ManifestText['document'] };
}

async function removeTag(path: string, tag: string): Promise<void> {
  const registry = new LayoutRegistry(path);
  const stored = await registry.getManifest(tag, { accept: [], signal });
  if (stored !== undefined) await registry.deleteManifest(stored.digest, { signal });
}
