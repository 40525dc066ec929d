import { isBerthError, sha256Of } from '@berth/base';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as tar from 'tar';
import { packPrefix, type PackOptions, type PrefixEntry, walkPrefix, writePackage } from '../../src/index.ts';
import { type Arena, createArena, snapshot } from '../support/arena.ts';
import { toolTest } from '../support/tools.ts';

const RECORDED = '/opt/store/pkg-1.0';
const BUILD_INFO = Buffer.from('buildpath: /opt/store\n');

let arena: Arena;
let prefix: string;

beforeEach(async () => {
  arena = await createArena();
  prefix = join(arena.top, 'prefix');
  mkdirSync(prefix);
});

afterEach(async () => {
  await arena[Symbol.asyncDispose]();
});

const signal = AbortSignal.timeout(60_000);

function put(path: string, content: string | Buffer = path, mode = 0o644): void {
  mkdirSync(join(prefix, path, '..'), { recursive: true });
  writeFileSync(join(prefix, path), content);
  chmodSync(join(prefix, path), mode);
}

async function pack(options: Partial<PackOptions> = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of packPrefix({
    prefix,
    recordedPrefix: RECORDED,
    buildInfo: BUILD_INFO,
    signal,
    ...options,
  })) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Everything the format has a rule for. */
function fill(): void {
  put('.spack/spec.json', '{}');
  put('bin/tool', '#!/bin/sh\n', 0o4755);
  put('bin/only-owner', 'x', 0o100);
  put('bin/not-owner', 'x', 0o677);
  put('README', 'Z'.repeat(600_000));
  put('a.txt');
  put('a/b/c');
  put('a-b/c');
  put('empty-file', '');
  put('exactly-one-block', 'b'.repeat(512));
  put(`long/${'x'.repeat(120)}/${'y'.repeat(120)}.txt`);
  put('unicode/\u00e9');
  put('unicode/\u{1f600}');
  put('unicode/\uffee');
  put('names/new\nline');
  mkdirSync(join(prefix, 'empty'));
  symlinkSync('../does-not-exist', join(prefix, 'dangling'));
  symlinkSync('bin', join(prefix, 'link-to-directory'));
  symlinkSync(`${RECORDED}/bin/tool`, join(prefix, 'absolute'));
  linkSync(join(prefix, 'bin/tool'), join(prefix, 'also-tool'));
  linkSync(join(prefix, 'bin/tool'), join(prefix, 'z-tool'));
}

test('entries come in archive order: files before folders, by code point', async () => {
  fill();
  const entries = await walkPrefix(prefix, { signal });
  expect(entries.map(({ path }) => path)).toEqual([
    '',
    'README',
    'a.txt',
    'absolute',
    'also-tool',
    'dangling',
    'empty-file',
    'exactly-one-block',
    'link-to-directory',
    'z-tool',
    '.spack',
    '.spack/spec.json',
    'a',
    'a/b',
    'a/b/c',
    'a-b',
    'a-b/c',
    'bin',
    'bin/not-owner',
    'bin/only-owner',
    'bin/tool',
    'empty',
    'long',
    `long/${'x'.repeat(120)}`,
    `long/${'x'.repeat(120)}/${'y'.repeat(120)}.txt`,
    'names',
    'names/new\nline',
    'unicode',
    'unicode/\u00e9',
    'unicode/\uffee',
    'unicode/\u{1f600}',
  ]);
  const at = (path: string): PrefixEntry | undefined => entries.find((entry) => entry.path === path);
  expect(at('bin/tool')).toEqual({
    path: 'bin/tool',
    kind: 'file',
    mode: 0o4755,
    sizeBytes: 10,
    hardLinkOf: 'also-tool',
  });
  expect(at('also-tool')).toEqual({ path: 'also-tool', kind: 'file', mode: 0o4755, sizeBytes: 10 });
  expect(at('dangling')).toMatchObject({ kind: 'symlink', linkTarget: '../does-not-exist', sizeBytes: 0 });
  expect(at('link-to-directory')).toMatchObject({ kind: 'symlink', linkTarget: 'bin' });
});

toolTest(['tar'])('node-tar and the system tar read what was packed, owner and time 0', async () => {
  fill();
  const archive = join(arena.top, 'package.tar');
  writeFileSync(archive, await pack());
  const listed: string[] = [];
  await tar.list({
    file: archive,
    strict: true,
    onReadEntry: (entry) => {
      expect([entry.uid, entry.gid, entry.mtime?.getTime()]).toEqual([0, 0, 0]);
      listed.push(entry.path);
    },
  });
  const entries = await walkPrefix(prefix, { signal });
  const names = entries.map(
    ({ path, kind }) => `${RECORDED.slice(1)}${path === '' ? '' : `/${path}`}${kind === 'directory' ? '/' : ''}`,
  );
  expect(listed).toEqual(['opt/', 'opt/store/', ...names, `${RECORDED.slice(1)}/.spack/binary_distribution`]);

  const readers: Record<string, (cwd: string) => unknown> = {
    'node-tar': (cwd) => {
      tar.extract({ file: archive, cwd, sync: true, preservePaths: true, preserveOwner: false, strict: true });
    },
    'system tar': (cwd) => execFileSync('tar', ['-xf', archive, '-C', cwd, '--no-same-owner']),
  };
  const own = snapshot(prefix);
  let compared = 0;
  for (const [reader, extract] of Object.entries(readers)) {
    const cwd = join(arena.top, reader);
    mkdirSync(cwd);
    extract(cwd);
    const { '.spack/binary_distribution': info, ...tree } = snapshot(join(cwd, RECORDED));
    expect(info).toBe(`100644 ${sha256Of(BUILD_INFO)}`);
    for (const [path, description] of Object.entries(own)) {
      const want = description.startsWith('100') ? description.replace(/^\d+/, expectedMode) : description;
      expect([reader, path, tree[path]]).toEqual([reader, path, want]);
      compared += 1;
    }
    expect(Object.keys(tree)).toHaveLength(Object.keys(own).length);
  }
  expect(compared).toBe(2 * 31);
});

function expectedMode(mode: string): string {
  return (Number.parseInt(mode, 8) & 0o100) === 0 ? '100644' : '100755';
}

test('times, owners and the order of creation do not matter', async () => {
  put('b', 'b');
  put('a', 'a', 0o600);
  const first = await pack();
  const again = join(arena.top, 'again');
  mkdirSync(again, { mode: 0o700 });
  writeFileSync(join(again, 'a'), 'a');
  writeFileSync(join(again, 'b'), 'b');
  utimesSync(join(again, 'a'), 1, 1);
  expect(await pack({ prefix: again })).toEqual(first);
});

test('the prefix is recorded as it is unless another is given', async () => {
  put('f');
  const { oldPrefix } = await arena.unpack(await compressed({ recordedPrefix: undefined }));
  expect(oldPrefix).toBe(prefix);
});

async function compressed(options: Partial<PackOptions> = {}): Promise<Buffer> {
  const to = join(arena.top, 'spool.tar.gz');
  const content = { prefix, recordedPrefix: RECORDED, buildInfo: BUILD_INFO, signal };
  await writePackage({ ...content, to, ...options });
  return readFileSync(to);
}

test.each(['relative/path', '/', '/a/../b', '/a//b', '/a/./b'])(
  'the prefix %j cannot be recorded',
  async (recordedPrefix) => {
    await expect(pack({ recordedPrefix })).rejects.toMatchObject({ kind: 'usage' });
  },
);

test('build information of an earlier unpacking is left out, whatever its names are', async () => {
  put('.spack/spec.json', '{}');
  const clean = await pack();
  put('.spack/binary_distribution', 'old');
  linkSync(join(prefix, '.spack/binary_distribution'), join(prefix, '.spack/a-copy'));
  linkSync(join(prefix, '.spack/binary_distribution'), join(prefix, '.spack/z-copy'));
  expect((await pack()).equals(clean)).toBe(true);
});

toolTest(['mkfifo'])('a FIFO and a socket are left out', async () => {
  put('f');
  const clean = await pack();
  expect(spawnSync('mkfifo', [join(prefix, 'fifo')]).status).toBe(0);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(prefix, 'socket'), resolve));
  try {
    expect(readdirSync(prefix)).toEqual(['f', 'fifo', 'socket']);
    expect((await pack()).equals(clean)).toBe(true);
  } finally {
    server.close();
  }
});

test('A31: a name that is not UTF-8 is refused, the replacement character itself is not', async () => {
  put('\ufffd', 'legitimate');
  expect((await walkPrefix(prefix, { signal })).map(({ path }) => path)).toEqual(['', '\ufffd']);
  writeFileSync(Buffer.concat([Buffer.from(`${prefix}/`), Buffer.from([0x66, 0xff])]), 'x');
  await expect(walkPrefix(prefix, { signal })).rejects.toMatchObject({ code: 'ERR_PACK_NAME' });
});

test('A40: a prefix that is a link, a file or missing is not walked', async () => {
  const link = join(arena.top, 'link');
  symlinkSync(prefix, link);
  await expect(walkPrefix(link, { signal })).rejects.toMatchObject({ code: 'ERR_PACK_PREFIX' });
  await expect(walkPrefix(join(arena.canary, 'secret'), { signal })).rejects.toMatchObject({ code: 'ERR_PACK_PREFIX' });
  await expect(walkPrefix(join(arena.top, 'none'), { signal })).rejects.toMatchObject({ code: 'ERR_IO' });
});

test('a file that shrinks while it is packed fails the packing, and the spool file is removed', async () => {
  put('f', 'x'.repeat(10_000));
  const entries = await walkPrefix(prefix, { signal });
  truncateSync(join(prefix, 'f'), 9_999);
  const to = join(arena.top, 'spool');
  const failure = writePackage({ prefix, entries, buildInfo: BUILD_INFO, to, signal });
  await expect(failure).rejects.toMatchObject({
    code: 'ERR_FILE_CHANGED',
    details: { expected: 10_000, found: 9_999 },
  });
  expect(existsSync(to)).toBe(false);
});

test('a file that becomes a link while it is packed is not followed', async () => {
  put('f', 'secret');
  const entries = await walkPrefix(prefix, { signal });
  const other = join(arena.top, 'other');
  mkdirSync(other);
  symlinkSync(join(arena.canary, 'secret'), join(other, 'f'));
  const error = await pack({ prefix: other, entries }).catch((reason: unknown) => reason);
  expect(isBerthError(error, 'ERR_IO') && error.details).toEqual({ errno: 'ELOOP' });
});

test('an archive is written once: digests of both forms, sizes and progress are told, and what exists is kept', async () => {
  fill();
  const to = join(arena.top, 'package.tar.gz');
  let seen = 0;
  const onBytes = (bytes: number): void => {
    seen += bytes;
  };
  const options = { prefix, recordedPrefix: RECORDED, buildInfo: BUILD_INFO, to, signal };
  const written = await writePackage({ ...options, onBytes });
  const stored = readFileSync(to);
  const content = gunzipSync(stored);
  expect(written).toEqual({
    digest: sha256Of(stored),
    sizeBytes: stored.length,
    diffId: sha256Of(content),
    uncompressedBytes: content.length,
  });
  expect(content.equals(await pack())).toBe(true);
  expect(seen).toBe(content.length);

  await expect(writePackage(options)).rejects.toMatchObject({ kind: 'io', details: { errno: 'EEXIST' } });
  expect(readFileSync(to).equals(stored)).toBe(true);
});

test('an aborted packing removes its spool file', async () => {
  put('f', Buffer.alloc(5_000_000, 'x'));
  const to = join(arena.top, 'spool');
  const abort = new AbortController();
  const onBytes = (): void => {
    abort.abort();
  };
  const outcome = writePackage({ prefix, buildInfo: BUILD_INFO, to, signal: abort.signal, onBytes });
  await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(to)).toBe(false);
});

test('what was packed unpacks to the same files, hard links included', async () => {
  fill();
  const { members } = await arena.unpack(await compressed());
  expect(members.get('bin/tool')).toMatchObject({ hardLinkOf: 'also-tool' });
  expect((await pack({ prefix: arena.target })).equals(await pack())).toBe(true);
});
