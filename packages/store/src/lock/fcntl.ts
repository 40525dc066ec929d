import { BerthError } from '@berth/base';

/** A range of bytes in a lock file; `length` 0 reaches to the end and beyond. */
export interface ByteRange {
  readonly start: bigint;
  readonly length: bigint;
}

export type LockMode = 'shared' | 'exclusive';

/** Byte-range locks of the operating system, never blocking (store-and-specs-on-disk C.6). */
export interface Fcntl {
  /** False when another process (on Linux: another open file) holds a lock that excludes this one. */
  readonly setLock: (fd: number, mode: LockMode | 'none', range: ByteRange) => boolean;
  /** A lock that excludes an exclusive one here; `pid` is undefined when the system does not tell. */
  readonly findLock: (fd: number, range: ByteRange) => { readonly pid: number | undefined } | undefined;
}

/** `struct flock` and the constants of one platform. Offsets and sizes in bytes. */
interface Platform {
  readonly setCommand: number;
  readonly getCommand: number;
  readonly sizeBytes: number;
  readonly offsets: Readonly<Record<'type' | 'whence' | 'start' | 'length' | 'pid', number>>;
  readonly types: Readonly<Record<LockMode | 'none', number>>;
}

const PLATFORMS: Readonly<Partial<Record<NodeJS.Platform, Platform>>> = {
  // Open-file-description locks: they exclude POSIX locks and are not dropped when some other descriptor is closed.
  linux: {
    setCommand: 37,
    getCommand: 36,
    sizeBytes: 32,
    offsets: { type: 0, whence: 2, start: 8, length: 16, pid: 24 },
    types: { shared: 0, exclusive: 1, none: 2 },
  },
  darwin: {
    setCommand: 8,
    getCommand: 7,
    sizeBytes: 24,
    offsets: { start: 0, length: 8, pid: 16, type: 20, whence: 22 },
    types: { shared: 1, none: 2, exclusive: 3 },
  },
};

let loading: Promise<Fcntl> | undefined;

/**
 * The locks of this platform. The native library is loaded by the first call. Rejects with ERR_LOCK_UNSUPPORTED where
 * there are none.
 */
export async function loadFcntl(): Promise<Fcntl> {
  loading ??= createFcntl();
  return loading;
}

type NativeFcntl = (fd: number, command: number, type: string, lock: Buffer) => number;

async function createFcntl(): Promise<Fcntl> {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined) throw unsupported(`no byte-range locks on ${process.platform}`);
  const { default: koffi } = await import('koffi');
  // Declared with its real, variadic signature: some platforms pass such arguments in another way.
  const fcntl = koffi.load(null).func('int fcntl(int fd, int command, ...)') as unknown as NativeFcntl;
  const errno: Readonly<Record<string, number>> = koffi.os.errno;
  const call = (fd: number, command: number, lock: Buffer): boolean => {
    while (fcntl(fd, command, 'void *', lock) === -1) {
      const code = koffi.errno();
      if (code === errno['EINTR']) continue;
      if (code === errno['EAGAIN'] || code === errno['EACCES']) return false;
      const name = Object.keys(errno).find((key) => errno[key] === code) ?? String(code);
      throw unsupported(`the system answered ${name}`, { errno: name });
    }
    return true;
  };
  return {
    setLock: (fd, mode, range) => call(fd, platform.setCommand, pack(platform, mode, range)),
    findLock: (fd, range) => {
      const lock = pack(platform, 'exclusive', range);
      call(fd, platform.getCommand, lock);
      if (lock.readInt16LE(platform.offsets.type) === platform.types.none) return undefined;
      const pid = lock.readInt32LE(platform.offsets.pid);
      return { pid: pid > 0 ? pid : undefined };
    },
  };
}

/** Both platforms run on little-endian machines only. */
function pack(platform: Platform, mode: LockMode | 'none', range: ByteRange): Buffer {
  const { offsets, types, sizeBytes } = platform;
  const lock = Buffer.alloc(sizeBytes);
  lock.writeInt16LE(types[mode], offsets.type);
  lock.writeInt16LE(0, offsets.whence);
  lock.writeBigInt64LE(range.start, offsets.start);
  lock.writeBigInt64LE(range.length, offsets.length);
  return lock;
}

function unsupported(why: string, details: Readonly<Record<string, unknown>> = {}): BerthError {
  return new BerthError('io', 'ERR_LOCK_UNSUPPORTED', `lock a byte range: ${why}`, {
    hint: 'Use a file system that has POSIX locks, or set config:locks to false if nobody else uses this install tree.',
    details,
  });
}
