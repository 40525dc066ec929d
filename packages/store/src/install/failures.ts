import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, ioError, writeFileAtomic } from '@berth/base';
import { type ConcreteSpec, type DagHash, formatSpecText } from '@berth/spec';
import { DATABASE_FILES } from '../database/index-file.ts';
import { type ByteLock, lockFileAt } from '../lock/lock-file.ts';
import { byteOf } from '../lock/spec-lock.ts';

/** Marks of builds that failed, so that other processes do not try them again (store-and-specs-on-disk D.6). */
export interface FailureMarks extends AsyncDisposable {
  /** Marks a failed build; its byte stays locked until this object is disposed of. */
  readonly mark: (spec: ConcreteSpec, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** True when this process or another marked it. Never waits. */
  readonly isMarked: (spec: ConcreteSpec) => Promise<boolean>;
  /** Removes a mark; with `unlessHeld`, only when the process that made it is gone. Returns whether it is removed. */
  readonly clear: (spec: ConcreteSpec, options: { readonly unlessHeld: boolean }) => Promise<boolean>;
  readonly clearAll: () => Promise<void>;
}

export function openFailureMarks(options: { readonly directory: string; readonly locks: boolean }): FailureMarks {
  const folder = join(options.directory, DATABASE_FILES.failures);
  const lockFile = lockFileAt(join(options.directory, DATABASE_FILES.failureLock), { kernel: options.locks });
  const held = new Map<DagHash, ByteLock>();
  const markPath = (spec: ConcreteSpec): string => join(folder, `${spec.name}-${spec.hash}`);
  const isHeldElsewhere = async (spec: ConcreteSpec): Promise<boolean> => {
    if (!options.locks || !(await exists(join(options.directory, DATABASE_FILES.failureLock)))) return false;
    return lockFile.isHeldElsewhere(byteOf(spec.hash));
  };
  const release = async (hash: DagHash): Promise<void> => {
    await held.get(hash)?.release();
    held.delete(hash);
  };
  return {
    mark: async (spec, { signal }) => {
      await writeMark(folder, markPath(spec), spec);
      if (held.has(spec.hash)) return;
      const what = `failure mark of ${spec.name}`;
      // Someone who marked it first holds the byte already: that says the same.
      const lock = await lockFile
        .acquire(byteOf(spec.hash), { mode: 'exclusive', timeoutMs: 0, signal, what })
        .catch(() => undefined);
      if (lock !== undefined) held.set(spec.hash, lock);
    },
    isMarked: async (spec) => held.has(spec.hash) || (await exists(markPath(spec))) || isHeldElsewhere(spec),
    clear: async (spec, { unlessHeld }) => {
      if (unlessHeld && !held.has(spec.hash) && (await isHeldElsewhere(spec))) return false;
      await rm(markPath(spec), { force: true });
      await release(spec.hash);
      return true;
    },
    clearAll: async () => {
      for (const name of await readdir(folder).catch((): string[] => [])) await rm(join(folder, name), { force: true });
      for (const hash of [...held.keys()]) await release(hash);
    },
    [Symbol.asyncDispose]: async () => {
      for (const hash of [...held.keys()]) await release(hash);
    },
  };
}

async function writeMark(folder: string, path: string, spec: ConcreteSpec): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(path, formatSpecText(spec));
  } catch (error) {
    throw ioError(`write failure mark ${path}`, error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw ioError(`look at ${path}`, error);
  }
}
