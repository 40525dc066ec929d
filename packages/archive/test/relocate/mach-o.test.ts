import { describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { planRelocation, readMachO } from '../../src/index.ts';
import { bufferReader } from '../../src/relocate/byte-reader.ts';
import { installNameToolArguments, planMachO, type MachOImage } from '../../src/relocate/mach-o.ts';
import { applyMachO } from '../../src/relocate/mach-o-tools.ts';
import { prefixMapOf } from '../../src/relocate/prefix-map.ts';
import { makeTree, OLD, requestFor } from '../support/relocation.ts';

const [ID, LOAD, WEAK, RPATH, OTHER] = [0x0d, 0x0c, 0x80000018, 0x8000001c, 0x19];

interface Shape {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
}

function machO(
  commands: readonly (readonly [number, string])[],
  { bits, littleEndian }: Shape = { bits: 64, littleEndian: true },
): Buffer {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (littleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const body = Buffer.concat(
    commands.map(([command, path]) => {
      const offset = command === ID || command === LOAD || command === WEAK ? 24 : 12;
      const size = Math.ceil((offset + Buffer.byteLength(path) + 1) / 8) * 8;
      const bytes = Buffer.alloc(size);
      Buffer.concat([u32(command), u32(size), u32(offset)]).copy(bytes);
      bytes.write(path, offset);
      return bytes;
    }),
  );
  const header = [
    bits === 64 ? 0xfeedfacf : 0xfeedface,
    0x01000007,
    3,
    6,
    commands.length,
    body.length,
    0,
    ...(bits === 64 ? [0] : []),
  ];
  return Buffer.concat([...header.map(u32), body, Buffer.from('\0text after the commands\0')]);
}

function fat(...slices: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8 + slices.length * 20);
  header.writeUInt32BE(0xcafebabe, 0);
  header.writeUInt32BE(slices.length, 4);
  let offset = 4096;
  slices.forEach((slice, index) => {
    header.writeUInt32BE(offset, 8 + index * 20 + 8);
    header.writeUInt32BE(slice.length, 8 + index * 20 + 12);
    offset += 4096;
  });
  return Buffer.concat([header, ...slices].map((part) => Buffer.concat([part, Buffer.alloc(4096 - part.length)])));
}

const commands = [
  [ID, `${OLD}/lib/libp.dylib`],
  [LOAD, `${OLD}/lib/libq.dylib`],
  [WEAK, '/usr/lib/libSystem.B.dylib'],
  [OTHER, `${OLD}/not/a/path/command`],
  [RPATH, `${OLD}/lib`],
  [RPATH, '@loader_path/../lib'],
] as const;

function imageOf(bytes: Buffer): MachOImage {
  const reading = readMachO(bufferReader(bytes));
  if (reading.kind !== 'image') throw new Error(reading.kind);
  return reading.image;
}

const want = {
  id: `${OLD}/lib/libp.dylib`,
  libraries: [`${OLD}/lib/libq.dylib`, '/usr/lib/libSystem.B.dylib'],
  rpaths: [`${OLD}/lib`, '@loader_path/../lib'],
};

describe('load commands', () => {
  test.each([32, 64].flatMap((bits) => [true, false].map((littleEndian) => ({ bits: bits as 32 | 64, littleEndian }))))(
    '$bits bit, little-endian $littleEndian',
    (shape) => {
      expect(imageOf(machO(commands, shape))).toMatchObject(want);
    },
  );

  test('a universal file names what all its architectures name, once', () => {
    expect(
      imageOf(fat(machO(commands), machO([[RPATH, '/only/here']], { bits: 32, littleEndian: true }))),
    ).toMatchObject({
      ...want,
      rpaths: [...want.rpaths, '/only/here'],
    });
  });

  test.each([
    ['a Java class', Buffer.from('cafebabe00000034', 'hex'), 'none'],
    ['text', Buffer.from('#!/bin/sh\necho'), 'none'],
    ['cut load commands', machO(commands).subarray(0, 100), 'malformed'],
    ['a command without a size', Buffer.concat([machO(commands).subarray(0, 36), Buffer.alloc(400)]), 'malformed'],
    ['an architecture that is none', fat(Buffer.from('not a program, and long enough to be read')), 'malformed'],
  ])('%s', (_, bytes, kind) => {
    expect(readMachO(bufferReader(bytes)).kind).toBe(kind);
  });

  test('random damage never makes the reader fail', () => {
    const bytes = machO(commands);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(bytes.length),
        (changes, length) => {
          const broken = Buffer.from(bytes.subarray(0, length));
          for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
          expect(['image', 'none', 'malformed']).toContain(readMachO(bufferReader(broken)).kind);
        },
      ),
    );
  });
});

describe('the plan', () => {
  const map = prefixMapOf([
    ['/opt/old/root', '/n'],
    [OLD, '/new/place'],
  ]);

  test('the longest old prefix wins', () => {
    const edit = planMachO(imageOf(machO(commands)), map, 'lib/libp.dylib');
    expect(edit).toMatchObject({
      id: '/new/place/lib/libp.dylib',
      libraries: [[`${OLD}/lib/libq.dylib`, '/new/place/lib/libq.dylib']],
      rpaths: [[`${OLD}/lib`, '/new/place/lib']],
    });
    if (edit === undefined) throw new Error('no edit');
    expect(installNameToolArguments(edit, 'x y')).toEqual([
      ...['-id', '/new/place/lib/libp.dylib', '-rpath', `${OLD}/lib`, '/new/place/lib'],
      ...['-change', `${OLD}/lib/libq.dylib`, '/new/place/lib/libq.dylib', 'x y'],
    ]);
  });

  test.each(['lib/p.o', 'lib/libgcc_s.1.dylib'])('%s is left alone', (file) => {
    expect(planMachO(imageOf(machO(commands)), map, file)).toBeUndefined();
  });

  test('names may grow, what is compiled in may not', async () => {
    const tree = await makeTree({
      'lib/libp.dylib': machO(commands.filter(([command]) => command !== OTHER)),
      'lib/q': Buffer.concat([machO([]), Buffer.from(`\0${OLD}/x\0`)]),
    });
    const to = '/opt/very/much/longer/p-1-abcdefg';
    const plan = await planRelocation(
      await requestFor(tree.directory, { lists: { relocateBinaries: ['lib/libp.dylib'] }, to, platform: 'darwin' }),
    );
    expect(plan.files).toMatchObject([{ path: 'lib/libp.dylib', strings: [], machO: { id: `${to}/lib/libp.dylib` } }]);
    const compiled = planRelocation(
      await requestFor(tree.directory, { lists: { relocateBinaries: ['lib/q'] }, to, platform: 'darwin' }),
    );
    await expect(compiled).rejects.toMatchObject({ code: 'ERR_RELOCATE_GROW', details: { file: 'lib/q' } });
    await tree.remove();
  });
});

test('the tools work on a copy whose bytes go back into the file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-mach-o-'));
  const file = join(directory, 'lib p');
  await writeFile(file, 'before');
  for (const name of ['install_name_tool', 'codesign']) {
    await writeFile(
      join(directory, name),
      `#!/bin/sh\nfor last; do :; done\nprintf '%s:%s;' ${name} "$1" >> "$last"\n`,
    );
    await chmod(join(directory, name), 0o755);
  }
  const edit = { id: '/new id', libraries: [], rpaths: [], masks: [] };
  const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
  await applyMachO(edit, file, { signal: AbortSignal.timeout(10_000), env });
  expect(await readFile(file, 'utf8')).toBe('beforeinstall_name_tool:-id;codesign:-fs-;');
  await rm(join(directory, 'codesign'));
  const failed = applyMachO(edit, file, { signal: AbortSignal.timeout(10_000), env: { PATH: directory } });
  await expect(failed).rejects.toMatchObject({ kind: 'relocate', code: 'ERR_RELOCATE_TOOL' });
  await rm(directory, { recursive: true });
});
