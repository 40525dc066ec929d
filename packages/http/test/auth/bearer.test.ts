import { expect, test } from '@jest/globals';
import { parseStrictJson } from '@berth/base';
import { type BearerToken, createTokenCache, parseTokenReply } from '../../src/index.ts';
import { failureOf, fakeClock } from '../support/client.ts';

function reply(text: string): BearerToken {
  return parseTokenReply(parseStrictJson(text, { what: 'token' }), { what: 'token', nowMs: 0 });
}

const lifetimes = [
  { name: 'absent', json: '{"token":"a"}', seconds: 60 },
  { name: 'a number', json: '{"token":"a","expires_in":300}', seconds: 300 },
  { name: 'zero', json: '{"token":"a","expires_in":0}', seconds: 60 },
  { name: 'negative', json: '{"token":"a","expires_in":-1}', seconds: 60 },
  { name: 'a text', json: '{"token":"a","expires_in":"300"}', seconds: 60 },
  { name: 'absurd', json: '{"token":"a","expires_in":1e9}', seconds: 86_400 },
];

test.each(lifetimes)('R10: expires_in that is $name', ({ json, seconds }) => {
  expect(reply(json)).toEqual({ token: 'a', expiresAtMs: seconds * 1000 });
});

test('R10: access_token counts where there is no token', () => {
  expect(reply('{"access_token":"b.c-d_e~f+/="}').token).toBe('b.c-d_e~f+/=');
});

test.each([
  '[]',
  '{}',
  '{"token":""}',
  '{"token":5}',
  '{"token":"a\\nb"}',
  '{"token":"a b"}',
  '{"token":"a\\r\\nX: y"}',
])('R10: the reply %s is refused as auth', (json) => {
  expect(() => reply(json)).toThrow(expect.objectContaining({ kind: 'auth', code: 'ERR_HTTP_TOKEN' }));
});

const key = { realm: 'https://r', service: 's', scope: 'a' };

test('R10: a token is asked for again before it expires, and per scope', async () => {
  const clock = fakeClock(0);
  const cache = createTokenCache({ clock });
  let asked = 0;
  const fetch = async (): Promise<BearerToken> => {
    asked += 1;
    return { token: `t${asked}`, expiresAtMs: clock.now() + 300_000 };
  };
  expect(await cache.token(key, fetch)).toBe('t1');
  clock.advance(269_000);
  expect(await cache.token(key, fetch)).toBe('t1');
  expect(await cache.token({ ...key, scope: 'b' }, fetch)).toBe('t2');
  clock.advance(2_000);
  expect(await cache.token(key, fetch)).toBe('t3');
  cache.forget(key);
  expect(await cache.token(key, fetch)).toBe('t4');
});

test('those who ask at the same time share one request, and a failure is not remembered', async () => {
  const cache = createTokenCache({ clock: fakeClock(0) });
  let asked = 0;
  const fail = async (): Promise<BearerToken> => {
    asked += 1;
    throw new Error('down');
  };
  const failures = await Promise.allSettled([cache.token(key, fail), cache.token(key, fail)]);
  expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(asked).toBe(1);
  expect(await failureOf(cache.token(key, fail))).toMatchObject({ message: 'down' });
  expect(asked).toBe(2);
});
