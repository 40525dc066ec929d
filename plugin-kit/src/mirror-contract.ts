import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { isBerthError, readAll, sha256Of } from '@berth/base';
import { checkBinding, type Mirror, type Publication, readEntrySpec } from '@berth/buildcache';
import {
  hashesOf,
  LIMIT,
  type MirrorCase,
  mirrorCase,
  type MirrorContext,
  publicationOf,
  publishes,
  signal,
} from './mirror-context.ts';
import { mirrorUpkeepContract } from './mirror-upkeep-contract.ts';

const indexes = ({ mirror }: MirrorContext): boolean =>
  mirror.publish !== undefined && mirror.updateIndex !== undefined;

/** What every mirror promises (`Mirror`). */
export const mirrorContract: readonly MirrorCase[] = [
  mirrorCase({
    name: 'an empty mirror has no package, no listing and no index',
    run: async ({ mirror }) => {
      const { spec } = await publicationOf('x');
      assert.equal(await mirror.find(spec, { signal }), undefined);
      assert.equal(await mirror.exists(spec, { signal }), false);
      assert.deepEqual(await hashesOf(mirror), []);
      assert.equal(await mirror.index({ signal }), undefined);
    },
  }),
  mirrorCase({
    name: 'a published package is found, by its spec and by its name, version and hash',
    applies: publishes,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      assert.equal(await mirror.publish?.(publication, { signal }), 'published');
      const { spec } = publication;
      for (const asked of [spec, { name: spec.name, version: '12.2.0', hash: spec.hash }]) {
        const entry = await mirror.find(asked, { signal });
        assert.equal(entry?.archive?.digest, publication.archive.digest);
        const found = await readEntrySpec(mirror, entry, { signal });
        assert.equal(checkBinding(found, asked, 'entry'), 'recomputed');
      }
      assert.equal(await mirror.exists(spec, { signal }), true);
    },
  }),
  mirrorCase({
    name: 'the archive comes back byte for byte',
    applies: publishes,
    run: async ({ mirror }) => {
      const bytes = randomBytes(300_000);
      const publication = await publicationOf(bytes);
      await mirror.publish?.(publication, { signal });
      const archive = (await mirror.find(publication.spec, { signal }))?.archive;
      assert.ok(archive);
      const found = await readAll(await mirror.open(archive, { signal }), { what: 'archive', maxBytes: LIMIT });
      assert.ok(found.equals(bytes));
    },
  }),
  mirrorCase({
    name: 'a package of the same name with another hash is not found',
    applies: publishes,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      await mirror.publish?.(publication, { signal });
      const asked = { name: publication.spec.name, version: '12.2.0', hash: 'a'.repeat(32) };
      assert.equal(await mirror.find(asked, { signal }), undefined);
    },
  }),
  mirrorCase({
    name: 'a blob that is not there is a notfound failure',
    run: async ({ mirror }) => {
      const digest = sha256Of('nowhere');
      const blob = {
        digest,
        sizeBytes: 7,
        mediaType: 'application/octet-stream',
        key: `blobs/sha256/${digest.slice(0, 2)}/${digest}`,
      };
      await assert.rejects(mirror.open(blob, { signal }), (error) => isBerthError(error) && error.kind === 'notfound');
    },
  }),
  mirrorCase({
    name: 'publishing again changes nothing unless it is forced',
    applies: publishes,
    run: async ({ mirror }) => {
      const first = await publicationOf('first');
      const second = await publicationOf('second');
      assert.equal(await mirror.publish?.(first, { signal }), 'published');
      assert.equal(await mirror.publish?.(second, { signal }), 'exists');
      assert.equal((await mirror.find(first.spec, { signal }))?.archive?.digest, first.archive.digest);
      assert.equal(await mirror.publish?.(second, { signal, force: true }), 'published');
      assert.equal((await mirror.find(first.spec, { signal }))?.archive?.digest, second.archive.digest);
    },
  }),
  mirrorCase({
    name: 'two pushes of one package at once leave one of them whole',
    applies: publishes,
    run: async ({ mirror }) => {
      const publications = await Promise.all([publicationOf('one'), publicationOf('another')]);
      await Promise.all(publications.map(async (each) => mirror.publish?.(each, { signal, force: true })));
      const entry = await mirror.find(publications[0].spec, { signal });
      assert.ok(publications.some(({ archive }) => archive.digest === entry?.archive?.digest));
      assert.equal(await mirror.exists(publications[0].spec, { signal }), true);
    },
  }),
  mirrorCase({
    name: 'a seal that fails leaves the package unpublished',
    applies: publishes,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      const seal = async (): Promise<never> => Promise.reject(new Error('no key'));
      await assert.rejects(async () => mirror.publish?.({ ...publication, seal }, { signal }));
      assert.equal(await mirror.find(publication.spec, { signal }), undefined);
    },
  }),
  mirrorCase({
    name: 'an aborted push rejects and publishes nothing',
    applies: publishes,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      await assert.rejects(async () => mirror.publish?.(publication, { signal: AbortSignal.abort() }));
      assert.equal(await mirror.find(publication.spec, { signal }), undefined);
    },
  }),
  mirrorCase({
    name: 'a listing has each published package once',
    applies: publishes,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      await mirror.publish?.(publication, { signal });
      await mirror.publish?.(publication, { signal, force: true });
      if (mirror.updateIndex !== undefined) await mirror.updateIndex({ add: [publication.spec] }, { signal });
      assert.deepEqual(await hashesOf(mirror), [publication.spec.hash]);
    },
  }),
  mirrorCase({
    name: 'an archive that is put ahead is there once its package is published, and no sooner',
    applies: (context) => publishes(context) && context.mirror.putArchive !== undefined,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      const { spec, archive } = publication;
      await mirror.putArchive?.(spec, archive, { signal });
      await mirror.putArchive?.(spec, archive, { signal });
      assert.equal(await mirror.find(spec, { signal }), undefined);
      assert.equal(await mirror.publish?.(publication, { signal }), 'published');
      assert.equal((await mirror.find(spec, { signal }))?.archive?.digest, archive.digest);
    },
  }),
  mirrorCase({
    name: 'an image of packages is named by its tag, and is no package itself',
    applies: (context) => publishes(context) && context.mirror.publishImage !== undefined,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      await mirror.publish?.(publication, { signal });
      const image = { tag: 'kit', roots: [publication.spec], runEnvironment: [{ name: 'KIT', value: '1' }] };
      const published = await mirror.publishImage?.(image, { signal });
      assert.match(published?.reference ?? '', /:kit$/);
      assert.match(published?.digest ?? '', /^[0-9a-f]{64}$/);
      assert.deepEqual(published?.missing, []);
      assert.deepEqual(await mirror.publishImage?.(image, { signal }), published);
      assert.deepEqual(await hashesOf(mirror), [publication.spec.hash]);
    },
  }),
  mirrorCase({
    name: 'an image names the packages that it lacks',
    applies: (context) => publishes(context) && context.mirror.publishImage !== undefined,
    run: async ({ mirror }) => {
      const { spec } = await publicationOf('x');
      const published = await mirror.publishImage?.({ tag: 'kit', roots: [spec], runEnvironment: [] }, { signal });
      assert.deepEqual(published?.missing, [spec.hash]);
    },
  }),
  mirrorCase({
    name: 'the index offers what was added, and never its dependencies',
    applies: indexes,
    run: async ({ mirror }) => {
      const { spec } = await publishAndIndex(mirror);
      const index = await mirror.index({ signal });
      assert.ok(index);
      assert.deepEqual(Array.from(index.hashes()), [spec.hash]);
      assert.equal(index.has(spec.hash), true);
      for (const { spec: child } of spec.dependencies) assert.equal(index.has(child.hash), false);
      assert.equal((await index.spec(spec.hash, { signal }))?.hash, spec.hash);
      await index[Symbol.asyncDispose]();
    },
  }),
  mirrorCase({
    name: 'adding to the index what it has already changes nothing',
    applies: indexes,
    run: async ({ mirror }) => {
      const { spec } = await publishAndIndex(mirror);
      assert.deepEqual(await mirror.updateIndex?.({ add: [spec] }, { signal }), { packages: 1, changed: false });
    },
  }),
  ...mirrorUpkeepContract,
];

async function publishAndIndex(mirror: Mirror): Promise<Publication> {
  const publication = await publicationOf('x');
  await mirror.publish?.(publication, { signal });
  assert.deepEqual(await mirror.updateIndex?.({ add: [publication.spec] }, { signal }), { packages: 1, changed: true });
  return publication;
}
