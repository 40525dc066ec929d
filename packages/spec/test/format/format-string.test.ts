import { isBerthError, toJson, type JsonObject } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  formatPath,
  formatString,
  formatTree,
  INSTALL_TREE_FORMAT,
  readSpecDocument,
  type FormatContext,
} from '../../src/index.ts';
import { documentBytes } from '../concrete/documents.ts';
import { documentOf, hashOf, plainNode } from '../concrete/node-builder.ts';

const read = (file: string): ReturnType<typeof readSpecDocument> =>
  readSpecDocument(documentBytes(file), { what: file });
const { root: zlib } = read('v5/zlib-ng-zen3-flags.json');
const { root: old } = read('v4/flags.json');
const { root: external } = read('v5/external-hard-json.json');

const CASES = [
  {
    spec: zlib,
    format: '{version.up_to_2}|{version.up_to_3}|{version.dashed}|{version.underscored}',
    want: '2.2|2.2.5|2-2-5|2_2_5',
  },
  {
    spec: zlib,
    format: '{architecture.target.family}|{target.name}|{target.vendor}',
    want: 'x86_64|zen3|AuthenticAMD',
  },
  { spec: zlib, format: '{compiler_flags}', want: "cflags='-O3 -g' cxxflags=-O2 ldflags=-Wl,--as-needed" },
  {
    spec: zlib,
    format: '{ @version}|{ %compiler.name}|{/hash:0}|{hash:99}',
    want: '@2.2.5| %gcc|/|sp64nexies64vfx6in6odsob7ylwxuhr',
  },
  {
    spec: zlib,
    format: '{key=version}|{x y=version}|{a-b=name}|{ =name}',
    want: 'key=2.2.5|x y=2.2.5|a-b=zlib-ng| =zlib-ng',
  },
  { spec: zlib, format: '{^c.hash:3}|{^gmake.name}|{foo=^zlib-ng.version}', want: 'uma|gmake|foo=2.2.5' },
  { spec: zlib, format: '{Variants.build_system.VALUE}|{variants.build_system.name}', want: 'autotools|build_system' },
  { spec: zlib, format: 'a\\', want: 'a\\' },
  { spec: zlib, format: '\\{x\\}\\\\', want: '{x}\\' },
  { spec: zlib, format: '$name', want: '$name' },
  {
    spec: old,
    format: '{compilers}|{%compiler}|{compiler.name}{@compiler.version}|{@compiler.versions}',
    want: '%gcc@=12.2.0|%gcc@=12.2.0|gcc@12.2.0|@=12.2.0',
  },
  { spec: old, format: '{specfile_version}|{concrete}|{external}', want: 'v4|True|False' },
  { spec: external, format: '{%compiler}|{key=compiler.version}|{compilers}|{external}', want: 'none|none||True' },
] as const;

test.each(CASES)('$format prints $want', ({ spec, format, want }) => {
  expect(formatString(spec, format)).toBe(want);
});

const REFUSED = [
  '{^zlib}',
  '{name.upper}',
  '{namespace.x}',
  '{versions.dotted}',
  '{version.up_to_9}',
  '{os.name}',
  '{variants.opt.nosuch}',
  '{compiler.hash}',
  '{name }',
  '{-b=name}',
  'x{name}}',
  '{foo=}',
  '{%compilers}',
  '{__proto__}',
  '{constructor}',
  '{version.constructor}',
  '{prefix}',
  '{installed}',
  '{spack_root}',
];

test.each(REFUSED)('%s is refused', (format) => {
  const isRefusal = (error: unknown): boolean => isBerthError(error, 'ERR_FORMAT_STRING') && error.kind === 'usage';
  expect(isRefusal(caught(() => formatString(zlib, format)))).toBe(true);
});

function caught(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test('what the spec does not know comes from the context', () => {
  const context: FormatContext = {
    prefixOf: ({ name }) => `/opt/${name}`,
    isInstalled: () => true,
    spackRoot: '/spack',
    installRoot: '/spack/opt',
  };
  const format = '{prefix}|{prefix.lib.pkgconfig}|{^gcc.prefix.bin}|{installed}|{spack_root}|{spack_install}';
  const want = '/opt/zlib-ng|/opt/zlib-ng/lib/pkgconfig|/opt/gcc/bin|True|/spack|/spack/opt';
  expect(formatString(zlib, format, context)).toBe(want);
});

const PATHS = [
  { format: INSTALL_TREE_FORMAT, want: 'linux-zen3/zlib-ng-2.2.5-sp64nexies64vfx6in6odsob7ylwxuhr' },
  { format: '{name}/x y=z', want: 'zlib-ng/x_y_z' },
  { format: '{name}/../{version}', want: 'zlib-ng/../2.2.5' },
  { format: '{compilers}/{name}', want: '_c_cxx_gcc_12.2.0/zlib-ng' },
  { format: '{name}@{version}={hash:3}', want: 'zlib-ng_2.2.5_sp6' },
] as const;

test.each(PATHS)('the path $format becomes $want', ({ format, want }) => {
  expect(formatPath(zlib, format)).toBe(want);
});

test.each(['{/hash}', '{a/b}', '{x\\y}'])('a path has no separator in a field: %s', (format) => {
  expect(
    isBerthError(
      caught(() => formatPath(zlib, format)),
      'ERR_FORMAT_STRING',
    ),
  ).toBe(true);
});

test('no value of a spec climbs out of a path', () => {
  const parameters = { up: '..', slash: '../../etc' };
  const document = documentOf([plainNode('a', hashOf(1), [], { parameters, version: 'git.a/b=1' })]);
  const { root } = readSpecDocument(document, { what: 'hostile spec' });
  expect(formatPath(root, '{variants.slash.value}/{version}')).toBe('.._.._etc/git.a_b_1');
  expect(
    isBerthError(
      caught(() => formatPath(root, 'x/{variants.up.value}')),
      'ERR_PATH_COMPONENT',
    ),
  ).toBe(true);
});

test('values print as Python prints them', () => {
  const parameters = { one: ['x'], two: ["it's", 'y'], none: [], number: 17 };
  const document = toJson({ spec: { _meta: { version: 5 }, nodes: [plainNode('a', hashOf(1), [], { parameters })] } });
  const { root } = readSpecDocument(document as JsonObject, { what: 'spec' });
  const format = '{variants.one.value}{variants.two.value}{variants.none.value}{variants.number.value}';
  expect(formatString(root, format)).toBe(`('x',)("it's", 'y')()17`);
});

test('a tree does not indent without end', () => {
  const count = 2000;
  const nodes = Array.from({ length: count }, (_, i) => {
    return plainNode('a', hashOf(i), i + 1 < count ? [{ name: 'a', hash: hashOf(i + 1) }] : []);
  });
  const { root } = readSpecDocument(documentOf(nodes), { what: 'chain' });
  expect(formatTree([root], { format: '{name}' }).length).toBeLessThan(count * 600);
});
