import { formatSpecText, readSpecDocument, type ConcreteSpec } from '@berth/spec';
import { describe, expect, test } from '@jest/globals';
import { createLayout } from '../src/layout/layout.ts';
import { paddedRoot } from '../src/layout/padding.ts';
import { installModes } from '../src/layout/permissions.ts';
import { chooseProjection, DEFAULT_PROJECTIONS, projectedPath } from '../src/layout/projections.ts';
import { viewDirectoryHash } from '../src/layout/view-hash.ts';
import { readFixture } from './helpers.ts';

interface Vectors {
  readonly padding: readonly { root: string; padded_length: number; out: string }[];
  readonly projections: readonly { projection: string; format_path: string; relative_path: string }[];
  readonly selection: readonly { projections: readonly (readonly [string, string])[]; relative_path: string }[];
  readonly view_directory_hash: readonly {
    descriptor: {
      root: string;
      link_type: string;
      link?: string;
      projections?: Record<string, string>;
      select?: string[];
      exclude?: string[];
    };
    specs: readonly (readonly [string, string])[];
    hash: string;
  }[];
}

const vectors = JSON.parse(await readFixture('layout.json')) as Vectors;
const hdf5 = readSpecDocument(await readFixture('hdf5-serial.json'), { what: 'hdf5' }).root;

test('there are as many layout vectors as expected', () => {
  const { padding, projections, selection, view_directory_hash: views } = vectors;
  expect([padding, projections, selection, views].map((rows) => rows.length)).toEqual([15, 9, 6, 2]);
});

describe('padding', () => {
  test.each([...vectors.padding])('$root to $padded_length', ({ root, padded_length, out }) => {
    expect(paddedRoot(root, padded_length)).toBe(out);
  });
});

describe('projections', () => {
  test.each([...vectors.projections])('$projection', ({ projection, relative_path: path }) => {
    expect(projectedPath(hdf5, new Map([['all', projection]]))).toBe(path);
  });

  test.each([...vectors.selection])('$projections', ({ projections, relative_path: path }) => {
    expect(projectedPath(hdf5, new Map(projections))).toBe(path);
  });

  test('without a match and without a fallback there is no path', () => {
    expect(chooseProjection(hdf5, new Map([['zlib', 'x']]))).toBeUndefined();
    expect(() => projectedPath(hdf5, new Map([['zlib', 'x']]))).toThrow('none matches hdf5');
  });

  test.each(['', '/abs/{name}', '{name}/../{version}', '{name}//x', './{name}'])(
    'C08: %p, which leaves the tree, is refused',
    (projection) => {
      expect(() => projectedPath(hdf5, new Map([['all', projection]]))).toThrow(
        expect.objectContaining({ code: 'ERR_PROJECTION', kind: 'config' }),
      );
    },
  );

  test('C06: lower-casing does not depend on the locale', () => {
    expect(projectedPath(hdf5, new Map([['all', 'IIII/{name}']]))).toBe('iiii/hdf5');
  });
});

describe('layout', () => {
  const short = createLayout({ root: '/opt/store', projections: DEFAULT_PROJECTIONS, hashLength: 7, paddedLength: 40 });

  test('a shorter hash and padding show in the prefix; sbang stays in the unpadded root', () => {
    const root = '/opt/store/__spack_path_placeholder__/__';
    expect(short).toMatchObject({ root, unpaddedRoot: '/opt/store', databaseDirectory: `${root}/.spack-db` });
    expect(short.defaultPrefix(hdf5)).toBe(`${root}/linux-x86_64_v4/hdf5-1.14.6-zlxss2v`);
  });

  test('a projection without a hash cannot be shortened', () => {
    const projections = new Map([['all', '{name}']]);
    expect(() => createLayout({ root: '/opt', projections, hashLength: 7 })).toThrow('has no {hash}');
  });

  test('an external is where it is', () => {
    const external = externalOf(hdf5);
    expect(short.defaultPrefix(external)).toBe(external.external?.path);
  });

  function externalOf(root: ConcreteSpec): ConcreteSpec {
    const found = readSpecDocument(formatSpecText(root), { what: 'copy' }).nodes.find(
      (node) => node.external !== undefined,
    );
    if (found === undefined) throw new Error('the fixture has no external');
    return found;
  }
});

test.each([...vectors.view_directory_hash])(
  'the directory of a view of $descriptor.root',
  ({ descriptor, specs, hash }) => {
    const { link_type: linkType, ...rest } = descriptor;
    expect(viewDirectoryHash({ ...rest, linkType }, specs)).toBe(hash);
  },
);

describe('permissions', () => {
  test.each([
    ['world', 'user', true, '2755', '755'],
    ['world', 'user', false, '755', '755'],
    ['group', 'group', true, '2770', '770'],
    ['user', 'user', true, '700', '700'],
    ['world', 'world', true, '2777', '777'],
    ['world', 'group', true, '2775', '775'],
  ] as const)('read %s, write %s, setgid %s', (read, write, allowSgid, directory, executable) => {
    const modes = installModes({ read, write }, allowSgid);
    expect([modes.directory.toString(8), modes.executable.toString(8)]).toEqual([directory, executable]);
  });

  test('writing may not be wider than reading', () => {
    expect(() => installModes({ read: 'user', write: 'group' }, true)).toThrow('write is for group');
  });
});
