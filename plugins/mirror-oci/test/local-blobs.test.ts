import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, readAll, type Sha256, sha256Of } from '@berth/base';
import { LayoutRegistry } from '../src/layout/layout-registry.ts';
import { type LocalBlobs, openLocalBlobs, type WantedBlob } from '../src/local-blobs.ts';
import { type Registry } from '../src/registry.ts';
import { openTemporaryFolder, type TemporaryFolder } from './support/layouts.ts';
import { recorded, type Requests } from './support/recorded.ts';

const signal = new AbortController().signal;
const CONTENT = 'x'.repeat(200_000);

interface Place extends TemporaryFolder {
  readonly registry: Registry;
  readonly requests: Requests;
  readonly blobs: LocalBlobs;
  readonly wanted: WantedBlob;
  readonly kept: string;
}

async function openPlace(): Promise<Place> {
  const folder = await openTemporaryFolder();
  const requests: Requests = [];
  const layout = new LayoutRegistry(join(folder.path, 'layout'));
  const digest = sha256Of(CONTENT);
  await layout.putBlob({ digest, source: bytesSource(CONTENT) }, { signal });
  return {
    ...folder,
    registry: recorded(layout, requests),
    requests,
    blobs: openLocalBlobs(join(folder.path, 'cache')),
    wanted: { what: 'blob', digest, sizeBytes: CONTENT.length },
    kept: join(folder.path, 'cache/blobs/sha256', digest),
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await readAll(body, { what: 'blob', maxBytes: 1e6 })).toString();
}

test('what was read once is not asked for again, whichever way it was read', async () => {
  for (const first of ['open', 'fetch', 'read'] as const) {
    await using place = await openPlace();
    const { blobs, registry, wanted, requests } = place;
    if (first === 'open') expect(await textOf(await blobs.open(registry, wanted, { signal }))).toBe(CONTENT);
    if (first === 'fetch') await blobs.fetch(registry, wanted, { signal });
    if (first === 'read') await blobs.read(registry, wanted, { signal, maxBytes: 1e6 });
    expect(requests).toHaveLength(1);
    expect(await textOf(await blobs.open(registry, wanted, { signal }))).toBe(CONTENT);
    expect((await blobs.read(registry, wanted, { signal, maxBytes: 1e6 })).toString()).toBe(CONTENT);
    expect(requests).toHaveLength(1);
  }
});

test('F10 a damaged copy is dropped and fetched again', async () => {
  await using place = await openPlace();
  const { blobs, registry, wanted, requests } = place;
  await blobs.fetch(registry, wanted, { signal });
  await writeFile(place.kept, CONTENT.replace('x', 'y'));
  expect(await textOf(await blobs.open(registry, wanted, { signal }))).toBe(CONTENT);
  expect(requests).toHaveLength(2);
});

describe('R01 bytes that are not those of the digest', () => {
  test('are never kept', async () => {
    await using place = await openPlace();
    const { blobs, registry } = place;
    const layoutFile = join(place.path, 'layout/blobs/sha256', place.wanted.digest);
    await writeFile(layoutFile, CONTENT.replace('x', 'y'));
    expect(await textOf(await blobs.open(registry, place.wanted, { signal }))).not.toBe(CONTENT);
    await expect(blobs.fetch(registry, place.wanted, { signal })).rejects.toMatchObject({ kind: 'digest' });
    await expect(blobs.read(registry, place.wanted, { signal, maxBytes: 1e6 })).rejects.toMatchObject({
      kind: 'digest',
    });
    expect(await readdir(join(place.path, 'cache/blobs/sha256'))).toEqual([]);
  });

  test('nor are those of another size', async () => {
    await using place = await openPlace();
    const wanted = { ...place.wanted, sizeBytes: 10 };
    await expect(place.blobs.fetch(place.registry, wanted, { signal })).rejects.toMatchObject({ kind: 'size' });
  });

  test('nor is a part of them, when the reader leaves', async () => {
    await using place = await openPlace();
    for (const readsFirst of [true, false]) {
      const body = await place.blobs.open(place.registry, place.wanted, { signal });
      if (readsFirst) await body[Symbol.asyncIterator]().next();
      body.destroy();
      if (!body.closed) await once(body, 'close');
    }
    expect(await readdir(join(place.path, 'cache/blobs/sha256'))).toEqual([]);
  });
});

test('R07 a document that says it is larger than it may be is not asked for', async () => {
  await using place = await openPlace();
  const reading = place.blobs.read(place.registry, place.wanted, { signal, maxBytes: 100 });
  await expect(reading).rejects.toMatchObject({ kind: 'limit' });
  expect(place.requests).toEqual([]);
});

test('a copy of another size than the document says is not taken for it', async () => {
  await using place = await openPlace();
  await place.blobs.fetch(place.registry, place.wanted, { signal });
  const wanted = { ...place.wanted, sizeBytes: CONTENT.length - 1 };
  await expect(place.blobs.fetch(place.registry, wanted, { signal })).rejects.toMatchObject({ kind: 'size' });
});

test('without a folder everything is in a temporary one, which goes', async () => {
  const isOurs = (name: string): boolean => /^berth-oci-[A-Za-z0-9]{6}$/.test(name);
  const before = new Set((await readdir(tmpdir())).filter(isOurs));
  const blobs = openLocalBlobs(undefined);
  const digest: Sha256 = await blobs.keep(Buffer.from('document'), { signal });
  const found = await blobs.find(digest, { signal });
  expect(found?.sizeBytes).toBe(8);
  await blobs[Symbol.asyncDispose]();
  expect(found?.sizeBytes).toBe(8);
  expect((await readdir(tmpdir())).filter((name) => isOurs(name) && !before.has(name))).toEqual([]);
});
