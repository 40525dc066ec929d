import { sha256Of } from '@berth/base';
import { type UnpackedPackage, unpackPackage, type UnpackOptions } from '../../src/index.ts';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** Path to what is there: kind, mode, content or target; with `times`, also when it was changed. */
export type Snapshot = Record<string, string>;

export function snapshot(top: string, options: { readonly times?: boolean } = {}): Snapshot {
  const found: Snapshot = {};
  const visit = (path: string): void => {
    const place = join(top, path);
    const { mode, mtimeMs, nlink } = lstatSync(place);
    const times = options.times === true ? ` ${mtimeMs} ${nlink}` : '';
    found[path] = `${(mode & 0o170777).toString(8)} ${contentOf(place)}${times}`;
    if (!lstatSync(place).isDirectory()) return;
    for (const name of readdirSync(place).sort()) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return found;
}

function contentOf(place: string): string {
  const found = lstatSync(place);
  if (found.isSymbolicLink()) return readlinkSync(place);
  return found.isFile() ? sha256Of(readFileSync(place)) : '';
}

/** A place to unpack in, among files that must not change. */
export interface Arena extends AsyncDisposable {
  readonly top: string;
  /** Empty, where archives are unpacked. */
  readonly target: string;
  /** Holds `secret` and `folder/file`. */
  readonly canary: string;
  /** Unpacks into `target`. */
  unpack(stored: Buffer | readonly Buffer[], options?: Partial<UnpackOptions>): Promise<UnpackedPackage>;
  /**
   * The error of unpacking `stored`, which must fail and leave `target` empty and everything else as it was, to the
   * modification time.
   */
  refuse(stored: Buffer | readonly Buffer[], options?: Partial<UnpackOptions>): Promise<unknown>;
}

export async function createArena(): Promise<Arena> {
  const top = await mkdtemp(join(tmpdir(), 'berth-arena-'));
  const target = join(top, 'parent', 'target');
  const canary = join(top, 'canary');
  mkdirSync(target, { recursive: true, mode: 0o700 });
  mkdirSync(join(canary, 'folder'), { recursive: true });
  writeFileSync(join(canary, 'secret'), 'secret');
  writeFileSync(join(canary, 'folder', 'file'), 'file');

  const unpack: Arena['unpack'] = (stored, options) =>
    unpackPackage({
      source: Readable.from(Buffer.isBuffer(stored) ? [stored] : stored, { objectMode: false }),
      directory: target,
      what: 'test archive',
      signal: AbortSignal.timeout(20_000),
      ...options,
    });
  const refuse: Arena['refuse'] = async (stored, options) => {
    const before = outside(top);
    const error = await unpack(stored, options).then(
      () => new Error('it was accepted'),
      (reason: unknown) => reason,
    );
    const after = outside(top);
    if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error('something outside of the target changed');
    if (readdirSync(target).length > 0) throw new Error('the target is not empty');
    return error;
  };
  return {
    top,
    target,
    canary,
    unpack,
    refuse,
    [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }),
  };
}

/** All but the times of the target itself. */
function outside(top: string): Snapshot {
  const { 'parent/target': target = '', ...rest } = snapshot(top, { times: true });
  if (!target.startsWith('40700 ')) throw new Error('the target is no private directory any more');
  return rest;
}
