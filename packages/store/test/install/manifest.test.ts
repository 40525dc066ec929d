import { chmod, mkdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  verifyInstalledFile,
  verifyInstallManifest,
  writeInstallManifest,
} from '../../src/install/install-manifest.ts';
import { formatManifestEntry, readManifestEntry } from '../../src/install/manifest-entry.ts';
import { writeInstallTimes } from '../../src/install/prefix-metadata.ts';
import { readFixture, signal, temporaryFolder } from '../helpers.ts';
import { demoSpec, fillDemoTree } from '../store-helpers.ts';

async function installed(): Promise<string> {
  const prefix = join(await temporaryFolder(), 'greet');
  await fillDemoTree(prefix, await demoSpec('greet'), prefix);
  return prefix;
}

async function problems(prefix: string): Promise<Record<string, readonly string[]>> {
  const report = await verifyInstallManifest(prefix, { signal });
  return Object.fromEntries(Array.from(report, ([path, found]) => [path.slice(prefix.length), found]));
}

describe('writing', () => {
  test('has the entries, keys and key order of a manifest of Spack', async () => {
    const theirs = JSON.parse(await readFixture('install_manifest.json')) as Record<string, object>;
    const shapes = new Set(Object.values(theirs).map((entry) => Object.keys(entry).join(' ')));
    const prefix = await installed();
    await symlink('bin', join(prefix, 'link'));
    await writeInstallManifest(prefix, { signal });
    const ours = JSON.parse(await readFile(join(prefix, '.spack', 'install_manifest.json'), 'utf8')) as Record<
      string,
      object
    >;
    expect(new Set(Object.values(ours).map((entry) => Object.keys(entry).join(' ')))).toEqual(shapes);
    expect(Object.keys(theirs)).toHaveLength(22);
    expect(Object.keys(ours).map((path) => path.slice(prefix.length))).toEqual([
      ...['', '/.spack', '/.spack/spec.json', '/bin', '/bin/greet', '/link', '/share', '/share/man', '/share/man/page'],
    ]);
  });

  test('gives modes with the kind of file, hashes in upper case and times that Python reads as equal', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'abc');
    await chmod(path, 0o755);
    await utimes(path, 1795404411, 1795404411);
    const entry = await readManifestEntry(path, signal);
    expect(entry).toMatchObject({
      mode: 0o100755,
      size: 3,
      hash: 'VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5',
      time: 1795404411,
    });
    expect(entry === undefined ? undefined : formatManifestEntry(entry).get('time')).toMatchObject({
      token: '1795404411.0',
    });
  });

  test('large files are hashed as a stream', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, Buffer.alloc(1_000_000, 'a'));
    expect((await readManifestEntry(path, signal))?.hash).toBe('GSVJOPGUYTNKJ5Q65MV5XLJHGFSTIALP');
  });
});

describe('verifying', () => {
  test('an untouched package is clean, also with what is written after the manifest', async () => {
    const prefix = await installed();
    const { hash } = await demoSpec('greet');
    await writeInstallTimes(prefix, { name: 'greet', hash, totalSeconds: 1, phases: [], fromCache: true });
    expect(await problems(prefix)).toEqual({});
  });

  test('each kind of change is named', async () => {
    const prefix = await installed();
    await symlink('bin', join(prefix, 'link'));
    const page = join(prefix, 'share', 'man', 'page');
    await utimes(page, 1795404411, 1795404411);
    await writeInstallManifest(prefix, { signal });
    await writeFile(page, 'tixt\n');
    await utimes(page, 1795404411, 1795404411);
    await chmod(join(prefix, 'bin', 'greet'), 0o700);
    await rm(join(prefix, 'link'));
    await symlink('share', join(prefix, 'link'));
    await rm(join(prefix, '.spack', 'spec.json'));
    await mkdir(join(prefix, 'new'));
    expect(await problems(prefix)).toEqual({
      '/bin/greet': ['mode'],
      '/link': ['link'],
      '/new': ['added'],
      '/share/man/page': ['hash'],
      '/.spack/spec.json': ['deleted'],
    });
  });

  test('size and time are looked at too, and a file that became a folder differs in everything', async () => {
    const prefix = await installed();
    await truncate(join(prefix, 'share', 'man', 'page'), 2);
    await rm(join(prefix, 'bin', 'greet'));
    await mkdir(join(prefix, 'bin', 'greet'));
    expect(await problems(prefix)).toEqual({
      '/bin/greet': ['mode', 'size', 'mtime', 'hash'],
      '/share/man/page': ['size', 'mtime', 'hash'],
    });
  });

  test('a missing and a damaged manifest are told apart', async () => {
    const prefix = await installed();
    await writeFile(join(prefix, '.spack', 'install_manifest.json'), '{"/x":{"mode":"no"}}');
    expect(await problems(prefix)).toEqual({ '': ['manifest corrupted'] });
    await rm(join(prefix, '.spack', 'install_manifest.json'));
    expect(await problems(prefix)).toEqual({ '': ['manifest missing'] });
  });

  test('one file is checked against the package it lies in', async () => {
    const prefix = await installed();
    const file = join(prefix, 'bin', 'greet');
    expect(await verifyInstalledFile(file, { signal })).toEqual([]);
    await chmod(file, 0o700);
    expect(await verifyInstalledFile(file, { signal })).toEqual(['mode']);
    expect(await verifyInstalledFile(join(prefix, '..', 'stray'), { signal })).toEqual(['not owned by any package']);
  });

  test('C08: names with newlines, quotes and bytes that are no UTF-8 survive the round trip', async () => {
    const prefix = await installed();
    await writeFile(join(prefix, 'a\n"b\'\\ -c'), '');
    await writeFile(Buffer.concat([Buffer.from(`${prefix}/bad-`), Buffer.from([0xff, 0xfe])]), 'x');
    await mkdir(Buffer.concat([Buffer.from(`${prefix}/dir-`), Buffer.from([0xc3])]));
    await writeInstallManifest(prefix, { signal });
    const text = await readFile(join(prefix, '.spack', 'install_manifest.json'), 'utf8');
    expect(text).toContain('/bad-\\udcff\\udcfe":');
    expect(await problems(prefix)).toEqual({});
  });
});
