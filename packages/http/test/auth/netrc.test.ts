import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { netrcCredentials, parseNetrc, readNetrc } from '../../src/index.ts';
import { failureOf } from '../support/client.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-netrc-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const text = `
# machine commented.example login no password no
machine Mirror.example login me password "with \\"space\\" # in"
machine ported.example:8443
  login you
  password p#w
macdef init
machine macro.example login bad password bad

machine last.example login l account a password "" # the end
default login anonymous password guest
`;
const entries = parseNetrc(text, 'netrc');

const lookups = [
  { url: 'https://mirror.example/x', want: 'me:with "space" # in' },
  { url: 'http://mirror.example:8080/x', want: 'me:with "space" # in' },
  { url: 'https://ported.example:8443/', want: 'you:p#w' },
  { url: 'https://ported.example/', want: undefined },
  { url: 'https://evil-mirror.example/', want: undefined },
  { url: 'https://sub.mirror.example/', want: undefined },
  { url: 'https://mirror.example.evil/', want: undefined },
  { url: 'https://commented.example/', want: undefined },
  { url: 'https://macro.example/', want: undefined },
  { url: 'https://last.example/', want: 'l:' },
];

test.each(lookups)('T06: the entry for $url is $want', ({ url, want }) => {
  const found = netrcCredentials(entries, new URL(url));
  expect(found && `${found.username}:${found.password}`).toBe(want);
});

test('T06: the default entry counts only when asked for', () => {
  const stranger = new URL('https://stranger.example/');
  expect(netrcCredentials(entries, stranger)).toBeUndefined();
  expect(netrcCredentials(entries, stranger, { useDefault: true })).toMatchObject({ username: 'anonymous' });
});

test.each(['machine a login x passwrod secret', 'machine a login', 'machine', 'login x', 'machine a password "hidden'])(
  'T06: %j is refused with its line and without its content',
  (broken) => {
    const parse = (): unknown => parseNetrc(`\n${broken}`, 'netrc');
    expect(parse).toThrow(expect.objectContaining({ kind: 'config', code: 'ERR_NETRC' }));
    expect(parse).toThrow(/line 2/);
    expect(parse).not.toThrow(/secret|hidden/);
  },
);

test('T06: a file that others may read is refused', async () => {
  const path = join(folder, 'netrc');
  await writeFile(path, text);
  await chmod(path, 0o640);
  expect(await failureOf(readNetrc(path))).toMatchObject({
    kind: 'config',
    code: 'ERR_NETRC',
    hint: `Run: chmod 600 ${path}`,
  });
  await chmod(path, 0o600);
  expect(await readNetrc(path)).toEqual(entries);
});

test('a file that is not there has no entries', async () => {
  expect(await readNetrc(join(folder, 'none'))).toEqual([]);
});
