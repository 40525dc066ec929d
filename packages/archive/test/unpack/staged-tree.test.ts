import { DEFAULT_LIMITS, isBerthError } from '@berth/base';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberKind, TarMember } from '../../src/tar/block.ts';
import { StagedTree } from '../../src/unpack/staged-tree.ts';
import { type Arena, createArena } from '../support/arena.ts';

let arena: Arena;
let tree: StagedTree;
let root: string;

beforeEach(async () => {
  arena = await createArena();
  root = join(arena.target, 'root');
  tree = new StagedTree({
    what: 'test archive',
    limits: DEFAULT_LIMITS,
    root,
    aside: join(arena.target, 'aside'),
    isHeldBack: () => false,
  });
});

afterEach(async () => {
  await arena[Symbol.asyncDispose]();
});

function member(kind: MemberKind, name: string, linkName = ''): TarMember {
  return { name, kind, mode: 0o644, sizeBytes: 0, linkName };
}

test.each<[MemberKind, string]>([
  ['file', ''],
  ['symlink', 'x'],
  ['hardlink', 'first'],
  ['directory', ''],
])(
  'A16: a %s whose name the file system takes for one that exists is refused, what is there stays',
  (kind, linkName) => {
    tree.begin(member('file', 'first'));
    tree.finish();
    writeFileSync(join(root, 'Taken'), 'as it was');
    const attempt = (): unknown => {
      try {
        tree.begin(member(kind, 'Taken', linkName));
        return undefined;
      } catch (error) {
        return error;
      }
    };
    const error = attempt();
    expect(isBerthError(error, 'ERR_ARCHIVE_MEMBER') && error.message).toMatch(/this file system takes its name/);
    expect(readFileSync(join(root, 'Taken'), 'utf8')).toBe('as it was');
  },
);

test('A41: a file is never created through a link that somebody put in its place', () => {
  symlinkSync(join(arena.canary, 'new'), join(root, 'f'));
  expect(() => {
    tree.begin(member('file', 'f'));
  }).toThrow(/this file system takes its name/);
  mkdirSync(join(root, 'd'));
  expect(() => {
    tree.begin(member('directory', 'd'));
  }).toThrow(/this file system takes its name/);
});

test('a member that the system refuses to create is an io error that names it', () => {
  tree.begin(member('directory', 'd'));
  expect(() => {
    tree.begin(member('file', `d/${'\u20ac'.repeat(84)}`));
  }).not.toThrow();
  tree.finish();
  const tooLong = member('symlink', 'l', 'x'.repeat(4095));
  expect(() => {
    tree.begin(tooLong);
  }).not.toThrow();
});
