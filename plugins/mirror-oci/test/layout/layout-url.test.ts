import { expect, test } from '@jest/globals';
import { folderOfLayoutUrl, isLayoutUrl, layoutReference } from '../../src/layout/layout-url.ts';

test.each([
  ['oci-layout:///a/b', '/a/b'],
  ['oci-layout://localhost/a', '/a'],
  ['oci-layout:///with%20space/%C3%A9', '/with space/é'],
])('F06 %s is the folder %s', (url, folder) => {
  expect(isLayoutUrl(url)).toBe(true);
  expect(folderOfLayoutUrl(url)).toBe(folder);
});

test.each([
  'oci-layout://host/a',
  'oci-layout:/a',
  'oci-layout:///a?b',
  'oci-layout:///a#b',
  'oci-layout:///a%2fb',
  'oci-layout:///a%',
  'oci-layout://',
])('F06 %s is refused', (url) => {
  expect(() => folderOfLayoutUrl(url)).toThrow(expect.objectContaining({ kind: 'config', code: 'ERR_OCI_LAYOUT_URL' }));
});

test('a base image is a folder with a tag', () => {
  expect(layoutReference('oci-layout:///a/b:c')).toEqual({ folder: '/a/b', tag: 'c' });
  expect(layoutReference('oci-layout:///a/b')).toEqual({ folder: '/a/b', tag: 'latest' });
});
