import { describe, expect, test } from '@jest/globals';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, sha256Of } from '@berth/base';
import { type BaseImage, readBaseImage } from '../../src/image/base-image.ts';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { openLocalBlobs } from '../../src/local-blobs.ts';
import { DOCKER_TYPES, OCI_TYPES } from '../../src/media-types.ts';
import { FIXTURES, openTemporaryFolder, type TemporaryFolder } from '../support/layouts.ts';
import { recorded, type Requests } from '../support/recorded.ts';

const signal = new AbortController().signal;
const AMD64 = 'sha256:001c5152c69ccd317333f880f494ad189525b6ebc8d8423de9a4f21b879fdc64';

async function openBase(): Promise<TemporaryFolder & { readonly registry: LayoutRegistry }> {
  const folder = await openTemporaryFolder();
  await cp(join(FIXTURES, 'base'), folder.path, { recursive: true });
  return { ...folder, registry: new LayoutRegistry(folder.path) };
}

async function read(registry: LayoutRegistry, reference: string, architecture = 'amd64'): Promise<BaseImage> {
  await using blobs = openLocalBlobs(undefined);
  const repository = { registry, reference, mountFrom: undefined };
  return await readBaseImage({ reference: `base:${reference}`, repository, architecture, blobs }, { signal });
}

async function put(registry: LayoutRegistry, tag: string, document: object): Promise<string> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }));
  const mediaType = (document as { mediaType: string }).mediaType;
  return `sha256:${await registry.putManifest(tag, { bytes, mediaType }, { signal })}`;
}

async function putBlob(registry: LayoutRegistry, content: string): Promise<{ digest: string; size: number }> {
  const digest = sha256Of(content);
  await registry.putBlob({ digest, source: bytesSource(content) }, { signal });
  return { digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
}

test.each([
  ['amd64', 'amd64', 'oci', 'b14bb449b9fdf9be8ea5bb73a2bede491d153ac060e71fde5c80e1507d96bb5b'],
  ['multi', 'amd64', 'oci', 'b14bb449b9fdf9be8ea5bb73a2bede491d153ac060e71fde5c80e1507d96bb5b'],
  ['multi', 'arm64', 'oci', '16620516029ce1678409848e2bb29a41564474ff6171c06feb38471c5818d52d'],
  ['docker', 'amd64', 'docker', 'b14bb449b9fdf9be8ea5bb73a2bede491d153ac060e71fde5c80e1507d96bb5b'],
  [AMD64, 'amd64', 'oci', 'b14bb449b9fdf9be8ea5bb73a2bede491d153ac060e71fde5c80e1507d96bb5b'],
])('%s for %s is found', async (reference, architecture, family, diffId) => {
  await using base = await openBase();
  const image = await read(base.registry, reference, architecture);
  expect(image.family).toBe(family);
  expect(image.layers).toHaveLength(1);
  expect(image.config.get('architecture')).toBe(architecture);
  expect(image.config.get('rootfs')).toEqual(
    new Map<string, unknown>([
      ['type', 'layers'],
      ['diff_ids', [`sha256:${diffId}`]],
    ]),
  );
});

test('a layer moves only when somebody reads it', async () => {
  await using base = await openBase();
  await using blobs = openLocalBlobs(undefined);
  const requests: Requests = [];
  const registry = recorded(base.registry, requests);
  const repository = { registry, reference: 'amd64', mountFrom: 'demo/base' };
  const image = await readBaseImage({ reference: 'b', repository, architecture: 'amd64', blobs }, { signal });
  const layerLine = `openBlob ${image.layers[0]?.digest ?? ''}`;
  expect(requests).not.toContain(layerLine);
  const [blob] = image.blobs;
  expect(blob?.mountFrom).toBe('demo/base');
  const read: Buffer[] = [];
  for await (const chunk of blob?.source.open({ signal }) ?? []) read.push(chunk as Buffer);
  expect(sha256Of(Buffer.concat(read))).toBe(image.layers[0]?.digest);
  expect(requests).toContain(layerLine);
});

describe('R05 indexes', () => {
  test('without the platform name those that they have', async () => {
    await using base = await openBase();
    await expect(read(base.registry, 'multi', 'riscv64')).rejects.toMatchObject({
      kind: 'notfound',
      code: 'ERR_OCI_NO_PLATFORM',
      message: expect.stringContaining('linux/arm64, linux/amd64') as unknown as string,
    });
  });

  test('are passed through up to four deep, and no further', async () => {
    await using base = await openBase();
    const platform = { architecture: 'amd64', os: 'linux' };
    let inner = { mediaType: OCI_TYPES.manifest as string, digest: AMD64, size: 418 };
    for (const tag of ['one', 'two', 'three', 'four', 'five']) {
      const digest = await put(base.registry, tag, { mediaType: OCI_TYPES.index, manifests: [{ ...inner, platform }] });
      const stored = await base.registry.getManifest(digest, { accept: [], signal });
      inner = { mediaType: OCI_TYPES.index, digest, size: stored?.bytes.byteLength ?? 0 };
    }
    expect((await read(base.registry, 'four')).layers).toHaveLength(1);
    await expect(read(base.registry, 'five')).rejects.toMatchObject({ kind: 'protocol' });
  });

  test('list attestations, which are no images', async () => {
    await using base = await openBase();
    const image = { mediaType: OCI_TYPES.manifest, digest: AMD64, size: 418 };
    const manifests = [{ ...image, platform: { architecture: 'unknown', os: 'unknown' } }];
    await put(base.registry, 'attested', { mediaType: OCI_TYPES.index, manifests });
    await expect(read(base.registry, 'attested', 'unknown')).rejects.toMatchObject({ code: 'ERR_OCI_NO_PLATFORM' });
  });

  test('prefer Linux', async () => {
    await using base = await openBase();
    const windows = await put(base.registry, 'windows', {
      mediaType: OCI_TYPES.manifest,
      config: { mediaType: OCI_TYPES.config, ...(await putBlob(base.registry, '{}')) },
      layers: [],
    });
    const manifests = [
      {
        mediaType: OCI_TYPES.manifest,
        digest: windows,
        size: (await base.registry.getManifest(windows, { accept: [], signal }))?.bytes.byteLength,
        platform: { architecture: 'amd64', os: 'windows' },
      },
      { mediaType: OCI_TYPES.manifest, digest: AMD64, size: 418, platform: { architecture: 'amd64', os: 'linux' } },
    ];
    await put(base.registry, 'both', { mediaType: OCI_TYPES.index, manifests });
    expect((await read(base.registry, 'both')).layers).toHaveLength(1);
  });
});

describe('R29 images that nothing can be built on are refused clearly', () => {
  const digest = 'sha256:412ba9255a1713c5ca0484fe335bffa54ddaaa91e11f3fe031f28757ab145378';
  const configDigest = 'sha256:b4fad71ea2a1b4464853e4ff359cfc2960dd73b660c052dfce875d9b31b38810';
  const oci = {
    mediaType: OCI_TYPES.manifest,
    config: { mediaType: OCI_TYPES.config, digest: configDigest, size: 316 },
  };

  test.each([
    [
      'a layer that may not be distributed',
      {
        ...oci,
        layers: [{ mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', digest, size: 133 }],
      },
    ],
    [
      'R06 a layer elsewhere',
      { ...oci, layers: [{ mediaType: OCI_TYPES.layer, digest, size: 133, urls: ['https://x.example/y'] }] },
    ],
    [
      'a Docker layer under an OCI manifest',
      { ...oci, layers: [{ mediaType: DOCKER_TYPES.layer, digest, size: 133 }] },
    ],
  ])('%s', async (_name, document) => {
    await using base = await openBase();
    await put(base.registry, 'bad', document);
    await expect(read(base.registry, 'bad')).rejects.toMatchObject({ kind: 'config', code: 'ERR_OCI_BASE_LAYER' });
  });

  test('zstd layers of OCI images can lie under packages', async () => {
    await using base = await openBase();
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd';
    await put(base.registry, 'zstd', { ...oci, layers: [{ mediaType, digest, size: 133 }] });
    expect((await read(base.registry, 'zstd')).layers[0]?.mediaType).toBe(mediaType);
  });

  test('an image of another architecture', async () => {
    await using base = await openBase();
    await expect(read(base.registry, 'arm64')).rejects.toMatchObject({ code: 'ERR_OCI_NO_PLATFORM' });
  });

  test('a config that tells of other layers', async () => {
    await using base = await openBase();
    await put(base.registry, 'bad', { ...oci, layers: [] });
    await expect(read(base.registry, 'bad')).rejects.toMatchObject({ kind: 'format', code: 'ERR_DOCUMENT' });
  });

  test('an image that is not there', async () => {
    await using base = await openBase();
    await expect(read(base.registry, 'nothing')).rejects.toMatchObject({ kind: 'notfound', code: 'ERR_OCI_NO_IMAGE' });
  });
});
