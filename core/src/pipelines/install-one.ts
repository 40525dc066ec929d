import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, isBerthError } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { type ByteLock, isInstalledAt, type LockMode, sbangPath, type Staging } from '@berth/store';
import { type AssembledPackage, assemblePackage, finishPackage } from './assemble-package.ts';
import { type PlannedInstall } from './install-plan.ts';
import { dependenciesDone, type InstalledPackage, type InstallRun } from './install-run.ts';
import { isPresent } from './is-present.ts';
import { rememberArchive } from './known-archive.ts';
import { labelOf } from './label.ts';
import { type FoundBinary } from './probe.ts';

/** How long to wait before looking again at a package that another process has locked without installing it. */
const PAUSE_MS = 100;

/**
 * One package from its mirror to its record. The work is done in any order; the prefix appears, and is recorded, only once
 * everything that the package needs is. What another process is installing is waited for, and then kept.
 */
export async function installOne(planned: PlannedInstall, run: InstallRun): Promise<InstalledPackage> {
  const { spec, prefix } = planned;
  const binary = binaryOf(planned, run);
  for (;;) {
    const begun = await run.limit(() => begin(planned, binary, run));
    if (begun === 'installed') return { spec, prefix, outcome: 'kept' };
    if (begun !== 'taken') return complete(planned, begun, run);
    // Without a place among those at work: the other process may be waiting for one of ours (hostile-inputs K02).
    await untilFree(planned, run);
  }
}

/** A package whose lock we have, unpacked in a private folder. */
interface Begun {
  readonly binary: FoundBinary;
  readonly lock: ByteLock;
  readonly staging: Staging;
  readonly assembled: AssembledPackage;
}

/** `taken` when another process has it, `installed` when it is done and locked, shared, for us. */
async function begin(
  planned: PlannedInstall,
  binary: FoundBinary,
  run: InstallRun,
): Promise<Begun | 'taken' | 'installed'> {
  const lock = await claim(planned, run);
  if (lock === undefined) return 'taken';
  if (lock.mode === 'shared') return 'installed';
  let staging: Staging | undefined;
  try {
    staging = await run.context.store.createStaging(planned.prefix, { signal: run.context.signal });
    return { binary, lock, staging, assembled: await assemble(planned, { binary, staging, run }) };
  } catch (error) {
    await staging?.[Symbol.asyncDispose]();
    await lock.release();
    throw error;
  }
}

/** Exclusive to work on the package, shared when it is installed by now; never waits. */
async function claim(planned: PlannedInstall, run: InstallRun): Promise<ByteLock | undefined> {
  const { hash } = planned.spec;
  const own = await tryLock(hash, 'exclusive', run);
  if (planned.action === 'overwrite') return own;
  // Whoever installs it holds the byte exclusively until it is done, and shared from then on.
  const lock = own ?? (await tryLock(hash, 'shared', run));
  if (lock === undefined) return undefined;
  const present = await isInstalledNow(planned, run);
  if (present) lock.downgrade();
  if (present || own !== undefined) return lock;
  await lock.release();
  return undefined;
}

async function untilFree(planned: PlannedInstall, run: InstallRun): Promise<void> {
  const { spec, action } = planned;
  const { store, signal } = run.context;
  const lock = await store.lockSpec(spec.hash, { mode: action === 'overwrite' ? 'exclusive' : 'shared', signal });
  await lock.release();
  if (!(await isInstalledNow(planned, run))) await sleep(PAUSE_MS, undefined, { signal });
}

async function isInstalledNow(planned: PlannedInstall, { context }: InstallRun): Promise<boolean> {
  return isPresent(planned, await context.store.database.read({ signal: context.signal }));
}

async function complete(planned: PlannedInstall, begun: Begun, run: InstallRun): Promise<InstalledPackage> {
  const { spec, prefix } = planned;
  const { binary, lock, staging, assembled } = begun;
  try {
    await using folder = staging;
    await dependenciesDone(spec, run);
    await run.limitFinish(() => finish(planned, { assembled, staging: folder, run }));
    run.context.signal.throwIfAborted();
    await publish(planned, folder, run);
    await rememberArchive(planned, binary, { archives: run.options.archives, emit: run.context.emit });
  } catch (error) {
    await lock.release();
    throw error;
  }
  lock.downgrade();
  const label = labelOf(spec);
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

/** The lock, unless anyone else has it now. */
async function tryLock(hash: DagHash, mode: LockMode, { context, locks }: InstallRun): Promise<ByteLock | undefined> {
  try {
    const lock = await context.store.lockSpec(hash, { mode, timeoutMs: 0, signal: context.signal });
    locks.push(lock);
    return lock;
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
