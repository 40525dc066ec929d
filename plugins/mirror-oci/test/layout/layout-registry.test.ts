import { describe, expect, test } from '@jest/globals';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, readAll, type Sha256, sha256Of } from '@berth/base';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { OCI_TYPES } from '../../src/media-types.ts';
import { openTemporaryFolder } from '../support/layouts.ts';

const signal = new AbortController().signal;
const call = { signal };
const get = { accept: [], signal };

async function putBlob(registry: LayoutRegistry, content: string): Promise<Sha256> {
  const digest = sha256Of(content);
  await registry.putBlob({ digest, source: bytesSource(content) }, call);
  return digest;
}

async function image(registry: LayoutRegistry, content: string): Promise<{ bytes: Buffer; mediaType: string }> {
  const digest = await putBlob(registry, content);
  const config = { mediaType: OCI_TYPES.config, digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_TYPES.manifest, config, layers: [] }));
  return { bytes, mediaType: OCI_TYPES.manifest };
}

async function tags(registry: LayoutRegistry): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const tag of registry.listTags(call)) found.push(tag);
  return found;
}

async function contentOf(registry: LayoutRegistry, digest: Sha256, start?: number): Promise<string> {
  const body = await registry.openBlob({ digest, sizeBytes: undefined }, { signal, start });
  return (await readAll(body, { what: 'blob', maxBytes: 1e6 })).toString();
}

test('a layout begins with the first write, and is one that the specification describes', async () => {
  await using folder = await openTemporaryFolder();
  const path = join(folder.path, 'new/layout');
  const registry = new LayoutRegistry(path);
  expect(await tags(registry)).toEqual([]);
  expect(await registry.getManifest('x', get)).toBeUndefined();
  const manifest = await image(registry, '{}');
  const digest = await registry.putManifest('x', manifest, call);
  expect(JSON.parse(await readFile(join(path, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
  expect(JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))).toEqual({
    schemaVersion: 2,
    mediaType: OCI_TYPES.index,
    manifests: [
      {
        mediaType: OCI_TYPES.manifest,
        digest: `sha256:${digest}`,
        size: manifest.bytes.byteLength,
        annotations: { 'org.opencontainers.image.ref.name': 'x' },
      },
    ],
  });
  expect((await readdir(path)).sort()).toEqual(['.berth', 'blobs', 'index.json', 'oci-layout']);
});

test('manifests come back by tag and by digest, with their type', async () => {
  await using folder = await openTemporaryFolder();
  const registry = new LayoutRegistry(folder.path);
  const manifest = await image(registry, '{}');
  const digest = await registry.putManifest('x', manifest, call);
  for (const reference of ['x', `sha256:${digest}`]) {
    expect(await registry.getManifest(reference, get)).toMatchObject({ ...manifest, digest });
  }
  const untagged = await image(registry, '{"a":1}');
  const other = await registry.putManifest(`sha256:${sha256Of(untagged.bytes)}`, untagged, call);
  expect(await registry.getManifest(`sha256:${other}`, get)).toMatchObject({ ...untagged, digest: other });
  expect(await tags(registry)).toEqual(['x']);
});

test('a tag moves, and everything else in the index stays as it was', async () => {
  await using folder = await openTemporaryFolder();
  const registry = new LayoutRegistry(folder.path);
  const foreign = {
    mediaType: OCI_TYPES.manifest,
    digest: `sha256:${'a'.repeat(64)}`,
    size: 1,
    platform: { os: 'x', architecture: 'y' },
    x: 1,
  };
  await writeFile(
    join(folder.path, 'index.json'),
    JSON.stringify({ schemaVersion: 2, annotations: { a: 'b' }, manifests: [foreign] }),
  );
  await registry.putManifest('x', await image(registry, '1'), call);
  await registry.putManifest('y', await image(registry, '2'), call);
  const moved = await image(registry, '3');
  await registry.putManifest('x', moved, call);
  expect((await registry.getManifest('x', get))?.bytes).toEqual(moved.bytes);
  expect(await tags(registry)).toEqual(['x', 'y']);
  const index = JSON.parse(await readFile(join(folder.path, 'index.json'), 'utf8')) as Record<string, unknown>;
  expect(index).toMatchObject({ annotations: { a: 'b' }, manifests: [foreign, {}, {}] });
});

test('a deleted manifest is gone with its tags; deleting it again succeeds', async () => {
  await using folder = await openTemporaryFolder();
  const registry = new LayoutRegistry(folder.path);
  const digest = await registry.putManifest('x', await image(registry, '1'), call);
  await registry.putManifest('z', await image(registry, '1'), call);
  await registry.putManifest('y', await image(registry, '2'), call);
  await registry.deleteManifest(digest, call);
  await registry.deleteManifest(digest, call);
  expect(await tags(registry)).toEqual(['y']);
  expect(await registry.getManifest(`sha256:${digest}`, get)).toBeUndefined();
});

describe('blobs', () => {
  test('come back from any byte, and are put once', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = await putBlob(registry, 'hello');
    expect([await contentOf(registry, digest), await contentOf(registry, digest, 2)]).toEqual(['hello', 'llo']);
    expect(await registry.putBlob({ digest, source: bytesSource('hello') }, call)).toBe('exists');
    expect(await registry.hasBlob({ digest, sizeBytes: 5 }, call)).toBe(true);
    expect(await registry.hasBlob({ digest, sizeBytes: undefined }, call)).toBe(true);
    await expect(contentOf(registry, sha256Of('nowhere'))).rejects.toMatchObject({
      code: 'ERR_BLOB_MISSING',
      kind: 'notfound',
    });
  });

  test('R01 of other bytes than their digest are refused, and nothing is left behind', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = sha256Of('right');
    await expect(registry.putBlob({ digest, source: bytesSource('wrong') }, call)).rejects.toMatchObject({
      kind: 'digest',
    });
    expect(await registry.hasBlob({ digest, sizeBytes: undefined }, call)).toBe(false);
    expect(await readdir(join(folder.path, 'blobs/sha256'))).toEqual([]);
  });

  test('F03, R26 of the wrong size are not there, and are put again', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = await putBlob(registry, 'hello');
    await writeFile(join(folder.path, 'blobs/sha256', digest), 'hel');
    expect(await registry.hasBlob({ digest, sizeBytes: 5 }, call)).toBe(false);
    expect(await registry.putBlob({ digest, source: bytesSource('hello') }, call)).toBe('uploaded');
    expect(await contentOf(registry, digest)).toBe('hello');
  });

  test('F01 that are folders are not there', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = sha256Of('x');
    await mkdir(join(folder.path, 'blobs/sha256', digest), { recursive: true });
    expect(await registry.hasBlob({ digest, sizeBytes: undefined }, call)).toBe(false);
    await expect(contentOf(registry, digest)).rejects.toMatchObject({ kind: 'notfound' });
  });
});

describe('what is refused', () => {
  test('R19 a manifest that names what is not there', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const manifest = await image(registry, 'x');
    await rm(join(folder.path, 'blobs/sha256', sha256Of('x')));
    await expect(registry.putManifest('x', manifest, call)).rejects.toMatchObject({
      code: 'ERR_OCI_BLOB_UNKNOWN',
      details: { digests: [sha256Of('x')] },
    });
    expect(await tags(registry)).toEqual([]);
  });

  test('R01 a manifest whose bytes were altered', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = await registry.putManifest('x', await image(registry, 'x'), call);
    await writeFile(join(folder.path, 'blobs/sha256', digest), '{}');
    await expect(registry.getManifest('x', get)).rejects.toMatchObject({ kind: 'digest', code: 'ERR_DIGEST_MISMATCH' });
  });

  test('R07 a manifest of more than 4 MiB', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const digest = await putBlob(registry, ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(registry.getManifest(`sha256:${digest}`, get)).rejects.toMatchObject({ kind: 'limit' });
  });

  test('R25 a tag that no registry accepts', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const manifest = await image(registry, 'x');
    await expect(registry.putManifest('../x', manifest, call)).rejects.toMatchObject({ code: 'ERR_OCI_TAG' });
    await expect(registry.getManifest('sha256:../../x', get)).rejects.toMatchObject({ code: 'ERR_DIGEST_FORMAT' });
  });

  test.each(['', '[]', 'null', '{}', '{"manifests":{}}', '{"manifests":[{}]}', '<html>'])(
    'J07, J09 the index %j',
    async (text) => {
      await using folder = await openTemporaryFolder();
      await writeFile(join(folder.path, 'index.json'), text);
      await expect(tags(new LayoutRegistry(folder.path))).rejects.toMatchObject({ kind: 'format' });
    },
  );

  test('any call whose signal is aborted', async () => {
    await using folder = await openTemporaryFolder();
    const registry = new LayoutRegistry(folder.path);
    const aborted = { signal: AbortSignal.abort() };
    await expect(registry.hasBlob({ digest: sha256Of(''), sizeBytes: 0 }, aborted)).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(registry.getManifest('x', { accept: [], ...aborted })).rejects.toMatchObject({ name: 'AbortError' });
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? test.skip : test)('F04 a folder that cannot be written', async () => {
    await using folder = await openTemporaryFolder();
    await chmod(folder.path, 0o500);
    await expect(putBlob(new LayoutRegistry(folder.path), 'x')).rejects.toMatchObject({ kind: 'io', code: 'ERR_IO' });
  });
});

test('X06 many writers of tags at once lose none', async () => {
  await using folder = await openTemporaryFolder();
  const writers = Array.from({ length: 8 }, () => new LayoutRegistry(folder.path));
  await Promise.all(
    writers.map(async (registry, writer) => {
      for (let at = 0; at < 5; at += 1)
        await registry.putManifest(`t${writer}-${at}`, await image(registry, `${writer}`), call);
    }),
  );
  expect((await tags(new LayoutRegistry(folder.path))).toSorted()).toEqual(
    writers.flatMap((_, writer) => Array.from({ length: 5 }, (__, at) => `t${writer}-${at}`)).sort(),
  );
}, 60_000);
