import { expect, test } from '@jest/globals';
import { checkTag, hashOfTag, INDEX_TAG, isTag, packageTag } from '../src/tags.ts';

const hash = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';

test('a package has one tag, which ends in its hash', () => {
  expect(packageTag({ name: 'greet', version: '1.0', hash })).toBe(`greet-1.0-${hash}.spack`);
  expect(packageTag({ name: 'x', version: 'git.main=1.0', hash })).toBe(`x-git.main_1.0-${hash}.spack`);
  const long = packageTag({ name: 'x'.repeat(150), version: '1.0', hash });
  expect(long).toHaveLength(128);
  expect(hashOfTag(long)).toBe(hash);
});

test('R25 what no registry accepts as a tag is refused before any request', () => {
  expect(() => packageTag({ name: 'x', version: 'é', hash })).toThrow(expect.objectContaining({ kind: 'format' }));
  for (const text of ['', '.x', '-x', 'a/b', '..', 'a%2fb', 'x'.repeat(129), 'x\n', 'é']) {
    expect(isTag(text)).toBe(false);
    expect(() => checkTag(text)).toThrow(expect.objectContaining({ code: 'ERR_OCI_TAG', kind: 'usage' }));
  }
  expect(checkTag('x'.repeat(128))).toHaveLength(128);
});

test('only tags of packages tell a hash', () => {
  expect(hashOfTag(`greet-1.0-${hash}.spack`)).toBe(hash);
  for (const tag of [INDEX_TAG, 'combined', 'latest', `greet-1.0-${hash}`, 'x-y.spack', `../${hash}.spack`, '.spack']) {
    expect(hashOfTag(tag)).toBeUndefined();
  }
});
