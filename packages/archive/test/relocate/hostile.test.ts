import { isBerthError } from '@berth/base';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  applyRelocation,
  createPrefixMap,
  planRelocation,
  readElf,
  relocateText,
  type RelocationPlan,
} from '../../src/index.ts';
import { bufferReader } from '../../src/relocate/byte-reader.ts';
import { planElf, type ElfEdit } from '../../src/relocate/elf/edit.ts';
import { type ElfImage } from '../../src/relocate/elf/read.ts';
import { prefixMapOf } from '../../src/relocate/prefix-map.ts';
import { rewriteTextFile } from '../../src/relocate/text-file.ts';
import { buildElf, RPATH, RUNPATH, type ElfShape } from '../support/elf-builder.ts';
import { makeTree, OLD, OLD_ROOT, requestFor, signal, type RequestOptions, type Tree } from '../support/relocation.ts';

const NEW = '/opt/new/root/p-1-abcdefg';
const trees: Tree[] = [];
afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.remove();
});

async function tree(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const made = await makeTree(files);
  trees.push(made);
  return made.directory;
}

async function relocate(directory: string, options: RequestOptions): Promise<RelocationPlan> {
  const plan = await planRelocation(await requestFor(directory, options));
  await applyRelocation(plan, { signal });
  return plan;
}

function binary(strings: string): Buffer {
  return Buffer.concat([Buffer.from('\u007fELF', 'latin1'), Buffer.alloc(12, 1), Buffer.from(strings, 'latin1')]);
}

describe('E01 a listed path that is no regular file of the archive is refused', () => {
  const listed = ['../x', '/etc/passwd', 'link-out', 'missing', 'folder', '.spack/spec.json', './text', '', '.'];

  test.each(
    listed.flatMap((path) => (['relocateBinaries', 'relocateTextFiles'] as const).map((list) => ({ path, list }))),
  )('$list: $path', async ({ path, list }) => {
    const directory = await tree({ text: OLD, 'folder/text': OLD, '.spack/spec.json': OLD });
    const outside = await tree({ secret: OLD });
    await symlink(join(outside, 'secret'), join(directory, 'link-out'));
    await expect(relocate(directory, { lists: { [list]: ['text', path] } })).rejects.toMatchObject({
      kind: 'relocate',
      code: 'ERR_RELOCATE_LIST',
      details: { path },
    });
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe(OLD);
    expect(await readFile(join(directory, 'text'), 'utf8')).toBe(OLD);
  });

  test('a listed link must be a link', async () => {
    const directory = await tree({ text: OLD });
    await expect(relocate(directory, { lists: { relocateLinks: ['text'] } })).rejects.toMatchObject({
      code: 'ERR_RELOCATE_LIST',
    });
  });
});

describe('E02 a prefix that is part of every path is refused', () => {
  test.each(['/', '', '/opt', 'opt/old', 'opt', '//', '/opt/', '/opt/../x', '/opt/./x'])('old prefix %j', (from) => {
    expect(() => createPrefixMap([[from, '/new/place']])).toThrow(
      expect.objectContaining({ kind: 'relocate', code: 'ERR_RELOCATE_PREFIX' }),
    );
  });

  test.each(['', 'new/place', '/', '/new/../place', '/new\nplace', '/new/pl:ace'])('new prefix %j', (to) => {
    expect(() => createPrefixMap([['/old/place', to]])).toThrow(
      expect.objectContaining({ code: 'ERR_RELOCATE_PREFIX' }),
    );
  });

  test('slashes are normalised, and a prefix that stays is no rule', () => {
    const map = createPrefixMap([
      ['/old//place/', '/new/place///'],
      ['/same/place/', '/same/place'],
      ['/', '/'],
    ]);
    expect(map.pairs.map(({ from, to }) => [from.toString(), to.toString()])).toEqual([['/old/place', '/new/place']]);
  });

  test('nothing is read when nothing moves', async () => {
    const directory = await tree({ text: OLD });
    const plan = await planRelocation(await requestFor(directory, { lists: { relocateTextFiles: ['text'] }, to: OLD }));
    expect(plan).toMatchObject({ files: [], links: [], warnings: [] });
  });
});

describe('E03 a compiled string cannot grow', () => {
  const longer = '/opt/much/longer/root/p-1-abcdefg';

  test('the error names file, offset, both prefixes and the longest usable prefix, and nothing has changed', async () => {
    const program = binary(`\0${OLD}/bin\0`);
    const directory = await tree({ a: OLD, 'bin/p': program });
    const failed = relocate(directory, {
      lists: { relocateBinaries: ['bin/p'], relocateTextFiles: ['a'] },
      to: longer,
    });
    await expect(failed).rejects.toMatchObject({
      kind: 'relocate',
      code: 'ERR_RELOCATE_GROW',
      message: `relocate p@1/abcdefg: bin/p: cannot replace ${OLD} by ${longer} at byte 17: the new one is 8 bytes too long`,
      details: { file: 'bin/p', offset: 17, from: OLD, to: longer, longestPrefixBytes: OLD.length },
      hint: expect.stringContaining('config:install_tree:padded_length') as unknown as string,
    });
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe(OLD);
    expect(await readFile(join(directory, 'bin/p'))).toEqual(program);
  });

  test('text, search paths and links may grow', async () => {
    const { bytes } = buildElf({ strings: Buffer.from(`\0${OLD}/lib\0`), dynamic: [[RUNPATH, 1]] });
    const directory = await tree({ text: `prefix=${OLD}\n`, 'bin/p': bytes });
    await symlink(`${OLD}/bin/p`, join(directory, 'link'));
    await relocate(directory, {
      lists: { relocateBinaries: ['bin/p'], relocateTextFiles: ['text'], relocateLinks: ['link'] },
      to: longer,
    });
    expect(await readFile(join(directory, 'text'), 'utf8')).toBe(`prefix=${longer}\n`);
    expect(await readlink(join(directory, 'link'))).toBe(`${longer}/bin/p`);
    expect(searchPathOf(await readFile(join(directory, 'bin/p')))).toBe(`${longer}/lib`);
  });
});

function searchPathOf(bytes: Buffer): string | undefined {
  const reading = readElf(bufferReader(bytes));
  return reading.kind === 'image' ? reading.image.searchPath?.text.toString() : reading.kind;
}

describe('E05 one simultaneous pass, the first rule wins', () => {
  test('rules that feed each other', () => {
    const map = createPrefixMap([
      ['/a/a', '/b/b'],
      ['/b/b', '/c/c'],
    ]);
    expect(relocateText(Buffer.from('/a/a /b/b'), map)?.toString()).toBe('/b/b /c/c');
  });

  test('an old prefix inside another', () => {
    const map = createPrefixMap([
      ['/opt/s/p-1', '/x/p-1'],
      ['/opt/s', '/y/s'],
    ]);
    expect(relocateText(Buffer.from('/opt/s/p-1/bin /opt/s/q'), map)?.toString()).toBe('/x/p-1/bin /y/s/q');
  });

  test('a new place inside the old one: what was rewritten is not looked at again', async () => {
    const to = `${OLD}/x/p-1-abcdefg`;
    const { bytes } = buildElf({ strings: Buffer.from(`\0${OLD}/lib\0`), dynamic: [[RUNPATH, 1]] });
    const directory = await tree({ 'bin/p': bytes });
    await relocate(directory, { lists: { relocateBinaries: ['bin/p'] }, to });
    expect(searchPathOf(await readFile(join(directory, 'bin/p')))).toBe(`${to}/lib`);
  });
});

describe('E06 an ELF file that cannot be edited stays as it is and is reported', () => {
  const path = Buffer.from('\0/opt/old/root/p-1-abcdefg/lib\0');
  const good: ElfShape = { strings: path, dynamic: [[RUNPATH, 1]], interpreter: '/lib/ld.so' };
  const word = (bytes: Buffer, at: number, value: bigint): void => void bytes.writeBigUInt64LE(value, at);
  const bad: readonly { readonly name: string; readonly make: () => Buffer }[] = [
    {
      name: 'program header table beyond the end',
      make: () =>
        altered(good, ({ bytes }) => {
          word(bytes, 32, 1n << 40n);
        }),
    },
    {
      name: 'program header table at 2^63',
      make: () =>
        altered(good, ({ bytes }) => {
          word(bytes, 32, 1n << 63n);
        }),
    },
    {
      name: 'section header table beyond the end',
      make: () =>
        altered(good, ({ bytes }) => {
          word(bytes, 40, 0xffffn);
          bytes.writeUInt16LE(64, 58);
          bytes.writeUInt16LE(0xffff, 60);
        }),
    },
    { name: 'entries of a wrong size', make: () => altered(good, ({ bytes }) => void bytes.writeUInt16LE(7, 54)) },
    { name: '65535 program headers', make: () => altered(good, ({ bytes }) => void bytes.writeUInt16LE(0xffff, 56)) },
    { name: 'unknown word size', make: () => altered(good, ({ bytes }) => void bytes.writeUInt8(9, 4)) },
    {
      name: 'wrong byte order',
      make: () =>
        altered(good, ({ bytes }) => {
          bytes.writeUInt8(2, 5);
          bytes.writeUInt16BE(3, 16);
        }),
    },
    {
      name: 'dynamic section beyond the end',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.table + 2 * 56 + 32, 1n << 20n);
        }),
    },
    {
      name: 'string table of size zero',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.dynamic + 24, 0n);
        }),
    },
    {
      name: 'string table beyond the end',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.dynamic + 24, 1n << 32n);
        }),
    },
    {
      name: 'string table outside every segment',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.dynamic + 8, 0x9990000n);
        }),
    },
    {
      name: 'search path beyond the string table',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.dynamic + 40, 0x7777n);
        }),
    },
    { name: 'search path without an end', make: () => buildElf({ ...good, strings: path.subarray(0, -1) }).bytes },
    {
      name: 'two search paths',
      make: () =>
        buildElf({
          ...good,
          dynamic: [
            [RPATH, 1],
            [RUNPATH, 1],
          ],
        }).bytes,
    },
    {
      name: 'two string tables',
      make: () =>
        buildElf({
          ...good,
          dynamic: [
            [5, 0x10000],
            [RUNPATH, 1],
          ],
        }).bytes,
    },
    {
      name: 'interpreter without an end',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.table + 32, 5n);
        }),
    },
    {
      name: 'segment at the end of the address space',
      make: () =>
        altered(good, ({ bytes, at }) => {
          word(bytes, at.table + 56 + 40, (1n << 63n) - 1n);
        }),
    },
    { name: 'cut after the header', make: () => buildElf(good).bytes.subarray(0, 64) },
    { name: 'cut within the header', make: () => buildElf(good).bytes.subarray(0, 40) },
  ];

  function altered(shape: ElfShape, change: (built: ReturnType<typeof buildElf>) => void): Buffer {
    const built = buildElf(shape);
    change(built);
    return built.bytes;
  }

  test.each(bad)('$name', async ({ make }) => {
    const bytes = make();
    const directory = await tree({ 'bin/p': bytes });
    const plan = await relocate(directory, {
      lists: { relocateBinaries: ['bin/p'] },
      pairs: [],
    });
    expect(plan.files).toEqual([]);
    const reading = readElf(bufferReader(bytes));
    expect(reading.kind).toBe('malformed');
    expect(await readFile(join(directory, 'bin/p'))).toEqual(bytes);
  });

  test.each(bad)('is reported, and its strings are relocated without moving a byte: $name', async ({ make }) => {
    const bytes = make();
    const directory = await tree({ 'bin/p': bytes });
    const plan = await relocate(directory, { lists: { relocateBinaries: ['bin/p'] } });
    expect(plan.warnings).toMatchObject([
      { file: 'bin/p', message: expect.stringContaining('not an ELF file that can be edited') as unknown as string },
    ]);
    const after = await readFile(join(directory, 'bin/p'));
    expect(after.toString('latin1')).toBe(bytes.toString('latin1').replaceAll(OLD, NEW));
  });

  test('a header of the wrong word size that names no segment changes nothing', async () => {
    const { bytes } = buildElf(good);
    bytes.writeUInt8(1, 4);
    const directory = await tree({ 'bin/p': bytes });
    const plan = await relocate(directory, {
      lists: { relocateBinaries: ['bin/p'] },
      pairs: [['/lib/nothing', '/x/nothing']],
    });
    expect(plan.files).toEqual([]);
  });

  test('a file without a dynamic section, and one that is only cut to its magic bytes, are not reported', async () => {
    const object = buildElf({ type: 1 }).bytes;
    const directory = await tree({ 'lib/a.o': object, 'lib/short': Buffer.from('\u007fELF', 'latin1') });
    const plan = await relocate(directory, { lists: { relocateBinaries: ['lib/a.o'] } });
    expect(plan).toMatchObject({ files: [], warnings: [] });
  });

  test('random damage never makes the reader or the planner fail or write outside the file', () => {
    const { bytes } = buildElf({ ...good, note: true });
    const map = prefixMapOf([
      ['/opt/old', '/a/much/longer/place'],
      ['/lib', '/longer/lib'],
    ]);
    const damage = fc.array(
      fc.tuple(fc.nat(bytes.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff))),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(damage, fc.nat(bytes.length), (changes, length) => {
        const broken = Buffer.from(bytes.subarray(0, length === 0 ? bytes.length : length));
        for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
        const reader = bufferReader(broken);
        const reading = readElf(reader);
        if (reading.kind !== 'image') return;
        const edit = planElf(reading.image, reader, map);
        for (const patch of edit?.patches ?? [])
          expect(patch.offset + patch.bytes.length).toBeLessThanOrEqual(broken.length);
        if (edit?.append !== undefined) expect(edit.append.offset).toBeGreaterThanOrEqual(broken.length);
      }),
      { numRuns: 3000 },
    );
  });

  const shapes = [32, 64].flatMap((bits) =>
    [true, false].map((littleEndian) => ({ bits: bits as 32 | 64, littleEndian })),
  );
  test.each(shapes)('$bits bit, little-endian $littleEndian: in place and grown', ({ bits, littleEndian }) => {
    for (const note of [true, false]) {
      const { bytes } = buildElf({ ...good, bits, littleEndian, note });
      expect(readBack(bytes, [['/opt/old/root', '/opt/n']])).toEqual(['/opt/n/p-1-abcdefg/lib', '/lib/ld.so']);
      const map: [string, string][] = [
        ['/opt/old/root', '/opt/very/much/longer/root'],
        ['/lib', '/longer/lib'],
      ];
      expect(readBack(bytes, map)).toEqual(['/opt/very/much/longer/root/p-1-abcdefg/lib', '/longer/lib/ld.so']);
    }
  });
});

/** Search path and interpreter of the file after the planned edit. */
function readBack(bytes: Buffer, map: [string, string][]): readonly (string | undefined)[] {
  const reader = bufferReader(bytes);
  const edit = planElf(imageOf(bytes), reader, prefixMapOf(map));
  const { searchPath, interpreter } = imageOf(edited(bytes, edit));
  return [searchPath?.text.toString(), interpreter?.text.toString()];
}

function imageOf(bytes: Buffer): ElfImage {
  const reading = readElf(bufferReader(bytes));
  if (reading.kind !== 'image') throw new Error(reading.kind);
  return reading.image;
}

function edited(bytes: Buffer, edit: ElfEdit | undefined): Buffer {
  const after = Buffer.from(bytes);
  for (const patch of edit?.patches ?? []) patch.bytes.copy(after, patch.offset);
  if (edit?.append === undefined) return after;
  const parts = edit.append.parts.map((part) =>
    Buffer.isBuffer(part) ? part : after.subarray(part.from, part.from + part.length),
  );
  return Buffer.concat([after, Buffer.alloc(edit.append.offset - after.length), ...parts]);
}

describe('E07 a prefix in two-byte text is reported', () => {
  test.each(['utf16le', 'utf16be'])('%s', async (encoding) => {
    const wide = Buffer.from(`${OLD}/share`, 'utf16le');
    if (encoding === 'utf16be') wide.swap16();
    const directory = await tree({ 'bin/p': Buffer.concat([binary('x'), wide]) });
    const plan = await relocate(directory, { lists: { relocateBinaries: ['bin/p'] } });
    expect(plan.warnings).toEqual([
      { file: 'bin/p', message: 'holds an old prefix as UTF-16 text, which cannot be relocated' },
    ]);
  });
});

describe('E08 links, modes and times survive', () => {
  test('each inode is edited once, in place, whatever its mode', async () => {
    const directory = await tree({ 'bin/p': binary(`\0${OLD}/bin\0`), 'bin/script': `#!${OLD}/bin/sh\n` });
    await link(join(directory, 'bin/p'), join(directory, 'bin/q'));
    await link(join(directory, 'bin/script'), join(directory, 'bin/t'));
    await chmod(join(directory, 'bin/p'), 0o555);
    await chmod(join(directory, 'bin/script'), 0o444);
    for (const name of ['p', 'script']) await utimes(join(directory, 'bin', name), 1, 2);
    const before = await stat(join(directory, 'bin/p'));
    await relocate(directory, {
      lists: {
        relocateBinaries: ['bin/p', 'bin/q'],
        relocateTextFiles: ['bin/script', 'bin/t'],
        hardLinksDeduped: false,
      },
      to: '/opt/n/r/p-1-abcdefg',
    });
    const after = await stat(join(directory, 'bin/q'));
    expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, 2000]);
    expect(await readFile(join(directory, 'bin/q'))).toEqual(binary('\0//////opt/n/r/p-1-abcdefg/bin\0'));
    expect(await readFile(join(directory, 'bin/t'), 'utf8')).toBe('#!/opt/n/r/p-1-abcdefg/bin/sh\n');
    expect((await stat(join(directory, 'bin/t'))).mode & 0o777).toBe(0o444);
    expect((await stat(join(directory, 'bin/t'))).mtimeMs).toBe(2000);
  });

  test('a file with holes keeps its size', async () => {
    const directory = await tree({ p: binary(`\0${OLD}/bin\0`) });
    const file = await open(join(directory, 'p'), 'r+');
    await file.truncate(64 * 1024 * 1024);
    await file.write(`\0${OLD}/end/of/it\0`, 48 * 1024 * 1024);
    await file.close();
    await relocate(directory, { lists: { relocateBinaries: ['p'] } });
    const content = await readFile(join(directory, 'p'));
    expect(content).toHaveLength(64 * 1024 * 1024);
    expect(content.includes(`${NEW}/end/of/it\0`)).toBe(true);
    expect(content.includes(OLD)).toBe(false);
    expect((await stat(join(directory, 'p'))).blocks * 512).toBeLessThan(8 * 1024 * 1024);
  });
});

describe('E09 links are replaced, never followed', () => {
  test.each([
    { name: 'a loop', target: 'loop', want: 'loop' },
    { name: 'itself', target: '.', want: '.' },
    { name: 'exactly the prefix', target: OLD, want: NEW },
    { name: 'relative with the prefix in it', target: `..${OLD}`, want: `..${OLD}` },
    { name: 'a loop by its own path', target: `${OLD}/loop`, want: `${NEW}/loop` },
    {
      name: '4095 bytes',
      target: `${OLD}/${'x'.repeat(4095 - OLD.length - 1)}`,
      want: `${NEW}/${'x'.repeat(4095 - OLD.length - 1)}`,
    },
  ])('$name', async ({ target, want }) => {
    const directory = await tree({});
    await symlink(target, join(directory, 'loop'));
    await relocate(directory, { lists: { relocateLinks: ['loop'] } });
    expect(await readlink(join(directory, 'loop'))).toBe(want);
  });

  test('a target that would be too long is refused', async () => {
    const directory = await tree({});
    await symlink(`${OLD}/${'x'.repeat(4000)}`, join(directory, 'l'));
    const failed = relocate(directory, { lists: { relocateLinks: ['l'] }, to: `/opt/${'n'.repeat(200)}` });
    await expect(failed).rejects.toMatchObject({ kind: 'relocate', details: { file: 'l' } });
  });
});

describe('E11 size and kind of a file do not matter', () => {
  const pieces = ['x'.repeat(1000), `${OLD}/bin`, ' ', OLD, 'word', '/', ':', '-I', '\n', `${OLD}${OLD}`, 'é'];

  test.each([64, 100, 4096])(
    'a text on one line through windows of %d bytes is rewritten as in one piece',
    async (windowBytes) => {
      for (const to of ['/opt/n/p', '/opt/a/much/longer/place/than/before/p-1-abcdefg']) {
        const map = createPrefixMap([
          [OLD, to],
          [OLD_ROOT, '/opt/r'],
        ]);
        let seed = 1;
        const text = Array.from(
          { length: 3000 },
          () => pieces[(seed = (seed * 48271) % 2147483647) % pieces.length] ?? '',
        ).join('');
        const directory = await tree({ text });
        const path = join(directory, 'text');
        const file = await open(path, 'r+');
        await rewriteTextFile({
          descriptor: file.fd,
          path,
          sizeBytes: Buffer.byteLength(text),
          map,
          signal,
          windowBytes,
        });
        await file.close();
        expect((await readFile(path)).equals(relocateText(Buffer.from(text), map) ?? Buffer.alloc(0))).toBe(true);
      }
    },
  );

  test('a large text keeps its inode, and no temporary file stays', async () => {
    const directory = await tree({ 'd/text': `${OLD} `.repeat(400_000) });
    const before = await lstat(join(directory, 'd/text'));
    await relocate(directory, { lists: { relocateTextFiles: ['d/text'] }, to: '/opt/new/longer/root/p-1-abcdefg' });
    const after = await lstat(join(directory, 'd/text'));
    expect(after.ino).toBe(before.ino);
    expect(after.size).toBe(before.size + 400_000 * ('/opt/new/longer/root/p-1-abcdefg'.length - OLD.length));
    expect(await readdir(join(directory, 'd'))).toEqual(['text']);
  });

  test('a program that is listed as text keeps its size', async () => {
    const bytes = binary(`\0${OLD}/bin/and/more\0tail`);
    const directory = await tree({ p: bytes });
    await relocate(directory, { lists: { relocateTextFiles: ['p'] }, to: '/opt/n/p-1-abcdefg' });
    const after = await readFile(join(directory, 'p'));
    expect(after).toHaveLength(bytes.length);
    expect(after.toString('latin1').endsWith('/opt/n/p-1-abcdefg/bin/and/more\0tail')).toBe(true);
  });

  test('a text that is listed as a program keeps its size', async () => {
    const directory = await tree({ p: `prefix = ${OLD}/share/data\n` });
    await relocate(directory, { lists: { relocateBinaries: ['p'] }, to: '/opt/n/p-1-abcdefg' });
    expect(await readFile(join(directory, 'p'), 'utf8')).toBe(
      `prefix = ${'/'.repeat(7)}/opt/n/p-1-abcdefg/share/data\n`,
    );
  });

  test('more strings than are kept are found again when they are written', async () => {
    const text = `\0${OLD}/bin`.repeat(150_000);
    const directory = await tree({ p: binary(text) });
    const plan = await relocate(directory, { lists: { relocateBinaries: ['p'] } });
    expect(plan.files).toMatchObject([{ path: 'p', strings: 'rescan' }]);
    expect((await readFile(join(directory, 'p'))).equals(binary(text.replaceAll(OLD, NEW)))).toBe(true);
  });
});

describe('E12 a failure names the file, and stops the rest', () => {
  test('a file that disappears', async () => {
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, OLD]));
    const directory = await tree(files);
    const plan = await planRelocation(
      await requestFor(directory, { lists: { relocateTextFiles: Object.keys(files) } }),
    );
    await rm(join(directory, 'f30'));
    await mkdir(join(directory, 'f30'));
    const failed = applyRelocation(plan, { signal });
    await expect(failed).rejects.toMatchObject({
      kind: 'io',
      message: expect.stringContaining('f30') as unknown as string,
    });
  });

  test('an aborted signal stops before the first change', async () => {
    const directory = await tree({ f: OLD });
    const plan = await planRelocation(await requestFor(directory, { lists: { relocateTextFiles: ['f'] } }));
    await expect(applyRelocation(plan, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readFile(join(directory, 'f'), 'utf8')).toBe(OLD);
  });
});

describe('E13 prefixes are bytes, not patterns', () => {
  test.each([
    ['/opt/a.b+c(d)[e]', '/opt/$&$1$$'],
    ['/opt/x y', "/opt/it's here"],
    ['/opt/äöü', '/opt/日本'],
    ['/opt/a\\b', '/opt/^$|'],
  ])('%s to %s', (from, to) => {
    const map = createPrefixMap([[from, to]]);
    expect(relocateText(Buffer.from(`"${from}/x" /opt/axb`), map)?.toString()).toBe(`"${to}/x" /opt/axb`);
  });
});

test('a search path grows although the same prefix is nowhere else', async () => {
  const { bytes } = buildElf({ strings: Buffer.from(`\0${OLD}/lib\0`), dynamic: [[RUNPATH, 1]] });
  const directory = await tree({ p: bytes });
  const caught: unknown = await relocate(directory, {
    lists: { relocateBinaries: ['p'] },
    to: '/opt/a/longer/root/p-1-abcdefg',
  }).catch((error: unknown) => error);
  expect(isBerthError(caught)).toBe(false);
  expect((await readFile(join(directory, 'p'))).includes(OLD)).toBe(false);
});
