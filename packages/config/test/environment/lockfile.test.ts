import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BerthEvent, isJsonObject, parseStrictJson } from '@berth/base';
import { parseSpec } from '@berth/spec';
import { expect, test } from '@jest/globals';
import {
  checkLockStatus,
  createLockfile,
  formatLockfile,
  lockStatus,
  lookUpHash,
  parseLockfile,
  readEnvironment,
  readLockfile,
  writeLockfile,
} from '../../src/index.ts';
import { failure, folder, read, SIGNAL } from '../support.ts';

const TEXT = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'environment', 'spack.lock'), 'utf8');
const GREET = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';
const parse = (text: string): ReturnType<typeof parseLockfile> => parseLockfile(text, 'lock file e');

interface PlainNode {
  name: string;
  version: string;
  hash: string;
  dependencies?: { name: string; hash: string }[];
}

interface PlainLock {
  _meta: Record<string, unknown>;
  roots: { hash: string; spec: string }[];
  concrete_specs: Record<string, PlainNode>;
  [key: string]: unknown;
}

const changed = (change: (lock: PlainLock) => unknown): string => {
  const lock = JSON.parse(TEXT) as PlainLock;
  change(lock);
  return JSON.stringify(lock);
};

const nodeOf = (lock: PlainLock, hash: string): PlainNode => {
  const node = lock.concrete_specs[hash];
  if (node === undefined) throw new Error(`the fixture has no ${hash}`);
  return node;
};

test('a lock file written by Spack is written again byte for byte', () => {
  const lock = parse(TEXT);
  expect(formatLockfile(lock)).toBe(TEXT);
  expect(lock).toMatchObject({ version: 6, roots: [{ spec: 'greet', hash: GREET }] });
  expect(lock.specs.size).toBe(Object.keys((JSON.parse(TEXT) as PlainLock).concrete_specs).length);
  expect(lock.roots[0]?.concrete.dependencies.map(({ spec }) => spec.name)).toContain('libgreet');
});

test('a lock file made from its roots is the same, order of nodes included', () => {
  const { roots, writer } = parse(TEXT);
  expect(formatLockfile(createLockfile(roots, { writer: writer ?? new Map() }))).toBe(TEXT);
});

test('keys of later versions survive', () => {
  const text = changed((lock) => (lock['later'] = { a: [1.0, 'ü'] }));
  expect(formatLockfile(parse(text))).toContain('"later":{"a":[1,"\\u00fc"]}');
});

test('specs of included environments are read and written', () => {
  const text = changed((lock) => {
    lock['include_concrete'] = { '/other/env': { roots: lock.roots, concrete_specs: lock.concrete_specs } };
  });
  const lock = parse(text);
  expect(lock.included.get('/other/env')?.roots[0]?.spec).toBe('greet');
  expect(formatLockfile(lock)).toBe(text);
});

const OLD_META = (version: number): unknown => ({ 'file-type': 'spack-lockfile', 'lockfile-version': version });
const OLD_NODE = {
  version: '1.2.11',
  arch: { platform: 'linux', platform_os: 'debian6', target: 'x86_64' },
  compiler: { name: 'gcc', version: '4.5.0' },
  namespace: 'builtin',
  parameters: { cflags: [] },
};
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];

const OLD = [
  {
    version: 1,
    nodes: {
      [A]: { app: { ...OLD_NODE, dependencies: { zlib: { hash: B, type: ['link'] } } } },
      [B]: { zlib: OLD_NODE },
    },
  },
  {
    version: 2,
    nodes: {
      ['c'.repeat(32)]: {
        app: { ...OLD_NODE, hash: A, dependencies: { zlib: { hash: 'd'.repeat(32), type: ['link'] } } },
      },
      ['d'.repeat(32)]: { zlib: { ...OLD_NODE, hash: B } },
    },
  },
  {
    version: 3,
    nodes: {
      ['c'.repeat(32)]: {
        name: 'app',
        ...OLD_NODE,
        hash: A,
        dependencies: [{ name: 'zlib', build_hash: 'd'.repeat(32), type: ['link'] }],
      },
      ['d'.repeat(32)]: { name: 'zlib', ...OLD_NODE, hash: B },
    },
  },
  {
    version: 4,
    nodes: {
      [A]: { name: 'app', ...OLD_NODE, hash: A, dependencies: [{ name: 'zlib', hash: B, type: ['link'] }] },
      [B]: { name: 'zlib', ...OLD_NODE, hash: B },
    },
  },
];

test.each(OLD)('L01: version $version is read, and written as version 6', ({ version, nodes }) => {
  const [key] = Object.keys(nodes);
  const lock = parse(
    JSON.stringify({ _meta: OLD_META(version), roots: [{ hash: key, spec: 'app' }], concrete_specs: nodes }),
  );
  expect(lock.version).toBe(version);
  expect(lock.roots[0]?.concrete).toMatchObject({
    name: 'app',
    hash: A,
    dependencies: [{ types: ['link'], spec: { name: 'zlib', hash: B } }],
  });
  const written = parseStrictJson(formatLockfile(lock), { what: 'x' });
  const specs = isJsonObject(written) ? written.get('concrete_specs') : undefined;
  expect(isJsonObject(specs) ? [...specs.keys()] : []).toEqual([A, B]);
  expect(parse(formatLockfile(lock)).version).toBe(6);
});

const WRONG = [
  {
    name: 'L01: a newer version',
    text: changed((lock) => (lock._meta['lockfile-version'] = 7)),
    why: 'version 7 is not known',
  },
  {
    name: 'L01: version 0',
    text: changed((lock) => (lock._meta['lockfile-version'] = 0)),
    why: 'version 0 is not known',
  },
  { name: 'L01: no _meta', text: changed((lock) => Reflect.deleteProperty(lock, '_meta')), why: '/_meta' },
  { name: 'L01: another type', text: changed((lock) => (lock._meta['file-type'] = 'other')), why: '/_meta/file-type' },
  {
    name: 'L02: a root that is not there',
    text: changed((lock) => ((lock.roots[0] as { hash: string }).hash = A)),
    why: A,
  },
  {
    name: 'L02: a dependency that is not there',
    text: changed((lock) => Reflect.deleteProperty(lock.concrete_specs, 'jcni4qeht7exvcpnt737c2cvqazoz7jz')),
    why: 'jcni4qeht7exvcpnt737c2cvqazoz7jz',
  },
  {
    name: 'L02: a hash that is not that of the node',
    text: changed((lock) => (nodeOf(lock, GREET).version = '1.1')),
    why: GREET,
  },
  { name: 'L02: a key that is not the hash', text: TEXT.replace(`"${GREET}":{`, `"${A}":{`), why: A },
  {
    name: 'L02: a cycle',
    text: changed((lock) => {
      const node = nodeOf(lock, 'jcni4qeht7exvcpnt737c2cvqazoz7jz');
      (node.dependencies ??= []).push({
        ...(lock.concrete_specs[GREET]?.dependencies?.[0] as { name: string; hash: string }),
        name: 'greet',
        hash: GREET,
      });
    }),
    why: 'greet',
  },
  { name: 'L03: a truncated file', text: TEXT.slice(0, 1000), why: 'line 1' },
  { name: 'L03: an empty file', text: '', why: 'empty' },
  { name: 'L03: a conflict', text: `{\n<<<<<<< HEAD\n${TEXT.slice(1)}`, why: 'line 2: a conflict' },
  { name: 'L03: a key twice', text: TEXT.replace('{"_meta"', '{"roots":[],"_meta"'), why: 'duplicate key "roots"' },
  { name: 'no roots', text: changed((lock) => Reflect.deleteProperty(lock, 'roots')), why: '/roots' },
  { name: 'a bare list', text: '[]', why: 'expected an object' },
] as const;

test.each(WRONG)('$name is a lock error', async ({ text, why }) => {
  const error = await failure(() => parse(text));
  expect(error).toMatchObject({ kind: 'lock', message: expect.stringContaining(why) });
  expect(error.message).toContain('lock file e');
});

const manifest = (...texts: string[]): { text: string; spec: ReturnType<typeof parseSpec> }[] =>
  texts.map((text) => ({ text, spec: parseSpec(text) }));

test('L04: the lock is compared by what specs say, and only by them', () => {
  const lock = {
    roots: [
      { spec: 'tinylib@1', hash: '', concrete: undefined },
      { spec: 'old', hash: '', concrete: undefined },
    ],
  } as never;
  expect(lockStatus(manifest('tinylib  @1', 'new+x'), lock)).toEqual({ missing: ['new+x'], dropped: ['old'] });
  expect(lockStatus(manifest('tinylib@1', 'old'), lock)).toEqual({ missing: [], dropped: [] });
});

test('L04: a stale lock is a warning, and an error with --locked', async () => {
  const events: BerthEvent[] = [];
  const status = { missing: ['a'], dropped: ['b'] };
  const options = { what: 'spack.lock of e', emit: (event: BerthEvent) => void events.push(event) };
  checkLockStatus(status, { ...options, locked: false });
  expect(events).toMatchObject([
    { type: 'warning', message: expect.stringContaining('not yet concretized: a; no longer in spack.yaml: b') },
  ]);
  const error = await failure(() => {
    checkLockStatus(status, { ...options, locked: true });
  });
  expect(error).toMatchObject({ kind: 'lock', code: 'ERR_LOCKFILE_STALE' });
  expect(() => {
    checkLockStatus({ missing: [], dropped: [] }, { ...options, locked: true });
  }).not.toThrow();
});

test('L05: a lock file is replaced in one step while readers read it', async () => {
  const root = folder({ 'spack.lock': TEXT });
  const path = join(root, 'spack.lock');
  const lock = parse(TEXT);
  const writers = Array.from({ length: 20 }, async () => writeLockfile(path, lock));
  const readers = Array.from({ length: 20 }, async () => (await readLockfile(path, { signal: SIGNAL }))?.roots.length);
  await Promise.all(writers);
  expect(new Set(await Promise.all(readers))).toEqual(new Set([1]));
  expect(read(root, 'spack.lock')).toBe(TEXT);
});

test('L09: a hash prefix finds its spec, and lists candidates when there are several or none', async () => {
  const lock = parse(TEXT);
  expect(lookUpHash(lock, '/7y7a').name).toBe('greet');
  const two = { specs: new Map([A, `${A.slice(1)}b`].map((hash) => [hash, { name: 'n', hash }])) } as never;
  expect(await failure(() => lookUpHash(two, 'aaa'))).toMatchObject({
    kind: 'usage',
    code: 'ERR_HASH_AMBIGUOUS',
    message: expect.stringContaining(`2 specs begin with it: n/${A}, n/`),
  });
  expect(await failure(() => lookUpHash(lock, 'zzzz'))).toMatchObject({ kind: 'usage', code: 'ERR_HASH_NOT_FOUND' });
  expect(await failure(() => lookUpHash(lock, '/'))).toMatchObject({ kind: 'usage' });
});

test('an environment is read with its lock file, or without one', async () => {
  const root = folder({
    'spack.yaml': 'spack:\n  specs: [greet]\n',
    'spack.lock': TEXT,
    'bare/spack.yaml': 'spack: {}\n',
  });
  expect((await readEnvironment(root, { signal: SIGNAL })).lock?.roots).toHaveLength(1);
  expect((await readEnvironment(join(root, 'bare'), { signal: SIGNAL })).lock).toBeUndefined();
  writeFileSync(join(root, 'spack.lock'), '{');
  expect(await failure(() => readEnvironment(root, { signal: SIGNAL }))).toMatchObject({
    kind: 'lock',
    message: expect.stringContaining(join(root, 'spack.lock')),
  });
});
