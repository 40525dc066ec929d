import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBerthError } from '@berth/base';
import { type DagHash, hashBits } from '@berth/spec';
import { describe, expect, test } from '@jest/globals';
import { type ByteLock, LockFile } from '../../src/lock/lock-file.ts';
import { readFixture, signal, temporaryFolder } from '../helpers.ts';

const run = promisify(execFile);
const BYTE = { start: 4092785073043338962n, length: 1n };
const WHOLE = { start: 0n, length: 0n };

/** Two LockFile objects have two open files, as two processes have. */
async function twoUsers(): Promise<{ path: string; ours: LockFile; theirs: LockFile }> {
  const path = join(await temporaryFolder(), 'lock');
  return { path, ours: new LockFile(path, { kernel: true }), theirs: new LockFile(path, { kernel: true }) };
}

const exclusive = { mode: 'exclusive', timeoutMs: 0, signal, what: 'test' } as const;
const shared = { mode: 'shared', timeoutMs: 0, signal, what: 'test' } as const;

/** `done` (and released again), or the code of the failure. */
async function codeOf(promise: Promise<ByteLock | undefined>): Promise<string> {
  try {
    const lock = await promise;
    await lock?.release();
    return 'done';
  } catch (error) {
    return isBerthError(error) ? error.code : String(error);
  }
}

/** What Python's POSIX locks say about a byte: the locks Spack uses. */
async function pythonLock(
  path: string,
  { start, length }: { start: bigint; length: bigint },
  mode = 'LOCK_EX',
): Promise<string> {
  const script = `
import fcntl
with open(${JSON.stringify(path)}, "r+") as f:
    try:
        fcntl.lockf(f, fcntl.${mode} | fcntl.LOCK_NB, ${length}, ${start}, 0)
        print("taken")
    except OSError:
        print("refused")
`;
  return (await run('python3', ['-c', script])).stdout.trim();
}

test('every lock offset of the vectors is the first 63 bits of the hash', async () => {
  const vectors = JSON.parse(await readFixture('locks.json')) as Record<string, Record<string, string>>;
  const rows = Object.entries(vectors['prefix_lock_and_prefix_failures'] ?? {});
  expect(rows).toHaveLength(70);
  for (const [hash, offset] of rows) expect([hash, hashBits(hash as DagHash, 63)]).toEqual([hash, BigInt(offset)]);
});

describe('exclusion', () => {
  test('an exclusive lock excludes everyone on its byte and nobody on another', async () => {
    const { ours, theirs } = await twoUsers();
    await using held = await ours.acquire(BYTE, exclusive);
    expect(held.mode).toBe('exclusive');
    expect(await codeOf(theirs.acquire(BYTE, exclusive))).toBe('ERR_LOCK_TIMEOUT');
    expect(await codeOf(theirs.acquire(BYTE, shared))).toBe('ERR_LOCK_TIMEOUT');
    expect(await codeOf(ours.acquire(BYTE, shared))).toBe('ERR_LOCK_TIMEOUT');
    expect(await codeOf(theirs.acquire({ ...BYTE, start: BYTE.start + 1n }, exclusive))).toBe('done');
  });

  test('shared locks coexist and keep an exclusive one out until the last is released', async () => {
    const { ours, theirs } = await twoUsers();
    const first = await ours.acquire(BYTE, shared);
    const second = await ours.acquire(BYTE, shared);
    await using third = await theirs.acquire(BYTE, shared);
    expect(third.mode).toBe('shared');
    await first.release();
    await first.release();
    expect(await codeOf(theirs.acquire(BYTE, exclusive))).toBe('ERR_LOCK_TIMEOUT');
    expect(await ours.isHeldElsewhere(BYTE)).toBe(true);
    await second.release();
  });

  test('the highest offset can be locked', async () => {
    const { ours, theirs } = await twoUsers();
    const last = { start: 2n ** 63n - 1n, length: 1n };
    await using held = await ours.acquire(last, exclusive);
    expect(held.mode).toBe('exclusive');
    expect(await codeOf(theirs.acquire(last, shared))).toBe('ERR_LOCK_TIMEOUT');
  });

  test('upgrading waits for the other readers, downgrading lets them in', async () => {
    const { ours, theirs } = await twoUsers();
    await using lock = await ours.acquire(WHOLE, shared);
    const other = await theirs.acquire(WHOLE, shared);
    expect(await codeOf(lock.upgrade({ timeoutMs: 0, signal }).then(() => undefined))).toBe('ERR_LOCK_TIMEOUT');
    expect(lock.mode).toBe('shared');
    await other.release();
    await lock.upgrade({ timeoutMs: 0, signal });
    expect(lock.mode).toBe('exclusive');
    expect(await codeOf(theirs.acquire(WHOLE, shared))).toBe('ERR_LOCK_TIMEOUT');
    lock.downgrade();
    expect(await codeOf(theirs.acquire(WHOLE, shared))).toBe('done');
  });

  test('a waiting task of this process goes on as soon as the lock is released', async () => {
    const { ours } = await twoUsers();
    const held = await ours.acquire(WHOLE, exclusive);
    const waiting = ours.acquire(WHOLE, { ...exclusive, timeoutMs: undefined });
    await held.release();
    await using lock = await waiting;
    expect(lock.mode).toBe('exclusive');
  });

  test('with locks switched off only the tasks of this process exclude each other, and no file appears', async () => {
    const path = join(await temporaryFolder(), 'lock');
    const ours = new LockFile(path, { kernel: false });
    await using held = await ours.acquire(WHOLE, exclusive);
    expect(held.mode).toBe('exclusive');
    expect(await codeOf(ours.acquire(WHOLE, shared))).toBe('ERR_LOCK_TIMEOUT');
    expect(await codeOf(new LockFile(path, { kernel: false }).acquire(WHOLE, shared))).toBe('done');
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('waiting', () => {
  test('an aborted wait ends at once with AbortError', async () => {
    const { ours, theirs } = await twoUsers();
    await using held = await ours.acquire(WHOLE, exclusive);
    expect(held.mode).toBe('exclusive');
    const controller = new AbortController();
    const waiting = theirs.acquire(WHOLE, { ...exclusive, timeoutMs: undefined, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('F08: a lock file of a dead process, of zero bytes or with any content is no lock', async () => {
    const { path, ours } = await twoUsers();
    await writeFile(path, '12345 some-host\n');
    expect(await codeOf(ours.acquire(WHOLE, exclusive))).toBe('done');
    expect(await readFile(path, 'utf8')).toBe('12345 some-host\n');
  });

  test('F08: the time-out is bounded and names the process that holds the lock', async () => {
    const { path, ours } = await twoUsers();
    await writeFile(path, '');
    const script = `import fcntl, sys, time\nf = open(${JSON.stringify(path)}, "r+")\nfcntl.lockf(f, fcntl.LOCK_EX)\nprint("held", flush=True)\ntime.sleep(60)`;
    const holder = spawn('python3', ['-c', script]);
    await once(holder.stdout, 'data');
    const failure: unknown = await ours
      .acquire(WHOLE, { ...exclusive, timeoutMs: 150 })
      .catch((error: unknown) => error);
    holder.kill('SIGKILL');
    expect(failure).toMatchObject({ kind: 'busy', code: 'ERR_LOCK_TIMEOUT', details: { holder: { pid: holder.pid } } });
    expect((failure as Error).message).toContain(`process ${holder.pid ?? 0} (python3`);
    await once(holder, 'exit');
    expect(await codeOf(ours.acquire(WHOLE, exclusive))).toBe('done');
  });

  test('C12: without permission to write the lock file, shared locks work and exclusive ones name the file', async () => {
    const { path, ours } = await twoUsers();
    await writeFile(path, '');
    await chmod(path, 0o444);
    const isRoot = process.getuid?.() === 0;
    expect(await codeOf(ours.acquire(WHOLE, shared))).toBe('done');
    expect(await codeOf(ours.acquire(WHOLE, exclusive))).toBe(isRoot ? 'done' : 'ERR_LOCK_READONLY');
  });
});

describe('POSIX locks of other programs', () => {
  test('exclude ours and are excluded by ours, on the same byte only', async () => {
    const { path, ours } = await twoUsers();
    const lock = await ours.acquire(BYTE, exclusive);
    expect(await pythonLock(path, BYTE)).toBe('refused');
    expect(await pythonLock(path, { start: 5n, length: 1n })).toBe('taken');
    expect(await pythonLock(path, WHOLE)).toBe('refused');
    lock.downgrade();
    expect(await pythonLock(path, BYTE)).toBe('refused');
    await lock.release();
    expect(await pythonLock(path, BYTE)).toBe('taken');
  });
});
