import { describe, expect, test } from '@jest/globals';
import { canonicalHost, helperKey, parseAuthKey } from '../../src/credentials/registry-key.ts';

describe('R30: one spelling of a registry', () => {
  test.each([
    ['GHCR.io', 'https', 'ghcr.io'],
    ['ghcr.io:443', 'https', 'ghcr.io'],
    ['ghcr.io:80', 'https', 'ghcr.io:80'],
    ['localhost:80', 'http', 'localhost'],
    ['localhost:5000', 'http', 'localhost:5000'],
    ['[::1]:5000', 'http', '[::1]:5000'],
    ['[0:0:0:0:0:0:0:1]:5000', 'http', '[::1]:5000'],
    ['index.docker.io', 'https', 'docker.io'],
    ['registry-1.docker.io', 'https', 'docker.io'],
    ['docker.io:443', 'https', 'docker.io'],
    ['docker.io:5000', 'https', 'docker.io:5000'],
  ] as const)('%s by %s is %s', (domain, scheme, host) => {
    expect(canonicalHost(domain, scheme)).toBe(host);
  });

  test.each(['', 'a/b', 'a@b', 'a b', 'a:b', '[::1', 'a:99999', 'a\u0000'])('%j is none', (domain) => {
    expect(() => canonicalHost(domain, 'https')).toThrow(expect.objectContaining({ code: 'ERR_OCI_REGISTRY' }));
  });
});

test.each([
  ['https://index.docker.io/v1/', { host: 'docker.io', path: '' }],
  ['docker.io', { host: 'docker.io', path: '' }],
  ['docker.io/user', { host: 'docker.io', path: 'user' }],
  ['https://GHCR.io/v2/', { host: 'ghcr.io', path: '' }],
  ['quay.io/org/repo/', { host: 'quay.io', path: 'org/repo' }],
  ['http://localhost:80', { host: 'localhost', path: '' }],
  ['[::1]:5000', { host: '[::1]:5000', path: '' }],
  ['a b', undefined],
  ['', undefined],
  ['ftp://ghcr.io', undefined],
])('the key %j of an auth file', (key, want) => {
  expect(parseAuthKey(key, 'https')).toEqual(want);
});

test('credential helpers know Docker Hub by its old address', () => {
  expect(helperKey('docker.io')).toBe('https://index.docker.io/v1/');
  expect(helperKey('ghcr.io')).toBe('ghcr.io');
});
