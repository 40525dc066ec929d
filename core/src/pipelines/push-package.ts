import { BerthError, type ByteSource, isSecurityFailure } from '@berth/base';
import { fileSource, type PackedArchive, type Publication } from '@berth/buildcache';
import { type ConcreteSpec, linkRunClosure } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type PipelineContext } from './context.ts';
import { knownArchive } from './known-archive.ts';
import { packPackage } from './pack-package.ts';
import { type PushOptions } from './push.ts';
import { type PlannedPush } from './push-plan.ts';
import { type LocalPlaces } from './relocation-map.ts';
import { runEnvironmentOf } from './run-environment.ts';

/** What the tasks of one push share. */
export interface PushRun {
  readonly options: PushOptions;
  readonly context: PipelineContext;
  readonly snapshot: DatabaseSnapshot;
  readonly local: LocalPlaces;
}

/** True when the mirror has the package whole; a damaged entry is not there: it is replaced (hostile-inputs F03). */
export async function isPublished(spec: ConcreteSpec, { options, context }: PushRun): Promise<boolean> {
  try {
    return await options.mirror.mirror.exists(spec, { signal: context.signal });
  } catch (error) {
    if (isSecurityFailure(error)) return false;
    throw error;
  }
}

/**
 * Hands the archive of a package to `use`: the one that it was installed from, where that is kept, else a new one, which is removed
 * again unless it was put into the cache.
 */
export async function withArchive<T>(
  planned: PlannedPush,
  run: PushRun,
  use: (archive: PackedArchive) => Promise<T>,
): Promise<T> {
  const { context, options } = run;
  const { emit, signal } = context;
  const { spec } = planned;
  // Nobody removes the package while it is read.
  const lock = await context.store.lockSpec(spec.hash, { mode: 'shared', signal });
  try {
    const known = await knownArchive(planned, { ...options, emit, signal });
    if (known !== undefined) return await use(known);
    await using spool = await options.cache.openSpool();
    const packed = await packPackage({
      planned,
      local: run.local,
      spackRoot: options.spackRoot,
      to: spool.path,
      signal,
      onBytes: (bytes) => {
        emit({ type: 'task-progress', id: spec.hash, bytes });
      },
    });
    // What is published in a second step, or served again later, stays in the cache.
    const source: ByteSource =
      options.mirror.mirror.putArchive === undefined ? await fileSource(spool.path) : await spool.adopt(packed.digest);
    return await use({ source, digest: packed.digest, diffId: packed.diffId });
  } finally {
    await lock.release();
  }
}

/** Publishes a packed package. */
export async function publishPackage(
  planned: PlannedPush,
  archive: PackedArchive,
  run: PushRun,
): Promise<'pushed' | 'exists'> {
  const { options, context } = run;
  const publication = await publicationOf(planned, archive, run);
  const outcome = await options.mirror.mirror.publish?.(publication, { signal: context.signal, force: options.force });
  if (outcome === undefined)
    throw new BerthError('usage', 'ERR_MIRROR_READONLY', `push to mirror ${options.mirror.name}: it is read-only`);
  return outcome === 'exists' ? 'exists' : 'pushed';
}

async function publicationOf(
  { spec, prefix }: PlannedPush,
  archive: PackedArchive,
  run: PushRun,
): Promise<Publication> {
  const { options, context, snapshot, local } = run;
  const installed = snapshot.get(spec.hash)?.installationTime;
  return {
    spec,
    closure: linkRunClosure([spec])
      .filter(({ external }) => external === undefined)
      .toReversed(),
    prefix,
    archive,
    installedAt: installed === undefined ? undefined : new Date(Number(installed.token) * 1000),
    // Only images carry it, and looking at every folder takes its time.
    runEnvironment:
      options.mirror.mirror.publishImage === undefined
        ? []
        : await runEnvironmentOf([spec], { ...options, local, signal: context.signal }),
    image: { baseImage: options.image?.baseImage },
    seal: undefined,
    attachments: [],
  };
}
