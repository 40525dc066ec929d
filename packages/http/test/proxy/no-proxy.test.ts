import { expect, test } from '@jest/globals';
import { parseNoProxy } from '../../src/proxy/no-proxy.ts';

const cases = [
  { list: '*', url: 'https://a.example/', direct: true },
  { list: '*:8080', url: 'http://a.example:8080/', direct: true },
  { list: '*:8080', url: 'http://a.example/', direct: false },
  { list: 'a.example', url: 'https://A.example./', direct: true },
  { list: 'a.example', url: 'https://sub.a.example/', direct: true },
  { list: 'a.example', url: 'https://nota.example/', direct: false },
  { list: '.a.example', url: 'https://sub.a.example/', direct: true },
  { list: '.a.example', url: 'https://a.example/', direct: true },
  { list: '*.a.example', url: 'https://sub.a.example/', direct: true },
  { list: 'b.example, a.example', url: 'https://a.example/', direct: true },
  { list: 'b.example a.example', url: 'https://a.example/', direct: true },
  { list: 'a.example:8443', url: 'https://a.example:8443/', direct: true },
  { list: 'a.example:8443', url: 'https://a.example/', direct: false },
  { list: 'a.example:443', url: 'https://a.example/', direct: true },
  { list: 'a.example:80', url: 'http://a.example/', direct: true },
  { list: '192.0.2.7', url: 'http://192.0.2.7/', direct: true },
  { list: '192.0.2.7', url: 'http://192.0.2.70/', direct: false },
  { list: '192.0.2.7:81', url: 'http://192.0.2.7:81/', direct: true },
  { list: '192.0.2.7:81', url: 'http://192.0.2.7/', direct: false },
  { list: '0.2.7', url: 'http://192.0.2.7/', direct: false },
  { list: '192.0.2.0/24', url: 'http://192.0.2.99/', direct: true },
  { list: '192.0.2.0/24', url: 'http://192.0.3.1/', direct: false },
  { list: '192.0.2.0/33', url: 'http://192.0.2.1/', direct: false },
  { list: '2001:db8::/32', url: 'http://[2001:db8:1::5]/', direct: true },
  { list: '2001:db8::/32', url: 'http://[2001:db9::5]/', direct: false },
  { list: '::1', url: 'http://[::1]:8080/', direct: true },
  { list: '[::1]', url: 'http://[::1]/', direct: true },
  { list: '[0:0:0:0:0:0:0:1]:8080', url: 'http://[::1]:8080/', direct: true },
  { list: '[::1]:8080', url: 'http://[::1]/', direct: false },
  { list: '', url: 'https://a.example/', direct: false },
  { list: ' , ', url: 'https://a.example/', direct: false },
  { list: 'localhost', url: 'http://localhost:1/', direct: true },
];

test.each(cases)('T02: no_proxy=$list reaches $url directly: $direct', ({ list, url, direct }) => {
  expect(parseNoProxy(list)(new URL(url))).toBe(direct);
});
