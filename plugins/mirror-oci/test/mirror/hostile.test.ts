import { describe, expect, test } from '@jest/globals';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BerthError, bytesSource, sha256Of, VerifyStream } from '@berth/base';
import { readEntrySpec } from '@berth/buildcache';
import { formatIndexManifest } from '../../src/index-image/index-image.ts';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { OCI_TYPES } from '../../src/media-types.ts';
import { type Registry } from '../../src/registry.ts';
import { INDEX_TAG } from '../../src/tags.ts';
import { goldenMirror, mirrorAt, openTemporaryFolder } from '../support/layouts.ts';
import { GOLDEN_TAGS, goldenPublication } from '../support/publications.ts';
import { recorded, type Requests } from '../support/recorded.ts';

const signal = new AbortController().signal;
const greet = { name: 'greet', version: '1.0', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm' };
const ARCHIVE = '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745';
const CONFIG = 'dab5e65f2ce6c3a40311d541290eea5e3b2661a18767e96c6d7cefcb86c0d09c';
const INDEX = 'daa5a7e3f570589a1315b3828391f715290f785216209b018d6887ee1a530cec';

const blobAt = (layout: string, digest: string): string => join(layout, 'blobs/sha256', digest);

/** Puts a manifest under the tag of greet. */
async function tagManifest(layout: string, change: (manifest: Record<string, unknown>) => void): Promise<void> {
  const registry = new LayoutRegistry(layout);
  const stored = await registry.getManifest(GOLDEN_TAGS.greet, { accept: [], signal });
  const manifest = JSON.parse(stored?.bytes.toString() ?? '{}') as Record<string, unknown>;
  change(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  await registry.putManifest(GOLDEN_TAGS.greet, { bytes, mediaType: OCI_TYPES.manifest }, { signal });
}

/** Gives greet another config. */
async function tagConfig(layout: string, content: string): Promise<void> {
  const digest = sha256Of(content);
  await new LayoutRegistry(layout).putBlob({ digest, source: bytesSource(content) }, { signal });
  await tagManifest(layout, (manifest) => {
    manifest['config'] = { mediaType: OCI_TYPES.config, digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  });
}

describe('R01 altered bytes', () => {
  test('of a config are refused and never kept', async () => {
    await using place = await openTemporaryFolder();
    await using golden = await goldenMirror('cache', { connection: { cacheDir: place.path } });
    const text = await readFile(blobAt(golden.path, CONFIG), 'utf8');
    await writeFile(blobAt(golden.path, CONFIG), text.replace('"version":"1.0"', '"version":"1.1"'));
    await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({ kind: 'digest' });
    expect(await readdir(join(place.path, 'blobs/sha256'))).toEqual([]);
  });

  test('of an archive reach nobody who verifies, and are never kept', async () => {
    await using place = await openTemporaryFolder();
    await using golden = await goldenMirror('cache', { connection: { cacheDir: place.path } });
    const bytes = await readFile(blobAt(golden.path, ARCHIVE));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(blobAt(golden.path, ARCHIVE), bytes);
    const archive = (await golden.mirror.find(greet, { signal }))?.archive;
    if (archive === undefined) throw new Error('greet has an archive');
    const verify = new VerifyStream({ what: 'archive', digest: archive.digest, sizeBytes: archive.sizeBytes });
    const reading = pipeline(await golden.mirror.open(archive, { signal }), verify.resume(), { signal });
    await expect(reading).rejects.toMatchObject({ kind: 'digest' });
    expect(await readdir(join(place.path, 'blobs/sha256'))).toEqual([CONFIG]);
  });

  test('of a manifest are refused', async () => {
    await using golden = await goldenMirror('cache');
    const digest = '9c9295f80aa6f3aefac626b8c88b1dbe394c61d86b86e9930813aa9f510446da';
    await writeFile(blobAt(golden.path, digest), '{}');
    await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({ kind: 'digest' });
  });
});

test('R03 a tag is resolved once: what it names is read by digest', async () => {
  const requests: Requests = [];
  await using golden = await goldenMirror('cache', { wrap: (registry) => recorded(registry, requests) });
  const entry = await golden.mirror.find(greet, { signal });
  // The tag moves to another package.
  const registry = new LayoutRegistry(golden.path);
  const other = await registry.getManifest(GOLDEN_TAGS.libgreet, { accept: [], signal });
  if (entry?.archive === undefined || other === undefined) throw new Error('both are there');
  await registry.putManifest(GOLDEN_TAGS.greet, other, { signal });
  expect((await readEntrySpec(golden.mirror, entry, { signal })).name).toBe('greet');
  (await golden.mirror.open(entry.archive, { signal })).destroy();
  expect(requests.filter((line) => line.startsWith('getManifest'))).toHaveLength(1);
});

describe('a tag that leads to no package', () => {
  test('R04 a manifest that is an index, too, is refused', async () => {
    await using golden = await goldenMirror('cache');
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_TYPES.index, manifests: [] }));
    await new LayoutRegistry(golden.path).putManifest(
      GOLDEN_TAGS.greet,
      { bytes, mediaType: OCI_TYPES.index },
      { signal },
    );
    await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({
      kind: 'protocol',
      code: 'ERR_OCI_DOCUMENT',
    });
  });

  test('J11 a package of a newer layout says so', async () => {
    await using golden = await goldenMirror('cache');
    const text = await readFile(blobAt(golden.path, CONFIG), 'utf8');
    await tagConfig(golden.path, text.replace('"buildcache_layout_version":3', '"buildcache_layout_version":4'));
    await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({
      kind: 'format',
      code: 'ERR_LAYOUT_VERSION',
    });
  });

  test.each(['', 'null', '[]', '<html></html>', '{"spec":{},"spec":{}}', '{}'])(
    'J01, J07, J09 the config %j is refused',
    async (text) => {
      await using golden = await goldenMirror('cache');
      await tagConfig(golden.path, text);
      await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({ kind: 'format' });
    },
  );

  test('J15 a last layer that is no gzip archive is refused, and no layer is no archive', async () => {
    await using golden = await goldenMirror('cache');
    await tagManifest(golden.path, (manifest) => {
      const layers = manifest['layers'] as { mediaType: string }[];
      for (const layer of layers) layer.mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd';
    });
    await expect(golden.mirror.find(greet, { signal })).rejects.toMatchObject({ kind: 'format', code: 'ERR_MANIFEST' });
    await tagManifest(golden.path, (manifest) => {
      manifest['layers'] = [];
    });
    expect((await golden.mirror.find(greet, { signal }))?.archive).toBeUndefined();
    expect(await golden.mirror.exists(greet, { signal })).toBe(false);
  });

  test('J17 names that no tag can be built from are refused before any request', async () => {
    const requests: Requests = [];
    await using golden = await goldenMirror('cache', { wrap: (registry) => recorded(registry, requests) });
    for (const asked of [
      { ...greet, name: '../x' },
      { ...greet, version: '1/0' },
      { ...greet, hash: 'x' },
    ]) {
      await expect(golden.mirror.find(asked, { signal })).rejects.toMatchObject({ kind: 'format' });
    }
    expect(requests).toEqual([]);
  });
});

describe('F03, R26 what is damaged', () => {
  test.each([
    ['an archive that is gone', ARCHIVE, undefined],
    ['an archive that was cut', ARCHIVE, 'cut'],
    ['a config that is gone', CONFIG, undefined],
  ])('%s does not count as there, and a push replaces it', async (_name, digest, content) => {
    await using golden = await goldenMirror('cache');
    if (content === undefined) await rm(blobAt(golden.path, digest));
    else await writeFile(blobAt(golden.path, digest), content);
    expect(await golden.mirror.exists(greet, { signal })).toBe(false);
    const publication = await goldenPublication('greet');
    expect(await golden.mirror.publish(publication, { signal })).toBe('published');
    expect(await golden.mirror.exists(greet, { signal })).toBe(true);
  });

  test('a manifest whose bytes were altered is replaced', async () => {
    await using golden = await goldenMirror('cache');
    await writeFile(blobAt(golden.path, '9c9295f80aa6f3aefac626b8c88b1dbe394c61d86b86e9930813aa9f510446da'), '{}');
    expect(await golden.mirror.publish(await goldenPublication('greet'), { signal })).toBe('published');
    expect((await golden.mirror.find(greet, { signal }))?.archive?.digest).toBe(ARCHIVE);
  });
});

test('R19 a blob that the registry collected before the manifest came is put once more', async () => {
  await using folder = await openTemporaryFolder();
  let collected = false;
  const requests: Requests = [];
  const wrap = (registry: Registry): Registry => ({
    ...recorded(registry, requests),
    putManifest: async (reference, manifest, options) => {
      if (!collected) {
        collected = true;
        await rm(blobAt(folder.path, ARCHIVE));
      }
      return registry.putManifest(reference, manifest, options);
    },
  });
  await using mirror = mirrorAt(folder.path, { wrap });
  expect(await mirror.publish(await goldenPublication('greet'), { signal })).toBe('published');
  expect(await mirror.exists(greet, { signal })).toBe(true);
  expect(requests.filter((line) => line === 'putBlob uploaded')).toHaveLength(3);
});

test('R19 a registry that goes on losing blobs is a failure', async () => {
  await using folder = await openTemporaryFolder();
  const lost = new BerthError('protocol', 'ERR_OCI_BLOB_UNKNOWN', 'lost');
  const wrap = (registry: Registry): Registry => ({
    ...recorded(registry, []),
    putManifest: () => Promise.reject(lost),
  });
  await using mirror = mirrorAt(folder.path, { wrap });
  await expect(mirror.publish(await goldenPublication('greet'), { signal })).rejects.toBe(lost);
});

describe('R28, X01 an index that cannot be used', () => {
  async function putIndex(layout: string, content: string, sizeBytes = Buffer.byteLength(content)): Promise<void> {
    const registry = new LayoutRegistry(layout);
    const digest = sha256Of(content);
    for (const each of [content, '{}']) {
      await registry.putBlob({ digest: sha256Of(each), source: bytesSource(each) }, { signal });
    }
    const { bytes, mediaType } = formatIndexManifest({ digest, sizeBytes });
    if (sizeBytes === Buffer.byteLength(content))
      await registry.putManifest(INDEX_TAG, { bytes, mediaType }, { signal });
    else await writeRaw(layout, bytes);
  }

  /** Past the check that a layout makes. */
  async function writeRaw(layout: string, bytes: Buffer): Promise<void> {
    await writeFile(blobAt(layout, sha256Of(bytes)), bytes);
    const path = join(layout, 'index.json');
    const text = await readFile(path, 'utf8');
    const entry = /"digest": "sha256:8aac6a6e[0-9a-f]+",\s+"size": 400/;
    await writeFile(path, text.replace(entry, `"digest": "sha256:${sha256Of(bytes)}", "size": ${bytes.byteLength}`));
  }

  test.each([
    ['zero bytes', ''],
    ['half of it', '{"database":{"version":"8","installs":{"a'],
    ['a newer version', '{"database":{"version":"9","installs":{}}}'],
    ['a page', '<html></html>'],
  ])('%s is an index failure; packages are found all the same', async (_name, content) => {
    await using golden = await goldenMirror('cache');
    await putIndex(golden.path, content);
    await expect(golden.mirror.index({ signal })).rejects.toMatchObject({ kind: 'index' });
    expect((await golden.mirror.find(greet, { signal }))?.archive?.digest).toBe(ARCHIVE);
    expect(await golden.mirror.updateIndex({ add: [] }, { signal })).toEqual({ packages: 3, changed: true });
    const manifest = await new LayoutRegistry(golden.path).getManifest(INDEX_TAG, { accept: [], signal });
    expect(manifest?.bytes.toString()).toContain(INDEX);
  });

  test('more than 2 GiB are not asked for', async () => {
    const requests: Requests = [];
    await using golden = await goldenMirror('cache', { wrap: (registry) => recorded(registry, requests) });
    await putIndex(golden.path, '{}x', 2 ** 31 + 1);
    await expect(golden.mirror.index({ signal })).rejects.toMatchObject({ kind: 'index' });
    expect(requests).toEqual([`getManifest ${INDEX_TAG}`]);
  });

  test('no layer, no blob, or no image is an index failure', async () => {
    await using golden = await goldenMirror('cache');
    await rm(blobAt(golden.path, INDEX));
    await expect(golden.mirror.index({ signal })).rejects.toMatchObject({ kind: 'index', code: 'ERR_INDEX' });
    const registry = new LayoutRegistry(golden.path);
    const { bytes } = formatIndexManifest({ digest: sha256Of('{}'), sizeBytes: 2 });
    const empty = Buffer.from(bytes.toString().replace(/"layers":\[.*\]/, '"layers":[]'));
    await registry.putManifest(INDEX_TAG, { bytes: empty, mediaType: OCI_TYPES.manifest }, { signal });
    await expect(golden.mirror.index({ signal })).rejects.toMatchObject({ kind: 'index', code: 'ERR_INDEX' });
  });

  test('X02, F10 a damaged copy of it is fetched again', async () => {
    await using place = await openTemporaryFolder();
    await using golden = await goldenMirror('cache', { connection: { cacheDir: place.path } });
    await (await golden.mirror.index({ signal }))?.[Symbol.asyncDispose]();
    const folder = join(place.path, 'indices');
    const name = (await readdir(folder)).find((each) => each.includes(INDEX.slice(0, 10))) ?? '';
    await writeFile(join(folder, name), 'damaged');
    await using again = await golden.mirror.index({ signal });
    expect(again?.size).toBe(3);
  });
});

test('an aborted call asks nothing', async () => {
  await using golden = await goldenMirror('cache');
  const aborted = { signal: AbortSignal.abort() };
  await expect(golden.mirror.find(greet, aborted)).rejects.toMatchObject({ name: 'AbortError' });
  await expect(golden.mirror.updateIndex({ rebuild: true }, aborted)).rejects.toMatchObject({ name: 'AbortError' });
  const image = { tag: 'x', roots: [(await goldenPublication('greet')).spec], runEnvironment: [] };
  await expect(golden.mirror.publishImage(image, aborted)).rejects.toMatchObject({ name: 'AbortError' });
});
