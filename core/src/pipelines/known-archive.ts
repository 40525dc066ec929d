import { readFile } from 'node:fs/promises';
import { errnoCode, isBerthError, messageOf, sha256Of } from '@berth/base';
import { digestArchive } from '@berth/archive';
import { type ArchiveMemory, type BlobCache, type InstalledState, type PackedArchive } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { metadataPath, verifyInstallManifest } from '@berth/store';
import { type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { type FoundBinary } from './probe.ts';

/** An installed package. */
export interface InstalledPrefix {
  readonly spec: ConcreteSpec;
  readonly prefix: string;
}

type Context = Pick<PipelineContext, 'emit' | 'signal'>;

/** Notes which archive a package was just installed from. What cannot be noted is only packed again one day. */
export async function rememberArchive(
  installed: InstalledPrefix,
  { entry }: FoundBinary,
  { archives, emit }: Pick<Context, 'emit'> & { readonly archives: ArchiveMemory | undefined },
): Promise<void> {
  if (archives === undefined || entry.archive === undefined) return;
  try {
    const state = await stateOf(installed);
    if (state !== undefined) await archives.remember(state, { digest: entry.archive.digest });
  } catch (error) {
    if (!isBerthError(error)) throw error;
    emit({ type: 'debug', message: `archive of ${labelOf(installed.spec)} is not noted: ${messageOf(error)}` });
  }
}

/**
 * The archive that a package was installed from, where it is still kept here: its digest compared now, and every file of the prefix with the
 * manifest of its installation, so that it is what packing would publish. `undefined` when anything is missing or different.
 */
export async function knownArchive(
  installed: InstalledPrefix,
  {
    archives,
    cache,
    emit,
    signal,
  }: Context & { readonly archives?: ArchiveMemory | undefined; readonly cache: BlobCache },
): Promise<PackedArchive | undefined> {
  const { spec, prefix } = installed;
  const state = await stateOf(installed);
  const known = state && (await archives?.recall(state));
  if (state === undefined || known === undefined) return undefined;
  const { digest } = known;
  const source = await cache.find(digest, { signal });
  if (source === undefined || (await verifyInstallManifest(prefix, { signal })).size > 0) return undefined;
  let { diffId } = known;
  if (diffId === undefined) {
    const what = `archive of ${labelOf(spec)} in the cache`;
    ({ diffId } = await digestArchive({ source: source.open({ signal }), what, expected: { digest }, signal }));
    await archives?.remember(state, { digest, diffId });
  }
  emit({
    type: 'decision',
    subject: labelOf(spec),
    decision: 'the archive that it was installed from',
    reason: 'it is as it was installed',
  });
  return { source, digest, diffId };
}

/** A spliced package is not what its archive says: it has to be packed. */
async function stateOf({ spec, prefix }: InstalledPrefix): Promise<InstalledState | undefined> {
  if (spec.buildSpec !== undefined) return undefined;
  try {
    return { hash: spec.hash, manifest: sha256Of(await readFile(metadataPath(prefix, 'manifest'))) };
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return undefined;
  }
}
