import { expect, test } from '@jest/globals';
import { proxiesFromEnvironment } from '../../src/proxy/environment.ts';

const cases = [
  { env: {}, url: 'http://a.example/', want: undefined },
  { env: { http_proxy: 'http://low:1', HTTP_PROXY: 'http://up:1' }, url: 'http://a.example/', want: 'http://low:1' },
  { env: { HTTP_PROXY: 'http://up:1' }, url: 'http://a.example/', want: 'http://up:1' },
  { env: { HTTP_PROXY: 'http://up:1', REQUEST_METHOD: 'GET' }, url: 'http://a.example/', want: undefined },
  { env: { http_proxy: '', HTTP_PROXY: 'http://up:1' }, url: 'http://a.example/', want: undefined },
  { env: { http_proxy: 'http://low:1' }, url: 'https://a.example/', want: undefined },
  { env: { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, url: 'https://a.example/', want: 'http://low:1' },
  { env: { HTTPS_PROXY: 'https://up:1' }, url: 'https://a.example/', want: 'https://up:1' },
  { env: { ALL_PROXY: 'http://all:1' }, url: 'https://a.example/', want: 'http://all:1' },
  { env: { all_proxy: 'http://all:1', ALL_PROXY: 'http://up:1' }, url: 'http://a.example/', want: 'http://all:1' },
  { env: { http_proxy: 'http://low:1', ALL_PROXY: 'http://all:1' }, url: 'http://a.example/', want: 'http://low:1' },
  { env: { http_proxy: 'low:3128' }, url: 'http://a.example/', want: 'http://low:3128' },
  { env: { http_proxy: 'http://[::1]:3128' }, url: 'http://a.example/', want: 'http://[::1]:3128' },
  { env: { http_proxy: 'http://p:1', no_proxy: 'a.example' }, url: 'http://a.example/', want: undefined },
  { env: { http_proxy: 'http://p:1', NO_PROXY: 'a.example' }, url: 'http://a.example/', want: undefined },
  { env: { http_proxy: 'http://p:1', no_proxy: '', NO_PROXY: '*' }, url: 'http://a.example/', want: 'http://p:1' },
];

test.each(cases)('T02: $env sends $url by $want', ({ env, url, want }) => {
  expect(proxiesFromEnvironment(env).proxyFor(new URL(url))?.origin).toBe(want);
});

test('T02: credentials of a proxy are decoded and kept apart from its address', () => {
  const proxy = proxiesFromEnvironment({ http_proxy: 'http://us%40er:p%3Aw@p:1' }).proxyFor(
    new URL('http://a.example/'),
  );
  expect(proxy).toMatchObject({ origin: 'http://p:1', authorization: `Basic ${btoa('us@er:p:w')}` });
});

test.each(['socks5://me:secret@p:1', 'http://', 'http://me:secret@p:port', 'http://me%zz:secret@p:1'])(
  'T02: the proxy %s is a config error without its password',
  (http_proxy) => {
    const proxies = proxiesFromEnvironment({ http_proxy });
    const ask = (): unknown => proxies.proxyFor(new URL('http://a.example/'));
    expect(ask).toThrow(expect.objectContaining({ kind: 'config', code: 'ERR_HTTP_PROXY' }));
    expect(ask).not.toThrow(/secret/);
  },
);
