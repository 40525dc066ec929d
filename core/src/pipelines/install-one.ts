import { BerthError, isBerthError } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { type ByteLock, isInstalledAt, sbangPath, type Staging } from '@berth/store';
import { type AssembledPackage, assemblePackage, finishPackage } from './assemble-package.ts';
import { type PlannedInstall } from './install-plan.ts';
import { dependenciesDone, type InstalledPackage, type InstallRun } from './install-run.ts';
import { labelOf } from './label.ts';
import { type FoundBinary } from './probe.ts';

/**
 * One package from its mirror to its record. The work is done in any order; the prefix appears, and is recorded, only once
 * everything that the package needs is.
 */
export async function installOne(planned: PlannedInstall, run: InstallRun): Promise<InstalledPackage> {
  const { spec, prefix } = planned;
  const { store } = run.context;
  const binary = binaryOf(planned, run);
  const label = labelOf(spec);
  const lock = await run.limit(() => lockForInstall(planned, run));
  if (lock === undefined) return { spec, prefix, outcome: 'kept' };
  run.locks.push(lock);
  try {
    await using staging = await store.createStaging(prefix, { signal: run.context.signal });
    const assembled = await run.limit(() => assemble(planned, { binary, staging, run }));
    await dependenciesDone(spec, run);
    await run.limitFinish(() => finish(planned, { assembled, staging, run }));
    run.context.signal.throwIfAborted();
    await publish(planned, staging, run);
  } catch (error) {
    await lock.release();
    throw error;
  }
  lock.downgrade();
  run.context.emit({ type: 'task-end', id: spec.hash, kind: 'install', label, outcome: 'done', message: prefix });
  return { spec, prefix, outcome: 'installed', mirror: binary.source.name };
}

function binaryOf({ spec }: PlannedInstall, { binaries }: InstallRun): FoundBinary {
  const probed = binaries.get(spec.hash);
  if (probed === undefined)
    throw new BerthError(
      'plugin',
      'ERR_NOT_PROBED',
      `${labelOf(spec)}: a plugin added it to the plan after the mirrors were asked`,
    );
  if ('error' in probed) throw probed.error;
  return probed.found;
}

/**
 * The spec's byte, exclusively; `undefined` when another process has installed the package while we waited for it
 * (hostile-inputs K02).
 */
async function lockForInstall({ spec, action }: PlannedInstall, run: InstallRun): Promise<ByteLock | undefined> {
  const { store, signal } = run.context;
  if (action === 'overwrite') return store.lockSpec(spec.hash, { mode: 'exclusive', signal });
  for (;;) {
    const own = await tryLock(spec.hash, run);
    // Whoever installs it holds the byte exclusively until it is done, and shared from then on.
    const lock = own ?? (await store.lockSpec(spec.hash, { mode: 'shared', signal }));
    const snapshot = await store.database.read({ signal });
    if (snapshot.isInstalled(spec.hash)) {
      lock.downgrade();
      run.locks.push(lock);
      return undefined;
    }
    if (own !== undefined) return own;
    await lock.release();
  }
}

/** The exclusive lock, unless anyone else has it now. */
async function tryLock(hash: DagHash, { context }: InstallRun): Promise<ByteLock | undefined> {
  try {
    return await context.store.lockSpec(hash, { mode: 'exclusive', timeoutMs: 0, signal: context.signal });
  } catch (error) {
    if (isBerthError(error, 'ERR_LOCK_TIMEOUT')) return undefined;
    throw error;
  }
}

interface AssembleParts {
  readonly binary: FoundBinary;
  readonly staging: Staging;
  readonly run: InstallRun;
}

async function assemble(
  { spec, prefix }: PlannedInstall,
  { binary, staging, run }: AssembleParts,
): Promise<AssembledPackage> {
  const { options, snapshot } = run;
  const { store, emit, signal } = run.context;
  const id = spec.hash;
  const totalBytes = binary.entry.archive?.sizeBytes;
  signal.throwIfAborted();
  emit({ type: 'task-start', id, kind: 'install', label: labelOf(spec), totalBytes });
  return assemblePackage({
    spec,
    binary,
    prefix,
    staging,
    local: {
      root: store.root,
      sbangPath: sbangPath(store.layout.unpaddedRoot),
      prefixOf: (one) => snapshot.prefixOf(one),
    },
    platform: options.platform,
    emit,
    signal,
    onBytes: (bytes) => {
      emit({ type: 'task-progress', id, bytes });
    },
  });
}

interface FinishParts {
  readonly assembled: AssembledPackage;
  readonly staging: Staging;
  readonly run: InstallRun;
}

async function finish({ spec, prefix }: PlannedInstall, { assembled, staging, run }: FinishParts): Promise<void> {
  const { store, signal } = run.context;
  await finishPackage({
    ...{ spec, prefix, staging, signal, assembled },
    platform: run.options.platform,
    applyPermissions: (tree) => store.applyPermissions(tree, { spec, signal }),
  });
}

async function publish(planned: PlannedInstall, staging: Staging, run: InstallRun): Promise<void> {
  const { spec, prefix, explicit, action } = planned;
  // A prefix with this very package and no record is what an interrupted install left behind.
  const replace = action === 'overwrite' || (await isInstalledAt(prefix, spec.hash));
  await staging.publish({ replace });
  try {
    await run.records.add(spec, { explicit });
  } catch (error) {
    await staging.rollBack();
    throw error;
  }
}
