import { expect, test } from '@jest/globals';
import { folderOfUrl } from '../src/file-url.ts';

test.each([
  ['file:///a/b', '/a/b'],
  ['file:///a/b/', '/a/b/'],
  ['file://localhost/a', '/a'],
  ['FILE://LOCALHOST/a', '/a'],
  ['file:///a%20b/c%23d/e%3Ff/g%25h', '/a b/c#d/e?f/g%h'],
  ['file:///a b', '/a b'],
  ['file:///caf%C3%A9', '/café'],
  ['file:///café', '/café'],
  ['file:///a\\b', '/a\\b'],
  ['file:///a%5Cb', '/a\\b'],
])('F06: %s is the folder %s', (url, folder) => {
  expect(folderOfUrl(url)).toBe(folder);
});

test.each([
  'file://otherhost/a',
  'file:///a?b',
  'file:///a#b',
  'file:///a%zz',
  'file:///a%2Fb',
  'file:///a%00b',
  'file:///%FF',
  'file:relative',
  'file://',
  'https://h/a',
])('F06: %s is refused', (url) => {
  expect(() => folderOfUrl(url)).toThrow(expect.objectContaining({ kind: 'config', code: 'ERR_FILE_URL' }));
});
