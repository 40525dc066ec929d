import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processTag } from '@berth/base';
import { describe, expect, test } from '@jest/globals';
import { createStaging, sweepStaging } from '../../src/install/staging.ts';
import { signal, temporaryFolder } from '../helpers.ts';

async function newRoot(): Promise<string> {
  const root = join(await temporaryFolder(), 'store');
  await mkdir(root);
  return root;
}

async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o7777).toString(8);
}

async function writeTree(path: string, text: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'file'), text);
}

describe('publishing', () => {
  test('the prefix appears whole, its parents are like the nearest folder that was there, the rest is gone', async () => {
    const root = await newRoot();
    const prefix = join(root, 'linux-x86_64', 'demo', 'greet');
    {
      await using staging = await createStaging({ root, prefix, locks: true, signal });
      expect(await modeOf(staging.folder)).toBe('700');
      await writeTree(staging.path, 'new');
      await staging.publish({ replace: false });
    }
    expect(await readFile(join(prefix, 'file'), 'utf8')).toBe('new');
    expect(await modeOf(join(root, 'linux-x86_64', 'demo'))).toBe(await modeOf(root));
    expect(await readdir(root)).toEqual(['linux-x86_64']);
  });

  test.each(['a full folder', 'an empty folder', 'a file', 'a dangling link'])(
    '%s in its place is not touched',
    async (kind) => {
      const root = await newRoot();
      const prefix = join(root, 'greet');
      if (kind.endsWith('folder')) await mkdir(prefix);
      if (kind === 'a full folder') await writeFile(join(prefix, 'file'), 'old');
      if (kind === 'a file') await writeFile(prefix, 'old');
      if (kind === 'a dangling link') await symlink('nowhere', prefix);
      const before = await lstat(prefix);
      {
        await using staging = await createStaging({ root, prefix, locks: true, signal });
        await writeTree(staging.path, 'new');
        await expect(staging.publish({ replace: false })).rejects.toMatchObject({
          kind: 'io',
          code: 'ERR_PREFIX_EXISTS',
        });
      }
      expect((await lstat(prefix)).ino).toBe(before.ino);
      expect(await readdir(root)).toEqual(['greet']);
    },
  );

  test('O3: rolling back brings the previous content back, or leaves nothing at all', async () => {
    const root = await newRoot();
    const prefix = join(root, 'linux', 'greet');
    for (const before of [undefined, 'old']) {
      if (before !== undefined) await writeTree(prefix, before);
      await using staging = await createStaging({ root, prefix, locks: true, signal });
      await writeTree(staging.path, 'new');
      await staging.publish({ replace: true });
      expect(await readFile(join(prefix, 'file'), 'utf8')).toBe('new');
      await staging.rollBack();
      if (before === undefined) await expect(lstat(join(root, 'linux'))).rejects.toMatchObject({ code: 'ENOENT' });
      else expect(await readFile(join(prefix, 'file'), 'utf8')).toBe(before);
    }
    expect(await readdir(root)).toEqual(['linux']);
  });

  test('O3: when there is nothing to publish, the previous content stays', async () => {
    const root = await newRoot();
    const prefix = join(root, 'greet');
    await writeTree(prefix, 'old');
    {
      await using staging = await createStaging({ root, prefix, locks: true, signal });
      await expect(staging.publish({ replace: true })).rejects.toMatchObject({ kind: 'io' });
    }
    expect(await readFile(join(prefix, 'file'), 'utf8')).toBe('old');
  });

  test.each(['/tmp/elsewhere', '../outside', ''])('O2: a prefix %p outside the root is refused', async (path) => {
    const root = await newRoot();
    const prefix = path.startsWith('/') ? path : `${root}/${path}`;
    await expect(createStaging({ root, prefix, locks: true, signal })).rejects.toMatchObject({
      code: 'ERR_PREFIX_OUTSIDE',
    });
  });
});

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('sweeping', () => {
  async function left(root: string, name: string, owner: unknown, ageMs = 0): Promise<string> {
    const folder = join(root, name);
    await mkdir(join(folder, 'prefix', 'read-only'), { recursive: true });
    const text = typeof owner === 'string' ? owner : JSON.stringify(owner);
    await writeFile(join(folder, 'owner'), text);
    const then = new Date(Date.now() - ageMs);
    await utimes(join(folder, 'owner'), then, then);
    await utimes(folder, then, then);
    return folder;
  }
  const HOUR = 60 * 60 * 1000;

  test('K01: what dead processes left is removed, and only that', async () => {
    const root = await newRoot();
    const host = hostname();
    const removed = [
      await left(root, '.berth-dead', { host, pid: await deadPid(), started: '1' }),
      await left(root, '.berth-foreign-old', { host: 'other', pid: 1, started: '' }, HOUR),
      await left(root, '.berth-later-process', { host, pid: process.pid, started: '1' }),
      await left(root, '.berth-nameless-old', '', HOUR),
    ];
    await left(root, '.berth-foreign-new', { host: 'other', pid: 1, started: '' });
    await left(root, '.berth-nameless-new', '{');
    await left(root, 'package', { host, pid: await deadPid(), started: '1' });
    await using alive = await createStaging({ root, prefix: join(root, 'greet'), locks: true, signal });
    expect((await sweepStaging(root, { locks: true, signal })).toSorted()).toEqual(removed);
    const stay = ['.berth-foreign-new', '.berth-nameless-new', alive.folder.slice(root.length + 1), 'package'];
    expect(await readdir(root)).toEqual(stay.sort());
  });

  test('K01: a folder whose process died before it named itself is removed at once', async () => {
    const root = await newRoot();
    const tag = processTag();
    const dead = await left(root, `.berth-${tag.replace(/^\d+/, String(await deadPid()))}`, '');
    await left(root, `.berth-${tag}`, '');
    expect(await sweepStaging(root, { locks: true, signal })).toEqual([dead]);
  });

  test('without locks a folder of another host is never removed', async () => {
    const root = await newRoot();
    await left(root, '.berth-foreign-old', { host: 'other', pid: 1, started: '' }, HOUR);
    expect(await sweepStaging(root, { locks: false, signal })).toEqual([]);
  });

  test('an install tree that does not exist needs no sweeping', async () => {
    expect(await sweepStaging('/nonexistent/store', { locks: true, signal })).toEqual([]);
  });
});
