import { expect, test } from '@jest/globals';
import { readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type PruneSummary } from '@berth/buildcache';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { type OciMirror } from '../../src/mirror/oci-mirror.ts';
import { type Registry } from '../../src/registry.ts';
import { blobOf, manifestOf } from '../support/blobs.ts';
import { goldenMirror, mirrorAt, type MirrorOptions } from '../support/layouts.ts';
import { GOLDEN_TAGS, readDocuments } from '../support/publications.ts';

const signal = new AbortController().signal;
const GREET = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';
const LIBGREET = 'jcni4qeht7exvcpnt737c2cvqazoz7jz';
const GCC_RUNTIME = 'ota4ukznoewu2hr52tqsbmyumurhjeal';
const ACCEPT = ['application/vnd.oci.image.manifest.v1+json'];

async function prune(
  mirror: OciMirror,
  options: Partial<Parameters<NonNullable<OciMirror['prune']>>[0]> = {},
): Promise<PruneSummary> {
  const summary = await mirror.prune?.({ graceMs: 0, dryRun: false, signal, ...options });
  if (summary === undefined) throw new Error('it prunes');
  return summary;
}

async function tagsOf(path: string): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of new LayoutRegistry(path).listTags({ signal })) tags.push(tag);
  return tags.sort();
}

/** Puts the manifest that is under one tag under another one too. */
async function retag(path: string, from: string, to: string): Promise<void> {
  const registry = new LayoutRegistry(path);
  const stored = await registry.getManifest(from, { accept: ACCEPT, signal });
  if (stored === undefined) throw new Error(`no tag ${from}`);
  await registry.putManifest(to, stored, { signal });
}

/** Something small about an image, under a tag of cosign's. */
async function sign(path: string, digest: string, suffix: string): Promise<string> {
  const registry = new LayoutRegistry(path);
  const [config, layer] = [blobOf(Buffer.from('{}')), blobOf(Buffer.from(`about ${digest}${suffix}`))];
  for (const blob of [config, layer]) await registry.putBlob(blob, { signal });
  const tag = `${digest.replace(':', '-')}${suffix}`;
  await registry.putManifest(tag, manifestOf(config, layer), { signal });
  return tag;
}

async function digestOf(path: string, tag: string): Promise<string> {
  const { manifestBytes } = await readDocuments(path, tag);
  const { sha256Of } = await import('@berth/base');
  return `sha256:${sha256Of(manifestBytes)}`;
}

test('packages that are not kept go with their tags, and the index forgets them', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  const before = await tagsOf(path);
  const dry = await prune(mirror, { keep: new Set([GREET]), dryRun: true });
  expect(await tagsOf(path)).toEqual(before);
  const { removed, index } = await prune(mirror, { keep: new Set([GREET]) });
  expect(removed).toEqual(dry.removed);
  expect(removed.map(({ key, reason, hash }) => [key, reason, hash])).toEqual([
    [GOLDEN_TAGS['gcc-runtime'], 'not-kept', GCC_RUNTIME],
    [GOLDEN_TAGS.libgreet, 'not-kept', LIBGREET],
  ]);
  expect(index).toEqual({ packages: 1, changed: true });
  const left = await tagsOf(path);
  expect(left).toContain(GOLDEN_TAGS.greet);
  expect(left).toHaveLength(before.length - 2);
});

test('a tag that shares its manifest with one that stays, stays', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  await retag(path, GOLDEN_TAGS.libgreet, 'stable');
  const { removed } = await prune(mirror, { keep: new Set([GREET]) });
  expect(removed.map(({ key }) => key)).toEqual([GOLDEN_TAGS['gcc-runtime']]);
  expect(await tagsOf(path)).toEqual(expect.arrayContaining(['stable', GOLDEN_TAGS.libgreet]));
});

test('an image that an index of several architectures names stays', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  const { manifestBytes } = await readDocuments(path, GOLDEN_TAGS.libgreet);
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const entry = {
    mediaType: ACCEPT[0],
    digest: await digestOf(path, GOLDEN_TAGS.libgreet),
    size: manifestBytes.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [entry] }));
  await new LayoutRegistry(path).putManifest('app', { bytes, mediaType }, { signal });
  const { removed } = await prune(mirror, { keep: new Set([GREET]) });
  expect(removed.map(({ key }) => key)).toEqual([GOLDEN_TAGS['gcc-runtime']]);
});

test('signatures go with their image, and those whose image is gone; others stay', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  const ofGoing = await sign(path, await digestOf(path, GOLDEN_TAGS.libgreet), '.sig');
  const ofStaying = await sign(path, await digestOf(path, GOLDEN_TAGS.greet), '.sig');
  const ofNothing = await sign(path, `sha256:${'a'.repeat(64)}`, '.att');
  const { removed } = await prune(mirror, { keep: new Set([GREET, GCC_RUNTIME]) });
  expect(removed.map(({ key }) => key)).toEqual([GOLDEN_TAGS.libgreet, ofNothing, ofGoing]);
  expect(await tagsOf(path)).toContain(ofStaying);
});

test('without a list only what is not whole goes', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  expect((await prune(mirror)).removed).toEqual([]);
  const { manifest } = await readDocuments(path, GOLDEN_TAGS.greet);
  await rm(join(path, 'blobs/sha256', manifest.layers.at(-1)?.digest.slice('sha256:'.length) ?? ''));
  expect((await prune(mirror)).removed).toMatchObject([{ key: GOLDEN_TAGS.greet, reason: 'incomplete' }]);
});

test('what is younger than the grace period stays', async () => {
  await using golden = await goldenMirror('cache');
  const { mirror, path } = golden;
  const old = new Date(Date.now() - 7_200_000);
  const file = join(path, 'blobs/sha256', (await digestOf(path, GOLDEN_TAGS.greet)).slice('sha256:'.length));
  await utimes(file, old, old);
  expect((await stat(file)).mtimeMs).toBeLessThan(Date.now() - 7_000_000);
  const { removed, spared } = await prune(mirror, { keep: new Set(), graceMs: 3_600_000 });
  expect(removed.map(({ key }) => key)).toEqual([GOLDEN_TAGS.greet]);
  expect(spared).toBe(2);
});

/** A mirror whose registry is changed in a few respects. */
async function mirrorWith(
  wrap: NonNullable<MirrorOptions['wrap']>,
): Promise<AsyncDisposable & { mirror: OciMirror; path: string }> {
  const golden = await goldenMirror('cache');
  const mirror = mirrorAt(golden.path, { wrap });
  return { mirror, path: golden.path, [Symbol.asyncDispose]: () => golden[Symbol.asyncDispose]() };
}

function delegating(registry: Registry, changes: Partial<Registry>): Registry {
  const { label } = registry;
  return {
    label,
    getManifest: (...args) => registry.getManifest(...args),
    putManifest: (...args) => registry.putManifest(...args),
    deleteManifest: async (...args) => registry.deleteManifest?.(...args),
    hasBlob: (...args) => registry.hasBlob(...args),
    openBlob: (...args) => registry.openBlob(...args),
    putBlob: (...args) => registry.putBlob(...args),
    listTags: (...args) => registry.listTags(...args),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
    ...changes,
  };
}

test('a registry that tells no ages is pruned only without a grace period', async () => {
  const ageless = (registry: Registry): Registry =>
    delegating(registry, {
      getManifest: async (...args) => {
        const stored = await registry.getManifest(...args);
        return stored && { ...stored, modifiedAt: undefined };
      },
    });
  await using place = await mirrorWith(ageless);
  const before = await readFile(join(place.path, 'index.json'));
  await expect(prune(place.mirror, { keep: new Set([GREET]), graceMs: 1 })).rejects.toMatchObject({
    code: 'ERR_PRUNE_AGE',
  });
  expect(await readFile(join(place.path, 'index.json'))).toEqual(before);
  expect((await prune(place.mirror, { keep: new Set([GREET]) })).removed).toHaveLength(2);
});

test('X14: a list of tags that breaks off ends the prune before anything goes', async () => {
  await using place = await mirrorWith((registry) =>
    delegating(registry, {
      async *listTags() {
        yield GOLDEN_TAGS.greet;
        throw new Error('the listing broke');
      },
    }),
  );
  const before = await readFile(join(place.path, 'index.json'));
  await expect(prune(place.mirror, { keep: new Set([GCC_RUNTIME]) })).rejects.toThrow('the listing broke');
  expect(await readFile(join(place.path, 'index.json'))).toEqual(before);
});

test('X13: a tag that is pushed anew beside the prune stays, and so does what a new tag names', async () => {
  let listings = 0;
  const place = await goldenMirror('cache');
  await using mirror = mirrorAt(place.path, {
    wrap: (registry) =>
      delegating(registry, {
        async *listTags(options) {
          listings += 1;
          // The second look comes just before the first removal.
          if (listings === 2) await retag(place.path, GOLDEN_TAGS.libgreet, 'new');
          yield* registry.listTags(options);
        },
      }),
  });
  const { removed, spared } = await prune(mirror, { keep: new Set([GREET]) });
  expect(removed.map(({ key }) => key)).toEqual([GOLDEN_TAGS['gcc-runtime']]);
  expect(spared).toBe(1);
  await place[Symbol.asyncDispose]();
});
