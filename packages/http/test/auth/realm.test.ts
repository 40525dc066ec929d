import { expect, test } from '@jest/globals';
import { checkRealm } from '../../src/index.ts';

const registry = 'https://registry.example:5000/v2/';
const cases = [
  { realm: 'https://registry.example:5000/token', server: registry, fine: true },
  { realm: 'https://registry.example/token', server: registry, fine: true },
  { realm: 'https://auth.example/token', server: registry, fine: true },
  { realm: 'https://auth.example:444/token', server: registry, fine: false },
  { realm: 'https://evil.example/token', server: registry, fine: false },
  { realm: 'https://x.registry.example/token', server: registry, fine: false },
  { realm: 'https://registry.example.evil/token', server: registry, fine: false },
  { realm: 'http://registry.example:5000/token', server: registry, fine: false },
  { realm: 'https://u:p@registry.example:5000/token', server: registry, fine: false },
  { realm: 'file:///etc/passwd', server: registry, fine: false },
  { realm: 'token', server: registry, fine: false },
  { realm: 'http://127.0.0.1:5000/token', server: registry, fine: false },
  { realm: 'https://169.254.169.254/token', server: 'https://169.254.169.254/', fine: false },
  { realm: 'https://[fe80::1]/token', server: 'https://[fe80::1]/', fine: false },
  { realm: 'http://127.0.0.1:5000/token', server: 'http://127.0.0.1:5000', fine: true },
  { realm: 'http://localhost:5000/token', server: 'http://localhost:5000', fine: true },
  { realm: 'http://[::1]:5000/token', server: 'http://[::1]:5000', fine: true },
  { realm: 'http://plain.example/token', server: 'http://plain.example', fine: false },
];

test.each(cases)('R08: $realm named by $server may see credentials: $fine', ({ realm, server, fine }) => {
  const options = { server: new URL(server), allowedHosts: ['auth.example'] };
  const check = (): string => checkRealm(realm, options).href;
  if (fine) expect(check()).toBe(realm);
  else expect(check).toThrow(expect.objectContaining({ kind: 'auth', code: 'ERR_HTTP_REALM' }));
});
