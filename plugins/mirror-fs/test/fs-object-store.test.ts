import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { mkdir, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BerthEvent, bytesSource, readAll, temporaryBeside } from '@berth/base';
import { type ObjectStore } from '@berth/buildcache';
import { FsObjectStore } from '../src/fs-object-store.ts';
import { openTemporaryFolder, type TemporaryFolder } from './support/contexts.ts';

const signal = new AbortController().signal;
const KEY = 'v3/a/manifest.json';
const events: BerthEvent[] = [];
let folder: TemporaryFolder = { path: '', [Symbol.asyncDispose]: async () => undefined };
let store: Required<ObjectStore> = new FsObjectStore('', { emit: () => undefined });

beforeEach(async () => {
  folder = await openTemporaryFolder();
  events.length = 0;
  store = storeAt(folder.path);
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

function storeAt(path: string, directoryMode?: number): Required<ObjectStore> {
  return new FsObjectStore(path, { directoryMode, emit: (event) => events.push(event) });
}

const pathOf = (key: string): string => join(folder.path, key);
const write = (text: string, options: { ifMatch?: string; ifNoneMatch?: '*' } = {}): Promise<void> =>
  store.put(KEY, bytesSource(text), { signal, ...options });
const tag = async (): Promise<string> => (await store.head(KEY, { signal }))?.etag ?? '';
const text = async (key = KEY): Promise<string | undefined> => {
  const object = await store.get(key, { signal });
  return object && (await readAll(object.body, { what: key, maxBytes: 1000 })).toString();
};
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o7777;

describe('F01: what is not a regular file counts as missing, with a warning', () => {
  beforeEach(async () => {
    await mkdir(dirname(pathOf(KEY)), { recursive: true });
  });
  test.each([
    ['a folder', () => mkdir(pathOf(KEY))],
    ['a FIFO', async (): Promise<void> => void execFileSync('mkfifo', [pathOf(KEY)])],
    ['a device', () => symlink('/dev/zero', pathOf(KEY))],
    ['a loop of links', () => symlink(pathOf(KEY), pathOf(KEY))],
  ])('%s', async (_name, make: () => Promise<void>) => {
    await make();
    expect(await text()).toBeUndefined();
    expect(await store.head(KEY, { signal })).toBeUndefined();
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'MIRROR_FILE' }));
  });

  test('a dangling link is missing', async () => {
    await symlink('nowhere', pathOf(KEY));
    expect(await text()).toBeUndefined();
  });

  test('a file where a folder should be is missing', async () => {
    await writeFile(pathOf(KEY), 'x');
    expect(await text(`${KEY}/more`)).toBeUndefined();
  });
});

describe('F02: links', () => {
  test('reading follows them, writing replaces them and leaves their target alone', async () => {
    await mkdir(dirname(pathOf(KEY)), { recursive: true });
    await writeFile(pathOf('target'), 'target');
    await symlink(pathOf('target'), pathOf(KEY));
    expect(await text()).toBe('target');
    await write('new');
    expect(await text()).toBe('new');
    expect(await readFile(pathOf('target'), 'utf8')).toBe('target');
    await expect(readlink(pathOf(KEY))).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('a listing follows them and ends in a loop of folders', async () => {
    await write('x');
    await symlink(pathOf('v3'), pathOf('v3/loop'));
    await symlink('nowhere', pathOf('v3/dangling'));
    const keys: string[] = [];
    for await (const key of store.list('v3/', { signal })) keys.push(key);
    expect(keys).toContain(KEY);
    expect(keys.length).toBeLessThan(100);
    expect(keys).not.toContain('v3/dangling');
  });
});

describe('F05, K01: temporary files', () => {
  test('lie beside their object and do not stay, are not listed, and old ones are swept', async () => {
    await write('x');
    const old = join(dirname(pathOf(KEY)), '.manifest.json.123.0123456789ab.tmp');
    const fresh = join(dirname(pathOf(KEY)), '.manifest.json.124.0123456789ab.tmp');
    for (const path of [old, fresh]) await writeFile(path, 'half');
    await utimes(old, 1, 1);
    store = storeAt(folder.path);
    const keys: string[] = [];
    for await (const key of store.list('', { signal })) keys.push(key);
    expect(keys).toEqual([KEY]);
    await write('y');
    expect((await readdir(dirname(old))).sort()).toEqual(['.manifest.json.124.0123456789ab.tmp', 'manifest.json']);
  });
});

test('K01: what dead processes of this machine left is swept at once, also above the folder that is written to', async () => {
  await write('x');
  const dead = spawnSync(process.execPath, ['--version']).pid;
  const left = [pathOf('v3/layout.json'), pathOf(KEY)].map((path) =>
    temporaryBeside(path).replace(`.${process.pid}.`, `.${dead}.`),
  );
  for (const path of left) await writeFile(path, 'half');
  store = storeAt(folder.path);
  await write('y');
  expect(left.filter((path) => existsSync(path))).toEqual([]);
});

describe('F07: permissions', () => {
  const withUmask = async (umask: number, run: () => Promise<void>): Promise<void> => {
    const before = process.umask(umask);
    try {
      await run();
    } finally {
      process.umask(before);
    }
  };
  test.each([
    [0o022, 0o755, 0o644],
    [0o077, 0o700, 0o600],
    [0o000, 0o755, 0o644],
  ])('with umask %o folders are %o and files %o', async (umask, directory, file) => {
    await withUmask(umask, () => write('x'));
    expect([await modeOf(pathOf('v3')), await modeOf(pathOf(KEY))]).toEqual([directory, file]);
  });

  test('a configured mode holds whatever the umask, and a set-group-ID bit stays', async () => {
    const shared = pathOf('shared');
    mkdirSync(shared);
    chmodSync(shared, 0o2770);
    store = storeAt(shared, 0o770);
    await withUmask(0o077, () => write('x'));
    expect(await modeOf(join(shared, 'v3'))).toBe(0o2770);
    expect(await modeOf(join(shared, 'v3/a'))).toBe(0o2770);
    expect(await modeOf(join(shared, KEY))).toBe(0o660);
  });
});

test('F04: a write that fails is an io failure with the system error and leaves no temporary file', async () => {
  await mkdir(pathOf(KEY), { recursive: true });
  await expect(write('x')).rejects.toMatchObject({
    kind: 'io',
    code: 'ERR_IO',
    details: { errno: expect.any(String) },
  });
  expect(await readdir(dirname(pathOf(KEY)))).toEqual(['manifest.json']);
});

describe('compare and swap', () => {
  const generations = async (): Promise<readonly string[]> => {
    const [name = ''] = await readdir(pathOf('.berth/generations'));
    return (await readdir(pathOf(`.berth/generations/${name}`))).sort();
  };
  const claimPath = async (number: number): Promise<string> => {
    const [name = ''] = await readdir(pathOf('.berth/generations'));
    return pathOf(`.berth/generations/${name}/${String(number).padStart(12, '0')}`);
  };

  test('X07: a value that was decided but not shown is shown by the next writer, who then starts again', async () => {
    await write('one');
    await write('two', { ifMatch: await tag() });
    const two = await tag();
    // What a writer leaves that is killed right after its value was decided.
    await writeFile(await claimPath(2), `${two}\nthree`);
    await expect(write('four', { ifMatch: two })).rejects.toMatchObject({ code: 'ERR_PRECONDITION' });
    expect(await text()).toBe('three');
    await write('four', { ifMatch: await tag() });
    expect(await text()).toBe('four');
  });

  test('a late writer that shows an earlier value is put right by the next', async () => {
    await write('one');
    for (const next of ['two', 'three', 'four']) await write(next, { ifMatch: await tag() });
    await writeFile(pathOf(KEY), 'two');
    await expect(write('five', { ifMatch: await tag() })).rejects.toMatchObject({ code: 'ERR_PRECONDITION' });
    expect(await text()).toBe('four');
  });

  test('what a program without this protocol wrote is taken as it is', async () => {
    await write('one');
    await write('two', { ifMatch: await tag() });
    await writeFile(pathOf(KEY), 'by Spack');
    await write('three', { ifMatch: await tag() });
    expect(await text()).toBe('three');
  });

  test('a number swept long ago decides nothing when a sleeping writer takes it', async () => {
    await write('0');
    for (let count = 1; count <= 40; count += 1) await write(String(count), { ifMatch: await tag() });
    expect((await generations()).length).toBeLessThanOrEqual(17);
    await writeFile(await claimPath(1), 'tag\nstale');
    await write('last', { ifMatch: await tag() });
    expect(await text()).toBe('last');
  });

  test('deleting the object forgets its generations', async () => {
    await write('one');
    await write('two', { ifMatch: await tag() });
    await store.delete(KEY, { signal });
    expect(await readdir(pathOf('.berth/generations'))).toEqual([]);
  });
});
