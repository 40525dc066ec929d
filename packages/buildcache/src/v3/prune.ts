import { BerthError, forEachLimited } from '@berth/base';
import { updateIndex } from '../index-update.ts';
import {
  type CallOptions,
  type IndexSummary,
  type Mirror,
  type ObjectStore,
  type PrunedObject,
  type PruneOptions,
  type PruneSummary,
  type StoredObjectInfo,
} from '../mirror.ts';
import { indexManifestKey } from './keys.ts';
import { listSpecs } from './list-specs.ts';
import { type Survey, surveyLayout, type SurveyedManifest, surveyManifests, type SurveySource } from './survey.ts';
import { isWritable, type WritableStore } from './upload.ts';

/** An object store that can be pruned. */
export type PrunableStore = WritableStore & Required<Pick<ObjectStore, 'list' | 'delete'>>;

export function isPrunable(store: ObjectStore): store is PrunableStore {
  return isWritable(store) && store.list !== undefined && store.delete !== undefined;
}

export interface PruneSource extends SurveySource {
  readonly store: PrunableStore;
}

const CONCURRENCY = 16;

/** As `Mirror.prune`, of layout v3: manifests of packages and blobs; what index and key manifests name stays. */
export async function pruneLayout(
  source: PruneSource,
  options: PruneOptions & { readonly mirror: Mirror },
): Promise<PruneSummary> {
  const survey = await surveyLayout(source, options);
  const packages = await oldOnes(source, await packagesToRemove(source, survey, options), options);
  const going = new Set(packages.map(({ key }) => key));
  const staying = [...survey.manifests.values()].filter(({ key }) => !going.has(key));
  const blobs = await oldOnes(source, unreferenced(survey.blobs, staying), options);
  const planned: readonly Candidate[] = [...packages, ...blobs];
  const spared = packages.young + blobs.young;
  if (options.dryRun) return { removed: planned.map(plain), spared };
  const gone = [
    ...(await remove(source, packages, options)),
    ...(await remove(source, await stillUnreferenced(source, { blobs, survey }, options), options)),
  ];
  const index = gone.some(({ hash }) => hash !== undefined) ? await updateIndexes(source, survey, options) : undefined;
  return { removed: gone, spared: spared + planned.length - gone.length, index };
}

/** Something that may go, and what it was like when that was decided. */
interface Candidate extends PrunedObject {
  readonly info?: StoredObjectInfo | undefined;
  /** Of an incomplete package: a blob that it names and that is not there. */
  readonly lacks?: string | undefined;
}

async function packagesToRemove(
  { store }: PruneSource,
  { manifests, blobs }: Survey,
  { keep, signal }: PruneOptions,
): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const { key, hash, blobs: named } of manifests.values()) {
    if (hash === undefined) continue;
    if (keep?.has(hash) === false) {
      found.push({ key, hash, reason: 'not-kept' });
      continue;
    }
    for (const lacks of named.filter((blob) => !blobs.has(blob))) {
      if ((await store.head(lacks, { signal })) !== undefined) continue;
      found.push({ key, hash, reason: 'incomplete', lacks });
      break;
    }
  }
  return found;
}

function unreferenced(blobs: Iterable<string>, staying: readonly SurveyedManifest[]): readonly Candidate[] {
  const named = new Set(staying.flatMap(({ blobs: keys }) => keys));
  return [...blobs].filter((key) => !named.has(key)).map((key) => ({ key, reason: 'unreferenced' }));
}

/** Those that are older than the grace period, and how many are not. What is gone by now is neither. */
async function oldOnes(
  { store, connection }: PruneSource,
  candidates: readonly Candidate[],
  { graceMs, signal }: PruneOptions,
): Promise<readonly Candidate[] & { readonly young: number }> {
  const found = new Map<string, StoredObjectInfo>();
  await forEachLimited(candidates, { concurrency: CONCURRENCY, signal }, async ({ key }, call) => {
    const info = await store.head(key, { signal: call });
    if (info !== undefined) found.set(key, info);
  });
  const ageless = candidates.find(({ key }) => found.has(key) && found.get(key)?.modifiedAt === undefined);
  if (ageless !== undefined && graceMs > 0) throw ageUnknown(connection.name);
  const there = candidates.flatMap((each): readonly Candidate[] => {
    const info = found.get(each.key);
    return info === undefined ? [] : [{ ...each, info, sizeBytes: info.sizeBytes }];
  });
  const old = there.filter(({ info }) => isOld(info, graceMs));
  return Object.assign(old, { young: there.length - old.length });
}

/** Rejection of a prune that asks for an age where nobody knows it. */
export function ageUnknown(mirror: string): BerthError {
  return new BerthError(
    'usage',
    'ERR_PRUNE_AGE',
    `prune of mirror ${mirror}: it does not tell when its contents were written`,
    { hint: 'Make sure that nobody is pushing, and prune without a grace period: --older-than 0.' },
  );
}

function isOld(info: StoredObjectInfo | undefined, graceMs: number): boolean {
  if (graceMs === 0) return true;
  return info?.modifiedAt !== undefined && Date.now() - info.modifiedAt.getTime() >= graceMs;
}

/** Blobs that no manifest names that came since. */
async function stillUnreferenced(
  source: PruneSource,
  { blobs, survey }: { readonly blobs: readonly Candidate[]; readonly survey: Survey },
  { signal }: PruneOptions,
): Promise<readonly Candidate[]> {
  if (blobs.length === 0) return [];
  const added = await surveyManifests(source, { signal, known: survey.manifests });
  const named = new Set([...added.values()].flatMap(({ blobs: keys }) => keys));
  return blobs.filter(({ key }) => !named.has(key));
}

/** Looks at each thing once more: what was written again meanwhile, or completed, stays (hostile-inputs X13). */
async function remove(
  { store }: PruneSource,
  candidates: readonly Candidate[],
  { graceMs, signal }: PruneOptions,
): Promise<readonly PrunedObject[]> {
  const removed = new Set<string>();
  await forEachLimited(candidates, { concurrency: CONCURRENCY, signal }, async (candidate, call) => {
    const { key, info, lacks } = candidate;
    if (lacks !== undefined && (await store.head(lacks, { signal: call })) !== undefined) return;
    const now = await store.head(key, { signal: call });
    if (now === undefined || !isSame(now, info) || !isOld(now, graceMs)) return;
    await store.delete(key, { signal: call });
    removed.add(key);
  });
  return candidates.filter(({ key }) => removed.has(key)).map(plain);
}

function isSame(a: StoredObjectInfo, b: StoredObjectInfo | undefined): boolean {
  return a.etag === b?.etag && a.sizeBytes === b?.sizeBytes && a.modifiedAt?.getTime() === b?.modifiedAt?.getTime();
}

function plain({ key, reason, hash, sizeBytes }: Candidate): PrunedObject {
  return { key, reason, hash, sizeBytes };
}

const VIEW = /^v3\/manifests\/index\/(.+)\/index\.manifest\.json$/;

/** The index and every view of it, where there are any. Resolves to the state of the index. */
async function updateIndexes(
  source: PruneSource,
  { manifests }: Survey,
  { mirror, signal }: CallOptions & { readonly mirror: Mirror },
): Promise<IndexSummary | undefined> {
  let summary: IndexSummary | undefined;
  const views = [...manifests.keys()].flatMap((key) => VIEW.exec(key)?.[1] ?? []);
  for (const view of [...views, undefined]) {
    if (view === undefined && !manifests.has(indexManifestKey())) continue;
    const viewed = { ...source, connection: { ...source.connection, view } };
    const update = { ...{ signal }, listSpecs: (call: AbortSignal) => listSpecs(viewed, { mirror, signal: call }) };
    summary = await updateIndex(viewed, { rebuild: true }, update);
  }
  return summary;
}
