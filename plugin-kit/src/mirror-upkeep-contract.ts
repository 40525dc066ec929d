import assert from 'node:assert/strict';
import { BerthError, isBerthError, readAll } from '@berth/base';
import { type Mirror, type PrunedObject, type Publication } from '@berth/buildcache';
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

const prunes = (context: MirrorContext): boolean => publishes(context) && context.mirror.prune !== undefined;
const copies = (context: MirrorContext): boolean => publishes(context) && context.mirror.copyFrom !== undefined;

/** What mirrors promise that copy and prune. */
export const mirrorUpkeepContract: readonly MirrorCase[] = [
  mirrorCase({
    name: 'a package is copied from another mirror of the same format as it is, or not at all',
    applies: copies,
    run: async ({ mirror }) => {
      const publication = await publicationOf('x');
      await mirror.publish?.(publication, { signal });
      const entry = await mirror.find(publication.spec, { signal });
      assert.ok(entry);
      const missing = {
        name: 'other',
        open: () => Promise.reject(new BerthError('notfound', 'ERR_BLOB_MISSING', 'x')),
      };
      assert.equal(
        await mirror.copyFrom?.(missing, { ...entry, layout: 'own', documentType: 'text/plain' }, { signal }),
        false,
      );
      assert.equal(await mirror.copyFrom?.(mirror, entry, { signal }), true);
      assert.deepEqual((await mirror.find(publication.spec, { signal }))?.document, entry.document);
    },
  }),
  mirrorCase({
    name: 'pruning removes no package that is whole, and nothing that one needs',
    applies: prunes,
    run: async ({ mirror }) => {
      const { spec } = await publishAndIndexIfPossible(mirror);
      assert.deepEqual(
        (await prune(mirror, { graceMs: 0 })).filter(({ hash }) => hash !== undefined),
        [],
      );
      assert.equal(await mirror.exists(spec, { signal }), true);
      await prune(mirror, { graceMs: 0, keep: new Set([spec.hash]) });
      assert.equal(await mirror.exists(spec, { signal }), true);
      const archive = (await mirror.find(spec, { signal }))?.archive;
      assert.ok(archive);
      await readAll(await mirror.open(archive, { signal }), { what: 'archive', maxBytes: LIMIT });
    },
  }),
  mirrorCase({
    name: 'pruning with a list of what to keep removes the rest, from the index too; a dry run says the same and removes nothing',
    applies: prunes,
    run: async ({ mirror }) => {
      const { spec } = await publishAndIndexIfPossible(mirror);
      const keep = new Set(['a'.repeat(32)]);
      const told = await prune(mirror, { graceMs: 0, keep, dryRun: true });
      assert.ok(told.some(({ hash }) => hash === spec.hash));
      assert.equal(await mirror.exists(spec, { signal }), true);
      const done = await prune(mirror, { graceMs: 0, keep });
      assert.deepEqual(done.map(({ key }) => key).sort(), told.map(({ key }) => key).sort());
      assert.equal(await mirror.find(spec, { signal }), undefined);
      assert.deepEqual(await hashesOf(mirror), []);
      const index = await mirror.index({ signal });
      assert.deepEqual(Array.from(index?.hashes() ?? []), []);
      await index?.[Symbol.asyncDispose]();
    },
  }),
  mirrorCase({
    name: 'pruning spares what is younger than the grace period, or of unknown age',
    applies: prunes,
    run: async ({ mirror }) => {
      const { spec } = await publishAndIndexIfPossible(mirror);
      try {
        assert.deepEqual(await prune(mirror, { graceMs: 3_600_000, keep: new Set() }), []);
      } catch (error) {
        if (!isBerthError(error, 'ERR_PRUNE_AGE')) throw error;
      }
      assert.equal(await mirror.exists(spec, { signal }), true);
    },
  }),
];

async function prune(
  mirror: Mirror,
  options: { readonly graceMs: number; readonly keep?: ReadonlySet<string>; readonly dryRun?: boolean },
): Promise<readonly PrunedObject[]> {
  const summary = await mirror.prune?.({ dryRun: false, ...options, signal });
  return summary?.removed ?? [];
}

async function publishAndIndexIfPossible(mirror: Mirror): Promise<Publication> {
  const publication = await publicationOf('x');
  await mirror.publish?.(publication, { signal });
  await mirror.updateIndex?.({ add: [publication.spec] }, { signal });
  return publication;
}
