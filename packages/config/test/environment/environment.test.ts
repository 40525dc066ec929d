import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  addEnvironmentSpecs,
  createEnvironment,
  type EnvironmentChoice,
  expandDefinitions,
  findEnvironment,
  includedEnvironments,
  listEnvironments,
  manifestSpecs,
  parseYamlValue,
  readEnvironment,
  removeEnvironmentSpecs,
} from '../../src/index.ts';
import { failure, folder, HOST, load, read, SIGNAL } from '../support.ts';

const OPTIONS = { signal: SIGNAL };
const find = async (root: string, choice: EnvironmentChoice, env: Record<string, string> = {}) =>
  findEnvironment(choice, { cwd: join(root, 'here'), env, environmentsRoot: join(root, 'envs') });

const TREE = {
  'envs/e1/spack.yaml': 'spack: {}\n',
  'envs/a/b/spack.yaml': 'spack: {}\n',
  'envs/a/.hidden/spack.yaml': 'spack: {}\n',
  'tracked/spack.yaml': 'spack: {}\n',
  'here/dir/spack.yaml': 'spack: {}\n',
  'here/e1/spack.yaml': 'spack: {}\n',
};

test('an environment is found by its name first, then as a folder', async () => {
  const root = folder(TREE);
  expect(await find(root, { kind: 'name-or-directory', value: 'e1' })).toEqual({
    directory: join(root, 'envs/e1'),
    kind: 'managed',
    displayName: 'e1',
  });
  expect(await find(root, { kind: 'name-or-directory', value: 'dir' })).toMatchObject({
    kind: 'anonymous',
    displayName: join(root, 'here/dir'),
  });
  expect(await find(root, { kind: 'directory', value: 'e1' })).toMatchObject({ directory: join(root, 'here/e1') });
  expect(await find(root, { kind: 'name-or-directory', value: 'a/b' })).toMatchObject({
    displayName: join(root, 'envs/a/b'),
  });
});

test('without a choice it is SPACK_ENV, then the working directory, then none', async () => {
  const root = folder({ ...TREE, 'here/spack.yaml': 'spack: {}\n' });
  expect(await find(root, { kind: 'automatic' })).toMatchObject({ directory: join(root, 'here') });
  expect(await find(root, { kind: 'automatic' }, { SPACK_ENV: join(root, 'tracked') })).toMatchObject({
    directory: join(root, 'tracked'),
  });
  expect(await find(root, { kind: 'none' }, { SPACK_ENV: join(root, 'tracked') })).toBeUndefined();
  expect(await find(folder(TREE), { kind: 'automatic' })).toBeUndefined();
});

test.each([
  { kind: 'name-or-directory', value: 'nope' },
  { kind: 'name-or-directory', value: '../x' },
  { kind: 'directory', value: '.' },
] as const)('an environment that is not there is not found: $value', async (choice) => {
  expect(await failure(() => find(folder(TREE), choice))).toMatchObject({
    kind: 'notfound',
    code: 'ERR_ENVIRONMENT_NOT_FOUND',
  });
});

test('a tracked environment goes by its name, and all are listed', async () => {
  const root = folder(TREE);
  symlinkSync('../tracked', join(root, 'envs/t'));
  expect(await find(root, { kind: 'name-or-directory', value: 't' })).toMatchObject({
    kind: 'managed',
    displayName: 't',
  });
  expect(await listEnvironments(join(root, 'envs'))).toEqual(['a/b', 'e1', 't']);
});

const WRONG = [
  ['', 'expected a mapping'],
  ['spack:\n', 'spack: expected a mapping'],
  ['env:\n  specs: []\n', '"env" is not known'],
  ['spack:\n  groups: []\n', '"groups" is not known'],
  ['spack:\n  specs: zlib\n', 'spack:specs: expected a list'],
  ['spack:\n  config:\n    environments_root: /x\n', 'cannot be set in an environment'],
] as const;

test.each(WRONG)('the manifest %j is refused with its place', async (text, why) => {
  const root = folder({ 'env/spack.yaml': text });
  const error = await failure(() => load(root, { environment: { kind: 'directory', value: 'env' } }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(why) });
  expect(error.message).toMatch(/spack\.yaml:\d/);
});

test('specs are added and removed, and nothing else moves', async () => {
  const text = '# e\nspack:\n  # roots\n  specs:\n  - zlib   # z\n  - matrix:\n    - [a, b]\n  view: false\n';
  const root = folder({ 'spack.yaml': text });
  expect(await addEnvironmentSpecs(root, ['zlib', 'hdf5 +mpi'], OPTIONS)).toEqual(['hdf5 +mpi']);
  expect(read(root, 'spack.yaml')).toBe(text.replace('    - [a, b]\n', '    - [a, b]\n  - hdf5 +mpi\n'));
  expect(await removeEnvironmentSpecs(root, (spec) => spec.startsWith('hdf5'), OPTIONS)).toEqual(['hdf5 +mpi']);
  expect(read(root, 'spack.yaml')).toBe(text);
});

test('a spec is added to a named list', async () => {
  const root = folder({ 'spack.yaml': 'spack:\n  definitions:\n  - libs: [a]\n  specs: [$libs]\n' });
  await addEnvironmentSpecs(root, ['b'], { ...OPTIONS, list: 'libs' });
  expect((await readEnvironment(root, OPTIONS)).manifest.text).toContain('- libs: [a, b]');
  expect(await failure(() => addEnvironmentSpecs(root, ['b'], { ...OPTIONS, list: 'nope' }))).toMatchObject({
    code: 'ERR_SPEC_LIST',
  });
});

test('a new environment has the default manifest, and is not made twice', async () => {
  const root = folder();
  const path = await createEnvironment(join(root, 'new'), OPTIONS);
  expect(read(root, 'new/spack.yaml')).toMatch(
    /^# .*\n# .*\nspack:\n {2}specs: \[\]\n {2}view: true\n {2}concretizer:\n {4}unify: true\n$/,
  );
  expect(path).toBe(join(root, 'new/spack.yaml'));
  expect(await failure(() => createEnvironment(join(root, 'new'), OPTIONS))).toMatchObject({
    code: 'ERR_ENVIRONMENT_EXISTS',
  });
  await addEnvironmentSpecs(join(root, 'new'), ['zlib'], OPTIONS);
  expect(read(root, 'new/spack.yaml')).toContain('specs:\n  - zlib\n');
});

const MATRIX = `spack:
  definitions:
  - libs: [tinylib@1.0, tinylib@1.1]
  - libs: [tinylib@1.1 level=3]
    when: platform=="linux"
  - libs: [nope]
    when: platform=="darwin"
  - comps: ['%gcc@12']
  specs:
  - $libs
  - matrix:
    - [tinyapp]
    - [$^libs]
    - [$comps, +docs]
    exclude: [tinyapp +docs ^tinylib@1.0]
`;

test('definitions, references and a matrix expand in order', async () => {
  const { manifest } = await readEnvironment(folder({ 'spack.yaml': MATRIX }), OPTIONS);
  const specs = manifestSpecs(manifest, { env: {}, host: HOST });
  expect(specs.map(({ text }) => text)).toEqual([
    'tinylib@1.0',
    'tinylib@1.1',
    'tinylib@1.1 level=3',
    'tinyapp %gcc@12 ^tinylib@1.0',
    'tinyapp %gcc@12 ^tinylib@1.1',
    'tinyapp+docs ^tinylib@1.1',
    'tinyapp %gcc@12 ^tinylib@1.1 level=3',
    'tinyapp+docs ^tinylib@1.1 level=3',
  ]);
});

const WRONG_LISTS = [
  ['specs: [$nope]', 'the list $nope is not defined'],
  ['specs: ["zlib@"]', 'is not a spec'],
  ['specs: [{matrix: [[zlib@1], [zlib@2]]}]', 'cannot be combined'],
  ['definitions: [{a: [x], when: "1 +"}]', 'when expression'],
] as const;

test.each(WRONG_LISTS)('the list %j is refused with its place', async (text, why) => {
  const { manifest } = await readEnvironment(folder({ 'spack.yaml': `spack:\n  ${text}\n` }), OPTIONS);
  const error = await failure(() => manifestSpecs(manifest, { env: {}, host: HOST }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(why) });
});

test('lists that grow beyond the limit are refused', async () => {
  const row = `[${Array.from({ length: 100 }, (_, index) => `p${index}`).join(', ')}]`;
  const node = parseYamlValue(`- l: [{matrix: [${row}, ${row}, ${row}]}]\n`, { file: 'x' });
  expect(await failure(() => expandDefinitions(node, { when: { env: {}, host: HOST } }))).toMatchObject({
    kind: 'limit',
  });
});

test('lists are available by name', () => {
  const node = parseYamlValue('- a: [x, y]\n- b: [$a, z]\n', { file: 'x' });
  expect(expandDefinitions(node, { when: { env: {}, host: HOST } })).toEqual(
    new Map([
      ['a', ['x', 'y']],
      ['b', ['x', 'y', 'z']],
    ]),
  );
});

const VIEWS = [
  ['', [['default', '.spack-env/view', 'all']]],
  ['  view: true\n', [['default', '.spack-env/view', 'all']]],
  ['  view: false\n', []],
  ['  view: v\n', [['default', 'v', 'all']]],
  ['  view: {}\n', [['default', '.spack-env/view', 'all']]],
  [
    '  view: {a: {root: x, link: roots}, b: {root: $env/y}}\n',
    [
      ['a', 'x', 'roots'],
      ['b', 'y', 'all'],
    ],
  ],
] as const;

test.each(VIEWS)('views of %j', async (view, want) => {
  const root = folder({ 'env/spack.yaml': `spack:\n  specs: []\n${view}` });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  expect(
    configuration.views().map(({ name, root: place, link }) => [name, place.replace(join(root, 'env/'), ''), link]),
  ).toEqual(want);
});

test('the settings of a view are kept in order', async () => {
  const root = folder({
    'env/spack.yaml':
      'spack:\n  view:\n    v:\n      root: v\n      link_type: copy\n      select: [a]\n      exclude: [b]\n      projections: {zlib: z, all: "{name}"}\n',
  });
  const { configuration } = await load(root, { environment: { kind: 'directory', value: 'env' } });
  expect(configuration.views()).toMatchObject([
    {
      linkType: 'copy',
      select: ['a'],
      exclude: ['b'],
      projections: [
        { spec: 'zlib', format: 'z' },
        { spec: 'all', format: '{name}' },
      ],
    },
  ]);
  expect((await load(root)).configuration.views()).toEqual([]);
});

test('L08: develop paths are exactly as written, from the folder of the environment', async () => {
  const root = folder({
    'env/spack.yaml':
      'spack:\n  develop:\n    a: {spec: a@1}\n    b: {spec: b@1, path: $OUT/b}\n    c: {spec: c@1, path: ../c}\n',
  });
  const { configuration } = await load(root, {
    environment: { kind: 'directory', value: 'env' },
    env: { OUT: '/out' },
  });
  expect(configuration.develop().map(({ path }) => path)).toEqual([join(root, 'env/a'), '/out/b', join(root, 'c')]);
});

test('environments that are included are named', async () => {
  const { manifest } = await readEnvironment(
    folder({ 'spack.yaml': 'spack:\n  include_concrete: [/a, /b]\n' }),
    OPTIONS,
  );
  expect(includedEnvironments(manifest)).toEqual(['/a', '/b']);
});
