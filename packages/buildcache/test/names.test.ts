import { expect, test } from '@jest/globals';
import { checkKey, checkViewName, identityOf, joinUrl, politeFileName, specManifestKey } from '../src/index.ts';
import { readVectors } from './support/stores.ts';

const hash = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';

test('URLs are joined as in all ten vectors', () => {
  const vectors = readVectors<{ base: string; parts: string[]; url: string }>('url-join');
  expect(vectors).toHaveLength(10);
  for (const { base, parts, url } of vectors)
    expect({ base, parts, url: joinUrl(base, ...parts) }).toEqual({ base, parts, url });
});

test('file names are sanitised as in all eleven vectors', () => {
  const vectors = readVectors<{ input: string; output: string }>('polite-filename');
  expect(vectors).toHaveLength(11);
  for (const { input, output } of vectors) expect(politeFileName(input)).toBe(output);
});

test('a manifest lies under the plain package name with a sanitised file name', () => {
  expect(specManifestKey({ name: 'x', version: 'git.main=1.0', hash })).toBe(
    `v3/manifests/spec/x/x-git.main_1.0-${hash}.spec.manifest.json`,
  );
  expect(specManifestKey({ name: 'x', version: 'git.feature/y=1.0', hash })).toContain('/x-git.feature_y_1.0-');
});

test.each(['../../x', 'a/b', '', 'x'.repeat(300), 'a\0b', 'a\nb', '.hidden', '..'])(
  'J17: the package name %j never becomes a path',
  (name) => {
    expect(() => identityOf({ name, version: '1.0', hash })).toThrow(
      expect.objectContaining({ kind: 'format', code: 'ERR_SPEC_NAME' }),
    );
  },
);

test.each(['', '1/0', '../1', '1\n0', '1'.repeat(300)])('J17: the version %j never becomes a path', (version) => {
  expect(() => identityOf({ name: 'x', version, hash })).toThrow(expect.objectContaining({ kind: 'format' }));
});

test.each(['', 'A'.repeat(32), '../../../../../../../../../../xx', `${hash}x`, '1'.repeat(32)])(
  'the hash %j is refused',
  (bad) => {
    expect(() => identityOf({ name: 'x', version: '1', hash: bad })).toThrow(
      expect.objectContaining({ kind: 'format' }),
    );
  },
);

test.each(['../../x', '', '.', 'a//b', 'a/../b', 'x'.repeat(300), 'a\\b', '/a', 'a/', 'a\nb'])(
  'X11: the view name %j is refused',
  (view) => {
    expect(() => checkViewName(view)).toThrow(expect.objectContaining({ kind: 'usage', code: 'ERR_VIEW_NAME' }));
  },
);

test('a view name may have several parts', () => {
  expect(checkViewName('team/a')).toBe('team/a');
});

test.each(['../x', '/x', 'a//b', 'a/./b', '', 'a\\b', 'a\0'])('S05: the object key %j is refused', (key) => {
  expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'ERR_KEY' }));
});
