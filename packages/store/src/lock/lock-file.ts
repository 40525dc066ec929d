import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BerthError, errnoCode, ioError } from '@berth/base';
import { type ByteRange, type Fcntl, loadFcntl, type LockMode } from './fcntl.ts';
import { describeProcess, findDescriptorLock } from './lock-holder.ts';

export interface AcquireOptions {
  readonly mode: LockMode;
  /** How long to wait; 0 is one attempt, `undefined` for ever. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  /** Names the lock in messages: `the database of /opt/store`. */
  readonly what: string;
}

/** A lock that is held until it is released or disposed of. */
export interface ByteLock extends AsyncDisposable {
  readonly mode: LockMode;
  /** Rejects with ERR_LOCK_TIMEOUT while anyone else has the lock too; it stays shared then. */
  readonly upgrade: (options: Omit<AcquireOptions, 'mode' | 'what'>) => Promise<void>;
  readonly downgrade: () => void;
  /** May be called again. */
  readonly release: () => Promise<void>;
}

interface Held {
  readers: number;
  writer: boolean;
}

/**
 * The byte-range locks of this process on one file: one descriptor for all of them, so that a thousand locks cost one, and
 * exclusion between the tasks of this process too.
 */
export class LockFile {
  readonly #path: string;
  readonly #kernel: boolean;
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Set<() => void>();
  #opened: Promise<OpenLockFile> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #users = 0;

  constructor(path: string, options: { readonly kernel: boolean }) {
    this.#path = path;
    this.#kernel = options.kernel;
  }

  /** Rejects with ERR_LOCK_TIMEOUT (`busy`) naming the holder, with ERR_LOCK_READONLY where only reading is allowed. */
  async acquire(range: ByteRange, options: AcquireOptions): Promise<ByteLock> {
    options.signal.throwIfAborted();
    this.#users += 1;
    try {
      const file = await this.#open(options.mode);
      await this.#poll(() => this.#take(file, range, options.mode), { ...options, range, file });
      return this.#lock(file, range, options);
    } catch (error) {
      await this.#leave();
      throw error;
    }
  }

  /** True when someone else holds a lock on `range`. Never waits. */
  async isHeldElsewhere(range: ByteRange): Promise<boolean> {
    this.#users += 1;
    try {
      const file = await this.#open('shared');
      return file.fcntl?.findLock(file.fd, range) !== undefined;
    } finally {
      await this.#leave();
    }
  }

  #lock(file: OpenLockFile, range: ByteRange, options: AcquireOptions): ByteLock {
    let mode: LockMode | undefined = options.mode;
    const release = async (): Promise<void> => {
      if (mode === undefined) return;
      mode = undefined;
      this.#drop(file, range);
      await this.#leave();
    };
    return {
      get mode() {
        return mode ?? options.mode;
      },
      upgrade: async ({ timeoutMs, signal }) => {
        if (mode === 'exclusive') return;
        const { what } = options;
        if (file.readOnly) throw readOnly(this.#path, what);
        await this.#poll(() => this.#raise(file, range), { mode: 'exclusive', timeoutMs, signal, what, range, file });
        mode = 'exclusive';
      },
      downgrade: () => {
        if (mode !== 'exclusive') return;
        mode = 'shared';
        file.fcntl?.setLock(file.fd, 'shared', range);
        this.#held.set(keyOf(range), { readers: 1, writer: false });
        this.#wake();
      },
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  #take(file: OpenLockFile, range: ByteRange, mode: LockMode): boolean {
    const held = this.#held.get(keyOf(range)) ?? { readers: 0, writer: false };
    if (held.writer || (mode === 'exclusive' && held.readers > 0)) return false;
    if (held.readers === 0 && file.fcntl?.setLock(file.fd, mode, range) === false) return false;
    if (mode === 'exclusive') held.writer = true;
    else held.readers += 1;
    this.#held.set(keyOf(range), held);
    return true;
  }

  #raise(file: OpenLockFile, range: ByteRange): boolean {
    const held = this.#held.get(keyOf(range));
    if (held?.readers !== 1) return false;
    if (file.fcntl?.setLock(file.fd, 'exclusive', range) === false) return false;
    this.#held.set(keyOf(range), { readers: 0, writer: true });
    return true;
  }

  #drop(file: OpenLockFile, range: ByteRange): void {
    const held = this.#held.get(keyOf(range));
    if (held !== undefined && !held.writer && held.readers > 1) {
      held.readers -= 1;
    } else {
      this.#held.delete(keyOf(range));
      file.fcntl?.setLock(file.fd, 'none', range);
    }
    this.#wake();
  }

  async #poll(
    attempt: () => boolean,
    options: AcquireOptions & { range: ByteRange; file: OpenLockFile },
  ): Promise<void> {
    const { timeoutMs = Infinity, signal } = options;
    const start = performance.now();
    for (let tries = 0; !attempt(); tries += 1) {
      const left = start + timeoutMs - performance.now();
      if (left <= 0) throw await this.#timeout(options);
      await this.#wait(Math.min(left, pollDelayMs(tries)), signal);
      signal.throwIfAborted();
    }
  }

  /** Ends after `delayMs`, at once when a lock of this process is released, and when `signal` aborts. */
  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resume) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resume();
      };
      const timer = setTimeout(done, delayMs);
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }

  async #timeout(options: AcquireOptions & { range: ByteRange; file: OpenLockFile }): Promise<BerthError> {
    const { what, mode, timeoutMs = 0, file, range, signal } = options;
    const holder = await this.#holder(file, range, signal);
    const by = holder === undefined ? 'another process' : describeHolder(holder);
    const seconds = Math.round(timeoutMs / 100) / 10;
    return new BerthError(
      'busy',
      'ERR_LOCK_TIMEOUT',
      `lock ${what}: ${this.#path}: held by ${by}, waited ${seconds} s`,
      {
        hint: 'Wait for the other process to end, then run the command again.',
        details: { path: this.#path, mode, timeoutMs, holder },
      },
    );
  }

  async #holder(file: OpenLockFile, range: ByteRange, signal: AbortSignal): Promise<Holder | undefined> {
    if (this.#held.has(keyOf(range))) return { pid: process.pid, command: 'another task of this process' };
    const found = file.fcntl?.findLock(file.fd, range);
    if (found?.pid !== undefined) return describeProcess(found.pid);
    return file.fcntl === undefined ? undefined : findDescriptorLock(await realpath(this.#path), signal);
  }

  async #open(mode: LockMode): Promise<OpenLockFile> {
    // Where locks belong to the process, closing the old descriptor would drop those of the new one.
    this.#opened ??= this.#closing.then(() => openLockFile(this.#path, this.#kernel));
    const file = await this.#opened;
    if (mode === 'exclusive' && file.readOnly) throw readOnly(this.#path, 'exclusively');
    return file;
  }

  /** The descriptor lives as long as anyone holds or waits for a lock. */
  async #leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const opened = this.#opened;
    this.#opened = undefined;
    this.#closing = closeLockFile(opened);
    await this.#closing;
  }
}

type Holder = Awaited<ReturnType<typeof describeProcess>>;

interface OpenLockFile {
  readonly fd: number;
  readonly handle: FileHandle | undefined;
  /** `undefined` when locks are switched off. */
  readonly fcntl: Fcntl | undefined;
  readonly readOnly: boolean;
}

async function openLockFile(path: string, kernel: boolean): Promise<OpenLockFile> {
  if (!kernel) return { fd: -1, handle: undefined, fcntl: undefined, readOnly: false };
  const fcntl = await loadFcntl();
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o777);
    return { fd: handle.fd, handle, fcntl, readOnly: false };
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(errnoCode(error) ?? '')) throw ioError(`open lock file ${path}`, error);
  }
  try {
    const handle = await open(path, constants.O_RDONLY);
    return { fd: handle.fd, handle, fcntl, readOnly: true };
  } catch (error) {
    throw ioError(`open lock file ${path}`, error);
  }
}

async function closeLockFile(opened: Promise<OpenLockFile> | undefined): Promise<void> {
  const file = await opened?.catch(() => undefined);
  await file?.handle?.close();
}

/** How long to wait before attempt `tries + 1` (store-and-specs-on-disk C.6). */
function pollDelayMs(tries: number): number {
  if (tries < 20) return 100;
  return tries < 60 ? 200 : 500;
}

function keyOf(range: ByteRange): string {
  return `${range.start}+${range.length}`;
}

function describeHolder(holder: Holder): string {
  return holder.command === undefined ? `process ${holder.pid}` : `process ${holder.pid} (${holder.command})`;
}

function readOnly(path: string, what: string): BerthError {
  return new BerthError('io', 'ERR_LOCK_READONLY', `lock ${what}: ${path}: no permission to write this file`, {
    hint: 'Run as a user who may write to this install tree.',
    details: { path },
  });
}

const lockFiles = new Map<string, LockFile>();

/**
 * The locks of this process on the file at `path`. There is one LockFile for each path, because the system's locks belong
 * to the process on some platforms: two would neither exclude each other nor survive each other's closing.
 */
export function lockFileAt(path: string, options: { readonly kernel: boolean }): LockFile {
  const key = `${options.kernel ? 'kernel' : 'process'}:${resolve(path)}`;
  const known = lockFiles.get(key);
  if (known !== undefined) return known;
  const created = new LockFile(resolve(path), options);
  lockFiles.set(key, created);
  return created;
}
