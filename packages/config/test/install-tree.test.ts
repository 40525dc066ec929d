import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { failure, folder, load } from './support.ts';

const tree = async (yaml: string): Promise<unknown> =>
  (await load(folder({ 'cfg/config.yaml': `config:\n${yaml}` }))).configuration.installTree;

test('the install tree is below $spack by default', async () => {
  const root = folder();
  const { configuration } = await load(root, { env: { XDG_DATA_HOME: '/data' } });
  expect(configuration.installTree).toEqual({
    unpaddedRoot: '/data/berth/opt/spack',
    paddedLength: 0,
    projections: [{ spec: 'all', format: '{architecture.platform}-{architecture.target}/{name}-{version}-{hash}' }],
    hashLength: undefined,
  });
});

test('a padded length of true is what the system allows, less room for a prefix', async () => {
  expect(await tree('  install_tree: {root: /s/, padded_length: true}\n')).toMatchObject({
    unpaddedRoot: '/s',
    paddedLength: 3796,
  });
});

test('padding written into the root, as older files have it, is understood', async () => {
  expect(await tree('  install_tree: {root: "/s/$padding:40"}\n')).toMatchObject({
    unpaddedRoot: '/s',
    paddedLength: 40,
  });
});

test('projections keep their order and their text', async () => {
  const yaml =
    '  install_hash_length: 7\n  install_tree:\n    projections:\n      zlib: "Z/{NAME}-{hash}"\n      all: "{name}/{hash}"\n';
  expect(await tree(yaml)).toMatchObject({
    hashLength: 7,
    projections: [
      { spec: 'zlib', format: 'Z/{NAME}-{hash}' },
      { spec: 'all', format: '{name}/{hash}' },
    ],
  });
});

test('a hash length needs {hash} in every projection', async () => {
  const yaml = '  install_hash_length: 7\n  install_tree:\n    projections:\n      all: "{name}"\n';
  expect(await failure(() => tree(yaml))).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('config.yaml:5:12'),
  });
});

test.each(['/abs/{hash}', '../{hash}', 'a/../../{hash}', ''])(
  'L06: the projection %j is refused',
  async (projection) => {
    expect(await failure(() => tree(`  install_tree:\n    projections:\n      all: "${projection}"\n`))).toMatchObject({
      kind: 'config',
    });
  },
);

test('paths are absolute, those of a file relative to it', async () => {
  const root = folder({
    'cfg/config.yaml':
      'config:\n  misc_cache: misc\n  source_cache: $spack/src\n  build_stage: [$tempdir/$user/s, /x]\n  extensions: [ext]\n  ssl_certs: rel\n',
  });
  const { configuration } = await load(root, {
    env: { SPACK_ROOT: '/p', SPACK_USER_CACHE_PATH: '~/c', SPACK_GNUPGHOME: '/g' },
  });
  expect(configuration.paths).toMatchObject({
    prefix: '/p',
    userCachePath: join(root, 'home/c'),
    miscCache: join(root, 'cfg/misc'),
    sourceCache: '/p/src',
    environmentsRoot: '/p/var/spack/environments',
    licenseDir: '/p/etc/spack/licenses',
    testStage: join(root, 'home/c/test'),
    buildStages: ['/tmp/ada/s', '/x/ada', '/tmp/ada/spack-stage', join(root, 'home/c/stage/ada')],
    extensions: [join(root, 'cfg/ext')],
    gpgHome: '/g',
    sslCerts: undefined,
  });
});

test('locks and their time limits come in milliseconds', async () => {
  const { configuration } = await load(
    folder({ 'cfg/config.yaml': 'config:\n  locks: false\n  db_lock_timeout: 3\n  package_lock_timeout: 5\n' }),
  );
  expect(configuration.locks).toEqual({ enabled: false, databaseTimeoutMs: 3000, packageTimeoutMs: 5000 });
  expect((await load(folder())).configuration.locks).toEqual({
    enabled: true,
    databaseTimeoutMs: 60_000,
    packageTimeoutMs: undefined,
  });
});

test('permissions are looked up field by field, in the package and then in all', async () => {
  const text =
    'packages:\n  all:\n    permissions: {read: group, write: group, group: lab}\n  a:\n    permissions: {write: user}\n  b:\n    permissions: {write: world}\n';
  const { configuration } = await load(folder({ 'cfg/packages.yaml': text }));
  expect(configuration.packagesPermissions('a')).toEqual({ read: 'group', write: 'user', group: 'lab' });
  expect(configuration.packagesPermissions('z')).toEqual({ read: 'group', write: 'group', group: 'lab' });
  expect(await failure(() => configuration.packagesPermissions('b'))).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('packages.yaml:7:26'),
  });
  expect((await load(folder())).configuration.packagesPermissions('a')).toEqual({
    read: 'world',
    write: 'user',
    group: undefined,
  });
});
