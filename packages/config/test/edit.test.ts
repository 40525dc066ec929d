import { chmodSync, lstatSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { addConfig, addConfigFile, removeConfig } from '../src/index.ts';
import { failure, folder, load, read, SIGNAL } from './support.ts';

const OPTIONS = { signal: SIGNAL };

test('an edit keeps comments, blank lines and quotes of everything else', async () => {
  const text = "# mine\n\nconfig:\n    build_jobs:   2   # two\n\n    # why\n    'ccache': true\n";
  const root = folder({ 'cfg/config.yaml': text });
  await addConfig((await load(root)).configuration, 'config:build_jobs:8', OPTIONS);
  expect(read(root, 'cfg/config.yaml')).toBe(text.replace('build_jobs:   2 ', 'build_jobs: 8 '));
});

test('an edit that changes nothing writes nothing', async () => {
  const root = folder({ 'cfg/config.yaml': 'config: {build_jobs: 2}\n' });
  const before = statSync(join(root, 'cfg/config.yaml'), { bigint: true }).mtimeNs;
  const edit = await addConfig((await load(root)).configuration, 'config:build_jobs:2', OPTIONS);
  expect(edit).toEqual({ scope: 'user', file: join(root, 'cfg/config.yaml'), changed: false });
  expect(statSync(join(root, 'cfg/config.yaml'), { bigint: true }).mtimeNs).toBe(before);
});

test('a file that is a link stays one, with its mode', async () => {
  const root = folder({ 'cfg/config.yaml': 'config: {}\n' });
  renameSync(join(root, 'cfg/config.yaml'), join(root, 'dotfile'));
  chmodSync(join(root, 'dotfile'), 0o600);
  symlinkSync('../dotfile', join(root, 'cfg/config.yaml'));
  await addConfig((await load(root)).configuration, 'config:build_jobs:2', OPTIONS);
  expect(lstatSync(join(root, 'cfg/config.yaml')).isSymbolicLink()).toBe(true);
  expect(statSync(join(root, 'dotfile')).mode & 0o777).toBe(0o600);
  expect(read(root, 'dotfile')).toBe('config:\n  build_jobs: 2\n');
});

test('another scope is written on request, its folder made', async () => {
  const root = folder();
  const env = { SPACK_ROOT: join(root, 'prefix') };
  await addConfig((await load(root, { env })).configuration, 'config:ccache:true', { ...OPTIONS, scope: 'site' });
  expect(read(root, 'prefix/etc/spack/site/config.yaml')).toBe('config:\n  ccache: true\n');
});

test('a version is written as text, whatever it looks like', async () => {
  const root = folder();
  await addConfig((await load(root)).configuration, 'packages:x:version:[1.10]', OPTIONS);
  expect(read(root, 'cfg/packages.yaml')).toBe("packages:\n  x:\n    version: ['1.10']\n");
});

test('a setting that would make the file invalid is refused and the file stays', async () => {
  const root = folder({ 'cfg/mirrors.yaml': 'mirrors:\n  a:\n    url: s3://b\n    signed: true\n' });
  const { configuration } = await load(root);
  expect(await failure(() => addConfig(configuration, 'mirrors:a:signed:"yes"', OPTIONS))).toMatchObject({
    kind: 'config',
  });
  expect(await failure(() => removeConfig(configuration, 'mirrors:a:url', OPTIONS))).toMatchObject({ kind: 'config' });
  expect(read(root, 'cfg/mirrors.yaml')).toContain('signed: true');
});

test('a whole file is added section by section', async () => {
  const root = folder({
    'more.yaml': 'config:\n  ccache: true\nmirrors:\n  a: file:///a\n',
    'cfg/config.yaml': 'config:\n  locks: true # l\n',
  });
  const edits = await addConfigFile((await load(root)).configuration, join(root, 'more.yaml'), OPTIONS);
  expect(edits.map(({ file }) => file.replace(root, ''))).toEqual(['/cfg/config.yaml', '/cfg/mirrors.yaml']);
  expect(read(root, 'cfg/config.yaml')).toBe('config:\n  ccache: true\n  locks: true # l\n');
  const { configuration } = await load(root);
  expect(await failure(() => addConfigFile(configuration, join(root, 'nope.yaml'), OPTIONS))).toMatchObject({
    kind: 'notfound',
  });
});

test('a single-file scope that an environment includes is edited in place', async () => {
  const root = folder({
    'env/spack.yaml': 'spack:\n  include: [{path: mine.yaml, name: mine}]\n',
    'env/mine.yaml': '# m\nmirrors:\n  a: file:///a # x\nconfig:\n  locks: true\n',
  });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  await addConfig(configuration, 'config:ccache:true', { ...OPTIONS, scope: 'mine' });
  expect(read(root, 'env/mine.yaml')).toBe(
    '# m\nmirrors:\n  a: file:///a # x\nconfig:\n  ccache: true\n  locks: true\n',
  );
});
