import { expect, test } from '@jest/globals';
import { SECTION_NAMES, type SectionName } from '../../src/index.ts';
import { failure, folder, load, warnings } from '../support.ts';

const loadSection = async (section: SectionName, text: string): Promise<{ value: unknown; warned: string[] }> => {
  const { configuration, events } = await load(folder({ [`cfg/${section}.yaml`]: text }));
  const value = configuration.get(section);
  return { value, warned: warnings(events) };
};

test('the sections are those of Spack, in its order', () => {
  expect(SECTION_NAMES.join(' ')).toBe(
    'compilers concretizer definitions env_vars include view develop mirrors repos packages modules config upstreams bootstrap ci cdash toolchains',
  );
});

/** One document per section, with every key that the section has. */
const EXAMPLES: Readonly<Record<SectionName, string>> = {
  compilers:
    'compilers:\n- compiler:\n    spec: gcc@12\n    operating_system: debian12\n    modules: []\n    target: x86_64\n    paths: {cc: /usr/bin/gcc, cxx: null, f77: null, fc: null}\n    flags: {cflags: -O2}\n',
  concretizer:
    'concretizer:\n  force: false\n  reuse:\n    roots: true\n    include: [a]\n    exclude: [b]\n    from:\n    - type: local\n    - {type: buildcache, exclude: ["%gcc@:10"]}\n    - {type: environment, path: /e}\n  unify: when_possible\n  targets: {granularity: generic, host_compatible: false}\n  duplicates: {strategy: full, max_dupes: {default: 1}}\n  os_compatible: {debian12: [debian11]}\n  compiler_mixing: [gcc]\n  splice: {explicit: [{target: mpi, replacement: mpich/abc, transitive: false}], automatic: true}\n  timeout: 0\n  error_on_timeout: true\n  static_analysis: false\n  concretization_cache: {enable: true, url: /c, entry_limit: 5}\n  externals: {completion: architecture_only}\n',
  definitions: 'definitions:\n- libs: [a, {matrix: [[b, c], [+d]], exclude: [b]}]\n  when: platform == "linux"\n',
  env_vars:
    'env_vars:\n  set: {A: x, B: 1}\n  unset: [C]\n  prepend_path: {PATH: /a}\n  append_path: {PATH: /b}\n  remove_path: {PATH: /c}\n',
  include: 'include: []\n',
  view: 'view:\n  default:\n    root: v\n    link: run\n    link_type: hardlink\n    select: [a]\n    exclude: [b]\n    projections: {all: "{name}"}\n',
  develop: 'develop:\n  zlib: {spec: zlib@1, path: ./zlib}\n',
  mirrors:
    'mirrors:\n  m:\n    url: s3://b\n    fetch: {url: s3://f, view: v}\n    push: s3://p\n    source: true\n    binary: true\n    signed: false\n    autopush: true\n    view: x\n    access_pair: {id: i, secret_variable: S}\n    access_token_variable: T\n    profile: p\n    endpoint_url: e\n',
  repos:
    'repos:\n  builtin: {git: "https://h/r", branch: b, commit: c, tag: t, destination: /d, paths: [p]}\n  mine: /r\n',
  packages:
    'packages:\n  all:\n    require: "%gcc"\n    prefer: ["+x"]\n    conflict: [{spec: "+y", when: "@1", message: no}]\n    variants: [+a]\n    target: [zen3]\n    compiler: [gcc]\n    providers: {mpi: [mpich]}\n    buildable: true\n    permissions: {read: group, write: user, group: g}\n    package_attributes: {x: 1}\n  zlib:\n    version: ["1.3", "1.2"]\n    require:\n    - one_of: [a, b]\n      when: "@1"\n    - any_of: [c]\n    - spec: d\n      message: m\n    externals:\n    - spec: zlib@1.2\n      prefix: /usr\n      id: z\n      modules: [m]\n      dependencies: [{id: a, deptypes: build, virtuals: c}]\n      extra_attributes:\n        compilers: {c: /usr/bin/gcc}\n        flags: {cflags: -O2}\n        environment: {set: {A: b}}\n        extra_rpaths: [/r]\n        other: text\n',
  modules:
    'modules:\n  prefix_inspections: {./bin: [PATH]}\n  default:\n    roots: {tcl: /t, lmod: /l}\n    enable: [tcl]\n    use_view: true\n    arch_folder: false\n    tcl: {hash_length: 0, all: {autoload: direct}, "^mpi": {suffixes: {x: y}}}\n    lmod: {hierarchy: [mpi], core_compilers: [gcc]}\n',
  config:
    'config:\n  install_tree: {root: /s, padded_length: 128, projections: {all: "{name}-{hash}"}}\n  build_stage: [/a, /b]\n  url_fetch_method: curl -k\n  shared_linking: {type: runpath, bind: true, missing_library_policy: warn}\n  package_lock_timeout: null\n  flags: {keep_werror: all}\n  aliases: {a: b c}\n  ssl_certs: /x\n  installer: new\n',
  upstreams: 'upstreams:\n  u: {install_tree: /u, modules: {tcl: /t}}\n',
  bootstrap: 'bootstrap:\n  enable: true\n  root: /b\n  sources: [{name: a, metadata: /m}]\n  trusted: {a: true}\n',
  ci: 'ci:\n  pipeline-gen: [{build-job: {tags: [a]}}]\n  rebuild-index: true\n  broken-specs-url: s3://b\n  target: gitlab\n',
  cdash: 'cdash: {build-group: g, url: u, project: p, site: s}\n',
  toolchains: 'toolchains:\n  a: "%gcc"\n  b: [{spec: "%c=gcc", when: "%c"}]\n',
};

test.each(SECTION_NAMES)('the example of %s is accepted whole and without a warning', async (name) => {
  const { value, warned } = await loadSection(name, EXAMPLES[name]);
  expect(value).toBeDefined();
  expect(warned).toEqual([]);
});

test('every section may stand in a single file and in a manifest, with container', async () => {
  const body = SECTION_NAMES.filter((name) => name !== 'include')
    .map((name) => EXAMPLES[name])
    .join('');
  const container = 'container:\n  format: docker\n  images: {os: ubuntu:22.04, spack: develop}\n  strip: true\n';
  const nested = (body + container).replace(/^(?=.)/gm, '  ');
  const root = folder({
    'all.yaml': body + container,
    'one/spack.yaml': `spack:\n${nested}  specs: [zlib]\n`,
    'two/spack.yaml': 'spack:\n  include: [../all.yaml]\n',
  });
  for (const value of ['one', 'two']) {
    const { configuration } = await load(root, { environment: { kind: 'directory', value } });
    for (const name of SECTION_NAMES) expect(() => configuration.get(name)).not.toThrow();
    expect(configuration.get('cdash')).toEqual({ 'build-group': 'g', url: 'u', project: 'p', site: 's' });
  }
});

const MIRRORS: readonly (readonly [document: string, accepted: boolean])[] = [
  ['a: file:///x', true],
  ['a: {url: x}', true],
  ['a: {fetch: x}', true],
  ['a: {push: x}', false],
  ['a: {binary: true}', false],
  ['a: {url: null}', false],
  ['a: {url: x, nope: 1}', false],
  ['a: {url: x, access_pair: {id: i, secret: s}}', false],
  ['a: {url: x, access_pair: {id: i}}', false],
  ['a: {url: x, access_pair: {id: i, id_variable: v, secret_variable: s}}', false],
  ['a: {url: x, access_pair: {id: i, secret_variable: s, secret: x}}', true],
  ['null', false],
  ['[a]', false],
];

test.each(MIRRORS)('mirrors: %s is accepted: %s', async (document, accepted) => {
  const run = loadSection('mirrors', document === 'null' ? 'mirrors: null\n' : `mirrors:\n  ${document}\n`);
  if (accepted) expect((await run).value).toBeDefined();
  else
    expect(await failure(() => run)).toMatchObject({
      kind: 'config',
      message: expect.stringMatching(/mirrors\.yaml:[12]:\d+/),
    });
});

test('an empty section file says nothing', async () => {
  expect((await loadSection('develop', '')).value).toBeUndefined();
});

const UNQUOTED = [
  ['1.10', '1.10'],
  ['1e5', '1e5'],
  ['0x10', '0x10'],
  ['010', '010'],
  ['2024-01-01', '2024-01-01'],
] as const;

test.each(UNQUOTED)('Y06: the unquoted version %s is that very text, with a warning', async (text, want) => {
  const { value, warned } = await loadSection('packages', `packages::\n  a:\n    version: [${text}]\n`);
  expect(value).toEqual({ a: { version: [want] } });
  expect(warned).toEqual([expect.stringContaining(`packages.yaml:3:15: the version ${text}`)]);
});

test.each(['yes', '1:30'])('Y06: the unquoted version %s is text anyway', async (text) => {
  const { value, warned } = await loadSection('packages', `packages::\n  a:\n    version: [${text}]\n`);
  expect(value).toEqual({ a: { version: [text] } });
  expect(warned).toEqual([]);
});

test.each(['variants: 1.10', 'version: [null]', 'version: [true]', 'externals: [{spec: 1234567, prefix: /x}]'])(
  'Y06: %s is an error that asks for quotes',
  async (line) => {
    const error = await failure(() => loadSection('packages', `packages::\n  a:\n    ${line}\n`));
    expect(error).toMatchObject({
      kind: 'config',
      hint: 'Put quotes around the value.',
      message: expect.stringMatching(/packages\.yaml:3:\d+: packages:a:/),
    });
  },
);

const TYPOS = [
  { section: 'mirrors', text: 'mirror:\n  a: x\n', place: '1:1', hint: 'Did you mean "mirrors"?' },
  {
    section: 'mirrors',
    text: 'mirrors:\n  a:\n    url: x\n    Signed: true\n',
    place: '4:5',
    hint: 'Did you mean "signed"?',
  },
  { section: 'packages', text: 'packages:\n  a:\n    versions: []\n', place: '3:5', hint: 'Did you mean "version"?' },
  { section: 'packages', text: 'packages:\n  all:\n    version: []\n', place: '3:5', hint: undefined },
  {
    section: 'packages',
    text: 'packages:\n  a:\n    externals:\n    - spec: a\n      prefx: /x\n',
    place: '5:7',
    hint: 'Did you mean "prefix"?',
  },
  { section: 'concretizer', text: 'concretizer:\n  unifi: true\n', place: '2:3', hint: 'Did you mean "unify"?' },
  {
    section: 'view',
    text: 'view:\n  v:\n    root: x\n    link_typ: copy\n',
    place: '4:5',
    hint: 'Did you mean "link_type"?',
  },
  {
    section: 'mirrors',
    text: 'mirrors:\n  a:\n    url: x\n    push:\n      url: y\n      signed: true\n',
    place: '6:7',
    hint: undefined,
  },
] as const;

test.each(TYPOS)(
  'Y09: an unknown key of a closed section is an error at $place ($hint)',
  async ({ section, text, place, hint }) => {
    const error = await failure(() => loadSection(section, text));
    expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(`${section}.yaml:${place}: `) });
    if (hint !== undefined) expect(error.hint).toBe(hint);
  },
);

test('Y09: an unknown key of an open section is a warning with its place and the nearest key', async () => {
  const { configuration, events } = await load(
    folder({ 'cfg/config.yaml': 'config:\n  build_job: 3\n  install_tree:\n    rot: /x\n' }),
  );
  expect(configuration.config()).toMatchObject({ build_job: 3 });
  const warned = events.flatMap((event) =>
    event.type === 'warning' ? [[event.message.replace(/^.*config\.yaml/, ''), event.hint]] : [],
  );
  expect(warned).toEqual([
    [':2:3: the key "build_job" is not known and has no effect', 'Did you mean "build_jobs"?'],
    [':4:5: the key "rot" is not known and has no effect', 'Did you mean "root"?'],
  ]);
});

test('Y09: an unknown section of a manifest is an error', async () => {
  const root = folder({ 'env/spack.yaml': 'spack:\n  mirror:\n    a: x\n' });
  const error = await failure(() => load(root, { environment: { kind: 'directory', value: 'env' } }));
  expect(error).toMatchObject({
    kind: 'config',
    hint: 'Did you mean "mirrors"?',
    message: expect.stringContaining('spack.yaml:2:3'),
  });
});

const TYPES = [
  ['mirrors', 'mirrors:\n  a: {url: x, signed: "false"}\n', 'a:signed: expected true or false, found the text "false"'],
  ['mirrors', 'mirrors:\n  a: {url: x, signed: 0}\n', 'a:signed: expected true or false, found the number "0"'],
  ['mirrors', 'mirrors:\n  a: {url: x, signed: yes}\n', 'a:signed: expected true or false, found the text "yes"'],
  ['mirrors', 'mirrors:\n  a: {fetch: []}\n', 'a:fetch: expected text or a mapping, found a list'],
  ['config', 'config:\n  build_jobs: -1\n', 'build_jobs: expected at least 1'],
  ['config', 'config:\n  build_jobs: 1e9\n', 'build_jobs: expected at most'],
  ['config', 'config:\n  build_jobs: 1.5\n', 'build_jobs: expected'],
  ['config', 'config:\n  checksum: "true"\n', 'checksum: expected true or false'],
  ['config', 'config:\n  verify_ssl: 0\n', 'verify_ssl: expected true or false'],
  ['config', 'config:\n  installer: newest\n', 'installer: expected old or new'],
  ['config', 'config:\n  url_fetch_method: wget\n', 'expected urllib, curl, or curl and its options'],
  ['packages', 'packages:\n  a: {buildable: no}\n', 'a:buildable: expected true or false, found the text "no"'],
  ['concretizer', 'concretizer:\n  unify: sometimes\n', 'unify: expected'],
  ['definitions', 'definitions:\n- {a: [x], b: [y]}\n', 'exactly one list name'],
] as const;

test.each(TYPES)('Y10: in %s, %j is refused', async (section, text, why) => {
  const error = await failure(() => loadSection(section, text));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(why) });
  expect(error.message).toMatch(/\.yaml:\d+:\d+: /);
});

test('older forms are read as the new ones', async () => {
  const root = folder({
    'r/repo.yaml': 'repo:\n  namespace: mine\n',
    'cfg/repos.yaml': 'repos:\n- ../r\n- /nope\n',
    'cfg/config.yaml': 'config:\n  shared_linking: runpath\n',
  });
  const { configuration, events } = await load(root);
  expect(configuration.config().shared_linking).toEqual({
    type: 'runpath',
    bind: false,
    missing_library_policy: 'ignore',
  });
  expect(configuration.repositories()).toMatchObject([
    { kind: 'folder', name: 'mine', directory: `${root}/r` },
    { kind: 'git', name: 'builtin' },
  ]);
  expect(warnings(events)).toEqual([expect.stringContaining('/nope')]);
});

test('a git repository goes where it says, or below the caches of the user', async () => {
  const text = 'repos::\n  a: {git: "https://h/r", tag: t, branch: b}\n  b: {git: "https://h/r", destination: d}\n';
  const { configuration } = await load(folder({ 'cfg/repos.yaml': text }));
  const [first, second] = configuration.repositories();
  expect(first).toMatchObject({
    ref: { kind: 'tag', value: 't' },
    directory: expect.stringMatching(/\/\.spack\/package_repos\/[a-z2-7]{7}$/),
  });
  expect(second).toMatchObject({ ref: undefined, directory: expect.stringMatching(/\/cfg\/d$/) });
});

test('a repository without an address in any scope is an error', async () => {
  const { configuration } = await load(folder({ 'cfg/repos.yaml': 'repos:\n  x: {destination: /d}\n' }));
  expect(await failure(() => configuration.repositories())).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('repos:x'),
  });
});

test.each(['relative/x', '/usr/../x', '$nope/x'])('L07: an external with the prefix %s is refused', async (prefix) => {
  const { configuration } = await load(
    folder({ 'cfg/packages.yaml': `packages:\n  a:\n    externals:\n    - spec: a@1\n      prefix: ${prefix}\n` }),
  );
  expect(await failure(() => configuration.externals())).toMatchObject({
    kind: 'config',
    message: expect.stringContaining('packages.yaml:5:15'),
  });
});

test('L07: an external without prefix and modules is refused, one with either is read', async () => {
  const text = (rest: string): string => `packages:\n  a:\n    externals:\n    - spec: a@1\n${rest}`;
  const broken = await load(folder({ 'cfg/packages.yaml': text('') }));
  expect(await failure(() => broken.configuration.externals())).toMatchObject({ kind: 'config' });
  const fine = await load(folder({ 'cfg/packages.yaml': text('      prefix: $home/x\n') }), { env: { home: '/h' } });
  expect(fine.configuration.externals()).toMatchObject([{ packageName: 'a', prefix: '/h/x' }]);
});
