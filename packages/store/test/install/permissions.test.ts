import { chmod, link, lstat, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { groupId } from '../../src/install/group.ts';
import { applyPermissions } from '../../src/install/post-install-permissions.ts';
import { signal, temporaryFolder } from '../helpers.ts';

async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o7777).toString(8);
}

const READABLE = { read: 'world', write: 'user' } as const;

describe('the post-install pass', () => {
  test('gives folders and files the modes of the table and leaves links and what they point to alone', async () => {
    const prefix = join(await temporaryFolder(), 'p');
    await mkdir(join(prefix, 'bin'), { recursive: true, mode: 0o700 });
    const outside = join(prefix, '..', 'outside');
    await writeFile(outside, '', { mode: 0o600 });
    await writeFile(join(prefix, 'bin', 'tool'), '', { mode: 0o500 });
    await writeFile(join(prefix, 'data'), '', { mode: 0o400 });
    await link(join(prefix, 'data'), join(prefix, 'data-again'));
    await symlink(outside, join(prefix, 'link'));
    await applyPermissions(prefix, { permissions: READABLE, allowSgid: true, signal });
    const names = ['', 'bin', 'bin/tool', 'data', 'data-again', '../outside'];
    const modes = await Promise.all(names.map(async (name) => modeOf(join(prefix, name))));
    expect(modes).toEqual(['2755', '2755', '755', '644', '644', '600']);
  });

  test('keeps set-id and sticky bits, and refuses those that others could abuse', async () => {
    const prefix = join(await temporaryFolder(), 'p');
    await mkdir(prefix);
    await writeFile(join(prefix, 'tool'), '');
    await chmod(join(prefix, 'tool'), 0o4755);
    await applyPermissions(prefix, { permissions: READABLE, allowSgid: false, signal });
    expect(await modeOf(join(prefix, 'tool'))).toBe('4755');
    const wider = { read: 'world', write: 'group' } as const;
    await expect(applyPermissions(prefix, { permissions: wider, allowSgid: false, signal })).rejects.toMatchObject({
      kind: 'policy',
      code: 'ERR_UNSAFE_MODE',
    });
    await chmod(join(prefix, 'tool'), 0o2755);
    await applyPermissions(prefix, { permissions: wider, allowSgid: false, signal });
    await expect(
      applyPermissions(prefix, { permissions: { read: 'world', write: 'world' }, allowSgid: false, signal }),
    ).rejects.toMatchObject({ code: 'ERR_UNSAFE_MODE' });
  });

  test('sets a group by number', async () => {
    const prefix = join(await temporaryFolder(), 'p');
    await mkdir(prefix);
    const gid = process.getgid?.() ?? 0;
    await applyPermissions(prefix, { permissions: { ...READABLE, group: String(gid) }, allowSgid: true, signal });
    expect((await lstat(prefix)).gid).toBe(gid);
  });
});

describe('groups', () => {
  test('are found by name and by number', async () => {
    expect(await groupId('4711')).toBe(4711);
    expect(await groupId('root').catch(() => groupId('wheel'))).toBe(0);
  });

  test('that do not exist are a configuration error', async () => {
    await expect(groupId('no-such-group-here')).rejects.toMatchObject({ kind: 'config', code: 'ERR_GROUP' });
  });
});
