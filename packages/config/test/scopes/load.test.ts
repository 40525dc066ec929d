import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Of } from '@berth/base';
import { expect, test } from '@jest/globals';
import { formatBlame, hostFacts, linuxDistribution, loadConfiguration } from '../../src/index.ts';
import { failure, folder, HOST, load, SIGNAL, warnings } from '../support.ts';

const names = (loaded: Awaited<ReturnType<typeof load>>): string[] =>
  loaded.configuration.scopes().map(({ name }) => name);

test('the scopes are in the order of their precedence', async () => {
  const root = folder({ 'a/config.yaml': '', 'b/config.yaml': '', 'env/spack.yaml': 'spack: {}\n' });
  const loaded = await load(root, { scopes: ['a', 'b'], environment: { kind: 'directory', value: 'env' } });
  expect(names(loaded)).toEqual([
    'command_line',
    'cmd_scope_1',
    'cmd_scope_0',
    `env:${join(root, 'env')}`,
    'spack',
    'user',
    'site',
    'system',
    'defaults:base',
    '_builtin',
  ]);
});

test('SPACK_DISABLE_LOCAL_CONFIG, even empty, leaves out user and system', async () => {
  const root = folder();
  const loaded = await load(root, { env: { SPACK_DISABLE_LOCAL_CONFIG: '', SPACK_ROOT: join(root, 'prefix') } });
  expect(names(loaded)).toEqual(['command_line', 'spack', 'site', 'defaults:base', '_builtin']);
  expect(loaded.configuration.scopeToModify().name).toBe('spack');
});

test('a variable for a scope that is set but empty is an error', async () => {
  const error = await failure(() => load(folder(), { env: { SPACK_USER_CONFIG_PATH: '' } }));
  expect(error).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('SPACK_USER_CONFIG_PATH is set but empty'),
  });
});

test('the default scope to write to is the user scope, or the environment', async () => {
  const root = folder({ 'env/spack.yaml': 'spack: {}\n' });
  expect((await load(root)).configuration.scopeToModify().name).toBe('user');
  const inside = await load(root, { environment: { kind: 'directory', value: 'env' }, scopes: ['env'] });
  expect(inside.configuration.scopeToModify().name).toBe(`env:${join(root, 'env')}`);
  expect(inside.configuration.scopeToModify('site').name).toBe('site');
  expect(await failure(() => inside.configuration.scopeToModify('usr'))).toMatchObject({
    kind: 'usage',
    hint: 'Did you mean "user"?',
  });
  expect(await failure(() => inside.configuration.scopeToModify('command_line'))).toMatchObject({ kind: 'usage' });
  expect(await failure(() => inside.configuration.scopeToModify(`cmd_scope_0:env:${join(root, 'env')}`))).toMatchObject(
    { kind: 'usage' },
  );
});

test('the configuration of an installed Spack is read where there is one', async () => {
  const root = folder({
    'prefix/etc/spack/defaults/include.yaml': 'include:\n- path: "${platform}"\n  optional: true\n- path: base\n',
    'prefix/etc/spack/defaults/base/config.yaml': 'config:\n  build_jobs: 1\n  locks: true\n  dirty: true\n',
    'prefix/etc/spack/defaults/linux/config.yaml': 'config:\n  locks: false\n  dirty: false\n',
    'prefix/etc/spack/defaults/config.yaml': 'config:\n  build_jobs: 2\n',
    'prefix/etc/spack/config.yaml': 'config:\n  ccache: true\n',
    'cfg/config.yaml': 'config:\n  ccache: false\n  checksum: false\n',
    'system/config.yaml': 'config:\n  checksum: true\n  deprecated: true\n',
  });
  const loaded = await load(root, { env: { SPACK_ROOT: join(root, 'prefix') } });
  expect(names(loaded)).toEqual([
    'command_line',
    'spack',
    'user',
    'site',
    'system',
    'defaults',
    'defaults:linux',
    'defaults:base',
    '_builtin',
  ]);
  expect(loaded.configuration.config()).toMatchObject({
    build_jobs: 2,
    locks: false,
    dirty: false,
    ccache: true,
    checksum: false,
    deprecated: true,
    connect_timeout: 10,
  });
});

test('of two folders after -C the second wins', async () => {
  const root = folder({ 'a/config.yaml': 'config:\n  build_jobs: 3\n', 'b/config.yaml': 'config:\n  build_jobs: 2\n' });
  expect((await load(root, { scopes: ['a', 'b'] })).configuration.config().build_jobs).toBe(2);
  expect(await failure(() => load(root, { scopes: ['nope'] }))).toMatchObject({
    kind: 'usage',
    code: 'ERR_CONFIG_SCOPE',
  });
});

test('a broken section fails only those who ask for it', async () => {
  const { configuration } = await load(folder({ 'cfg/modules.yaml': 'modules: [\n' }));
  expect(configuration.config().locks).toBe(true);
  expect(await failure(() => configuration.modules())).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('modules.yaml:2:'),
  });
});

test('an include of the environment ranks below it, and the first one highest', async () => {
  const root = folder({
    'env/spack.yaml': 'spack:\n  include: [dirA, file.yaml]\n  config:\n    build_jobs: 7\n',
    'env/dirA/config.yaml': 'config:\n  connect_timeout: 11\n  build_jobs: 8\n',
    'env/file.yaml': 'config:\n  connect_timeout: 12\n  ccache: true\n',
  });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  expect(configuration.config()).toMatchObject({ build_jobs: 7, connect_timeout: 11, ccache: true });
});

test('include:: leaves only defaults, and what it includes itself', async () => {
  const root = folder({
    'env/spack.yaml': 'spack:\n  include:: [mine]\n  mirrors:\n    e: file:///e\n',
    'env/mine/mirrors.yaml': 'mirrors:\n  i: file:///i\n',
    'cfg/mirrors.yaml': 'mirrors:\n  u: file:///u\n',
  });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  expect(configuration.mirrors().map(({ name }) => name)).toEqual(['e', 'i', 'spack-public']);
  expect(configuration.scopes().find(({ name }) => name === 'user')?.status).toBe('override');
});

test('mirrors:: in an environment leaves one mirror', async () => {
  const root = folder({
    'env/spack.yaml': 'spack:\n  mirrors::\n    only: file:///only\n',
    'cfg/mirrors.yaml': 'mirrors:\n  u: file:///u\n',
  });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  expect(configuration.mirrors().map(({ name }) => name)).toEqual(['only']);
});

const ENV = { environment: { kind: 'directory', value: 'env' } } as const;
const included = (include: string, files: Record<string, string> = {}): string =>
  folder({
    'env/spack.yaml': `spack:\n  include:\n${include}`,
    'x/config.yaml': 'config:\n  build_jobs: 9\n',
    ...files,
  });

const INCLUDES = [
  { name: 'a folder', include: '  - ../x\n', want: 9 },
  { name: 'a path form', include: '  - path: ../x\n    name: mine\n', want: 9 },
  { name: 'a condition that holds', include: '  - path: ../x\n    when: platform == "linux"\n', want: 9 },
  { name: 'a condition that does not', include: '  - path: ../x\n    when: os == "nope"\n', want: 16 },
  { name: 'an optional path that is missing', include: '  - path: ../nope\n    optional: true\n', want: 16 },
  { name: 'an optional file that is missing', include: '  - path: ../nope.yaml\n    optional: true\n', want: 16 },
  { name: 'a path from a variable', include: '  - path: ../nope\n    path_override_env_var: WHERE\n', want: 9 },
  { name: 'a folder that holds only a manifest', include: '  - ../m\n', want: 16 },
] as const;

test.each(INCLUDES)('include: $name', async ({ include, want }) => {
  const root = included(include, { 'm/spack.yaml': 'spack: {}\n' });
  const { configuration } = await load(root, { ...ENV, env: { WHERE: 'x' } });
  expect(configuration.config().build_jobs).toBe(want);
});

const WRONG_INCLUDES = [
  { name: 'a path that is missing', include: '  - ../nope\n', why: 'does not exist' },
  {
    name: 'an optional file of another kind',
    include: '  - path: ../nope.txt\n    optional: true\n',
    why: '.yaml or .yml',
  },
  { name: 'an address of an unknown kind', include: '  - s3://b/x.yaml\n', why: 'cannot be read from' },
  { name: 'Y12: an address without a digest', include: '  - https://h/x.yaml\n', why: 'needs the SHA-256' },
  { name: 'Y12: itself', include: '  - ./\n', files: { 'env/include.yaml': 'include: [./]\n' }, why: 'circle' },
  {
    name: 'Y12: a ring',
    include: '  - ../r\n',
    files: { 'r/include.yaml': 'include: [../s]\n', 's/include.yaml': 'include: [../r]\n' },
    why: 'circle',
  },
  { name: 'Y12: a device', include: '  - /dev/zero\n', why: 'not a regular file' },
  { name: 'git without a ref', include: '  - git: https://h/r\n    paths: [a]\n', why: 'needs a branch' },
  {
    name: 'git that is not here',
    include: '  - git: https://h/r\n    branch: b\n    paths: [a]\n',
    why: 'nothing may be cloned',
  },
  {
    name: 'a manifest of another environment',
    include: '  - ../m/spack.yaml\n',
    files: { 'm/spack.yaml': 'spack: {}\n' },
    why: '"spack" is not known',
  },
  { name: 'an unknown key', include: '  - path: ../x\n    optinal: true\n', why: '"optinal" is not known' },
  { name: 'a bad condition', include: '  - path: ../x\n    when: os.system("x")\n', why: 'when expression' },
] as const;

test.each(WRONG_INCLUDES)('include: $name is a config error', async (vector) => {
  const root = included(vector.include, 'files' in vector ? vector.files : {});
  const error = await failure(async () => (await load(root, ENV)).configuration.config());
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(vector.why) });
});

test('Y12: a chain of a thousand includes is refused', async () => {
  const links = Array.from({ length: 1000 }, (_, index) => [`c${index}/include.yaml`, `include: [../c${index + 1}]\n`]);
  const root = included(
    '  - ../c0\n',
    Object.fromEntries([...links, ['c1000/config.yaml', '']]) as Record<string, string>,
  );
  expect(await failure(() => load(root, ENV))).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('more than 100'),
  });
});

test('Y12: a pipe is refused without waiting for a writer', async () => {
  const root = included('  - ../pipe.yaml\n');
  execFileSync('mkfifo', [join(root, 'pipe.yaml')]);
  expect(await failure(() => load(root, ENV))).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('regular file'),
  });
});

test('a link that leads back is found as a circle', async () => {
  const root = included('  - ../r\n', { 'r/include.yaml': 'include: [../s]\n' });
  symlinkSync('r', join(root, 's'));
  expect(await failure(() => load(root, ENV))).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('circle'),
  });
});

test('a remote include is fetched once, checked, and kept by its digest', async () => {
  const text = 'config:\n  build_jobs: 5\n';
  const good = `  - path: https://github.com/o/r/blob/main/x.yaml\n    sha256: ${sha256Of(text)}\n`;
  const asked: string[] = [];
  const fetchInclude = async (url: string): Promise<Uint8Array> => {
    asked.push(url);
    return Buffer.from(text);
  };
  const root = included(good);
  for (let run = 0; run < 2; run += 1) {
    const { configuration } = await load(root, { ...ENV, fetchInclude });
    expect(configuration.config().build_jobs).toBe(5);
  }
  expect(asked).toEqual(['https://github.com/o/r/raw/main/x.yaml']);
  const changed = async (): Promise<Uint8Array> => Buffer.from('config: {}\n');
  expect(await failure(() => load(included(good), { ...ENV, fetchInclude: changed }))).toMatchObject({
    kind: 'digest',
    code: 'ERR_INCLUDE_DIGEST',
  });
});

test('two includes of one name: the first counts, with a warning', async () => {
  const root = included('  - {path: ../x, name: n}\n  - {path: ../y, name: n}\n', {
    'y/config.yaml': 'config:\n  ccache: true\n',
  });
  const { configuration, events } = await load(root, ENV);
  expect(configuration.config()).toMatchObject({ build_jobs: 9, ccache: false });
  expect(warnings(events)).toEqual([expect.stringContaining('two scopes are named "n"')]);
});

test('Y13: signs on known keys of closed mappings work in files, beside the plain key too', async () => {
  const root = folder({
    'system/packages.yaml': "packages:\n  foo:\n    version: ['1']\n    variants: +a\n",
    'cfg/packages.yaml':
      "packages:\n  foo:\n    version-: ['9']\n    variants+: +b\n  bar:\n    version: ['1']\n    version-: ['2']\n    variants:: +c\n",
  });
  const { configuration } = await load(root);
  expect(configuration.packages()['foo']).toEqual({ version: ['1', '9'], variants: '+b+a' });
  expect(configuration.packages()['bar']).toEqual({ version: ['1', '2'], variants: '+c' });
});

test('Y13: a wrong value under a marked key names file and line', async () => {
  const { configuration } = await load(folder({ 'cfg/packages.yaml': 'packages::\n  foo:\n    version+: 1\n' }));
  expect(await failure(() => configuration.packages())).toMatchObject({
    message: expect.stringMatching(/packages\.yaml:3:15: packages:foo:version/),
  });
});

test('blame pads the places to one column', async () => {
  const root = folder({ 'cfg/mirrors.yaml': 'mirrors::\n  m1:\n    url: file:///m\n' });
  const { configuration } = await load(root);
  const text = formatBlame(configuration.blame('mirrors')).replaceAll(join(root, 'cfg'), 'CFG');
  const place = join(root, 'cfg/mirrors.yaml:2');
  expect(text).toBe(
    `---${' '.repeat(place.length - 3)}  mirrors:\nCFG/mirrors.yaml:2    m1:\nCFG/mirrors.yaml:3      url: file:///m\n`,
  );
});

test('everything together is printed under spack', async () => {
  const { configuration } = await load(folder({ 'cfg/toolchains.yaml': 'toolchains:\n  t: "%gcc"\n' }));
  expect(configuration.format()).toMatch(/^spack:\n {2}concretizer:\n/);
  expect(configuration.toJson()).toMatchObject({ spack: { toolchains: { t: '%gcc' } } });
  expect(configuration.parseOptions().toolchains).toEqual(new Map([['t', '%gcc']]));
});

test('the facts of a machine are found out', async () => {
  const facts = await hostFacts({ target: 'zen4' });
  expect(facts).toMatchObject({
    target: 'zen4',
    platform: process.platform === 'win32' ? 'windows' : process.platform,
  });
  expect(facts.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(linuxDistribution('ID=debian\nVERSION_ID="12"\n')).toBe('debian12');
  expect(linuxDistribution('ID="rocky"\nVERSION_ID="9.4"\n')).toBe('rocky9');
  expect(linuxDistribution('ID=ubuntu\nVERSION_ID="22.04"\n')).toBe('ubuntu22.04');
});

test('an aborted load rejects with the abort', async () => {
  const error = await failure(() =>
    loadConfiguration({ env: {}, home: '/nope', cwd: folder(), host: HOST, signal: AbortSignal.abort() }),
  );
  expect(error.name).toBe('AbortError');
  expect(SIGNAL.aborted).toBe(false);
});
