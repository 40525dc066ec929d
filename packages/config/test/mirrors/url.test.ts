import { expect, test } from '@jest/globals';
import { classifyMirrorUrl, parseMirrorUrl } from '../../src/index.ts';
import { failure, folder, load } from '../support.ts';

const resolvePath = (path: string): string => `/cwd/${path}`;
const parse = (text: string): string => parseMirrorUrl(text, { resolvePath }).url;

test('a path is resolved where it is written, and becomes a file address', async () => {
  const root = folder({
    'cfg/mirrors.yaml': 'mirrors::\n  a: rel\n  b: ./rel\n  c: ~/m\n  d: $spack/m\n  e: /abs/m x\n',
  });
  const { configuration } = await load(root, { env: { SPACK_ROOT: '/prefix' } });
  expect(configuration.mirrors().map(({ fetch }) => fetch.url.replace(root, ''))).toEqual([
    'file:///cfg/rel',
    'file:///cfg/rel',
    'file:///home/m',
    'file:///prefix/m',
    'file:///abs/m%20x',
  ]);
});

test.each([
  'http://x/$user',
  'oci://h/n:tag',
  'oci+http://h:5000/n',
  's3://b/p',
  's3://b',
  'https://h/m',
  'gs://b/p',
  'sftp://h/p',
  'file:///abs/x',
  'oci://ghcr.io/o/r-x_y.z',
])('the address %s stays letter for letter', (text) => {
  expect(parse(text)).toBe(text);
});

test('schemes are told from paths', () => {
  expect(classifyMirrorUrl('a/b://c')).toBe('path');
  expect(classifyMirrorUrl('S3://b')).toBe('address');
  expect(classifyMirrorUrl('foo://b')).toBe('unknown-scheme');
  expect(classifyMirrorUrl('foo://b', new Set(['foo']))).toBe('address');
});

const WRONG = [
  ['foo://bar', 'scheme "foo" is not known'],
  ['ssh://x/y', 'scheme "ssh" is not known'],
  ['', 'empty'],
  ['  ', 'empty'],
  ['https://h/a b', 'blank'],
  ['https://h:0/x', 'port "0"'],
  ['https://h:99999/x', 'port "99999"'],
  ['https://h:x/x', 'port "x"'],
  ['https:///x', 'names no host'],
  ['file://host/x', '"host"'],
  ['file://$spack/m', '"$spack"'],
  ['file:relative', 'two slashes'],
  ['https:x', 'two slashes'],
  ['oci://host', 'no repository'],
  ['oci://host/', 'no repository'],
  ['oci://host/Upper', '"Upper"'],
  ['oci://host/a/../b', '".."'],
  ['s3://b/%2e%2E/x', '".."'],
  ['oci://h/n:bad tag', 'blank'],
  ['oci://h/n:!', 'not a tag'],
  ['C:\\mirror', 'path of Windows'],
] as const;

test.each(WRONG)('Y15: the address %j is refused', async (text, why) => {
  const error = await failure(() => parse(text));
  expect(error).toMatchObject({ kind: 'config', code: 'ERR_MIRROR_URL', message: expect.stringContaining(why) });
});

test('Y15: a scheme that a plugin brings is taken', () => {
  expect(parseMirrorUrl('foo://bar/x', { resolvePath, extraSchemes: new Set(['foo']) })).toMatchObject({
    scheme: 'foo',
    url: 'foo://bar/x',
  });
});

test('Y15: an international host is written in ASCII', () => {
  expect(parse('https://bücher.example/m')).toBe('https://xn--bcher-kva.example/m');
  expect(parse('oci://bücher.example/m')).toBe('oci://xn--bcher-kva.example/m');
});

test('Y15: an error about a mirror names the mirror, the file and the line', async () => {
  const root = folder({ 'cfg/mirrors.yaml': 'mirrors:\n  a:\n    url: https://h/x\n    push: foo://x\n' });
  const { configuration } = await load(root);
  const error = await failure(() => configuration.mirrors());
  expect(error.message).toMatch(/^mirror a \(.*mirrors\.yaml:4:11\): mirror address "foo:\/\/x"/);
});

test('Y14: secrets in an address are accepted, hidden and warned about', async () => {
  const root = folder({ 'cfg/mirrors.yaml': 'mirrors::\n  a: https://u:geheim@h/x\n  b: https://h/x?token=geheim\n' });
  const { configuration, events } = await load(root);
  expect(configuration.mirrors().map(({ fetch }) => fetch.hasSecret)).toEqual([true, true]);
  expect(events.filter((event) => event.type === 'warning' && event.code === 'WARN_MIRROR_SECRET')).toHaveLength(2);
  expect(JSON.stringify(events)).not.toContain('geheim');
  const wrong = await failure(() => parse('https://u:geheim@h:0/x'));
  expect(wrong.message).not.toContain('geheim');
});
