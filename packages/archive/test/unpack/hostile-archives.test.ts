import { errnoCode, isBerthError } from '@berth/base';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Arena, createArena, snapshot } from '../support/arena.ts';
import {
  base256,
  BUILD_INFO,
  directory,
  END,
  file,
  gnuLong,
  hardlink,
  header,
  P,
  packageOf,
  padded,
  pax,
  record,
  symlink,
  tarOf,
} from '../support/raw-tar.ts';

let arena: Arena;

beforeEach(async () => {
  arena = await createArena();
});

afterEach(async () => {
  await arena[Symbol.asyncDispose]();
});

const long = 'n'.repeat(120);

/** Row of hostile-inputs §1, what it is, and the members that make it. All are refused as `archive`. */
const refused: readonly (readonly [id: string, what: string, members: () => Buffer[]])[] = [
  ['A01', 'a name that leads upwards', () => [file(`${P}/../../../x`, 'x')]],
  ['A01', 'a directory name that leads upwards', () => [directory(`${P}/..`)]],
  ['A02', 'an absolute name', () => [file('/etc/x', 'x')]],
  ['A02', 'a name with two leading slashes', () => [file('//x', 'x')]],
  ['A04', 'a name that only starts with the same letters', () => [file(`${P}evil/f`, 'x')]],
  ['A04', 'a directory name that only starts with the same letters', () => [directory(`${P}2`)]],
  ['A05', 'a file below a symlink to the outside', () => [symlink(`${P}/l`, arena.canary), file(`${P}/l/x`, 'x')]],
  ['A05', 'a directory below a symlink to the outside', () => [symlink(`${P}/l`, arena.canary), directory(`${P}/l/d`)]],
  [
    'A06',
    'a file below a chain of symlinks',
    () => [
      directory(`${P}/a`),
      symlink(`${P}/a/up`, '../..'),
      symlink(`${P}/a/esc`, 'up/..'),
      file(`${P}/a/esc/x`, 'x'),
    ],
  ],
  [
    'A07',
    'a file below a symlink to the inside',
    () => [directory(`${P}/lib`), symlink(`${P}/l`, 'lib'), file(`${P}/l/x`)],
  ],
  ['A08', 'a hard link to an absolute path', () => [hardlink(`${P}/h`, join(arena.canary, 'secret'))]],
  ['A09', 'a hard link that leads upwards', () => [hardlink(`${P}/h`, `${P}/../../../../canary/secret`)]],
  ['A09', 'a hard link without the prefix', () => [file(`${P}/f`, 'x'), hardlink(`${P}/h`, 'f')]],
  [
    'A10',
    'a hard link through a symlink',
    () => [symlink(`${P}/l`, arena.canary), hardlink(`${P}/h`, `${P}/l/secret`)],
  ],
  [
    'A10',
    'a hard link through a symlink to the inside',
    () => [directory(`${P}/d`), file(`${P}/d/f`, 'x'), symlink(`${P}/l`, 'd'), hardlink(`${P}/h`, `${P}/l/f`)],
  ],
  ['A11', 'a hard link to a later member', () => [hardlink(`${P}/h`, `${P}/later`), file(`${P}/later`, 'x')]],
  ['A11', 'a hard link to no member', () => [hardlink(`${P}/h`, `${P}/never`)]],
  ['A11', 'a hard link to itself', () => [hardlink(`${P}/h`, `${P}/h`)]],
  ['A12', 'a hard link to a symlink', () => [symlink(`${P}/l`, 'x'), hardlink(`${P}/h`, `${P}/l`)]],
  ['A12', 'a hard link to a directory', () => [directory(`${P}/d`), hardlink(`${P}/h`, `${P}/d`)]],
  [
    'A12',
    'a hard link to a hard link',
    () => [file(`${P}/f`, 'x'), hardlink(`${P}/g`, `${P}/f`), hardlink(`${P}/h`, `${P}/g`)],
  ],
  [
    'A13',
    'a hard link with data',
    () => [file(`${P}/f`, 'x'), hardlink(`${P}/h`, `${P}/f`, { size: 4 }), padded('data')],
  ],
  ['A13', 'a symlink with data', () => [header({ name: `${P}/l`, type: '2', link: 'x', size: 4 }), padded('data')]],
  ['A14', 'two files of one name', () => [file(`${P}/f`, '1'), file(`${P}/f`, '2')]],
  ['A14', 'two files of one name after normalising', () => [file(`${P}/f`, '1'), file(`./${P}//./f`, '2')]],
  ['A14', 'two symlinks of one name', () => [symlink(`${P}/l`, 'a'), symlink(`${P}/l`, 'b')]],
  ['A15', 'a file, then a directory of its name', () => [file(`${P}/f`), directory(`${P}/f`)]],
  ['A15', 'a directory, then a symlink of its name', () => [directory(`${P}/d`), symlink(`${P}/d`, arena.canary)]],
  ['A15', 'a symlink, then a directory of its name', () => [symlink(`${P}/d`, arena.canary), directory(`${P}/d`)]],
  ['A15', 'a directory, then a file of its name', () => [directory(`${P}/d`), file(`${P}/d`)]],
  ['A15', 'a file, then a member below it', () => [file(`${P}/f`), file(`${P}/f/x`)]],
  ...['3', '4', '6', '7', 's', 'D', 'M', 'N', 'V', 'X', 'A', 'Z', '\xff'].map(
    (type): [string, string, () => Buffer[]] => ['A17', `type ${type}`, () => [header({ name: `${P}/f`, type })]],
  ),
  ['A21', 'two different sizes', () => [pax(record('size', '3')), header({ name: `${P}/f`, size: 2 }), padded('abc')]],
  ['A21', 'a size that is no number', () => [pax(record('size', '0x3')), file(`${P}/f`, 'abc', { size: 0 })]],
  ['A22', 'a pax path that leads upwards', () => [pax(record('path', `${P}/../../x`)), file(`${P}/harmless`, 'x')]],
  ['A22', 'an absolute pax path', () => [pax(record('path', join(arena.canary, 'x'))), file(`${P}/harmless`, 'x')]],
  ['A22', 'an empty pax path', () => [pax(record('path', '')), file(`${P}/harmless`, 'x')]],
  [
    'A22',
    'a pax link path to the outside',
    () => [file(`${P}/f`, 'x'), pax(record('linkpath', join(arena.canary, 'secret'))), hardlink(`${P}/h`, `${P}/f`)],
  ],
  ['A22', 'a GNU long name that leads upwards', () => [gnuLong('L', `${P}/../../${long}`), file(`${P}/harmless`, 'x')]],
  [
    'A22',
    'a GNU long link to the outside',
    () => [file(`${P}/f`, 'x'), gnuLong('K', join(arena.canary, 'secret')), hardlink(`${P}/h`, `${P}/f`)],
  ],
  ['A23', 'a long name after a long name', () => [gnuLong('L', `${P}/a`), gnuLong('L', `${P}/b`), file('c')]],
  [
    'A23',
    'a pax header after a pax header',
    () => [pax(record('path', `${P}/a`)), pax(record('comment', 'b')), file('c')],
  ],
  ['A23', 'a long name after a pax header', () => [pax(record('path', `${P}/a`)), gnuLong('L', `${P}/b`), file('c')]],
  [
    'A23',
    'a global header after a pax header',
    () => [pax(record('path', `${P}/a`)), pax(record('comment', ''), 'g'), file('c')],
  ],
  ...['path', 'linkpath', 'size', 'GNU.sparse.major'].map((key): [string, string, () => Buffer[]] => [
    'A24',
    `a global ${key}`,
    () => [pax(record(key, '1'), 'g')],
  ]),
  ...[
    ['a record that is too long', '99 path=x\n'],
    ['a record that is too short', '8 path=x\n'],
    ['a record that ends inside the next', '21 path=xyzzy\n13 path=abcd\n'],
    ['a length of zero', '0 path=x\n'],
    ['a negative length', '-10 path=x\n'],
    ['a length with a leading zero', '010 path=x\n'],
    ['a length in another base', '0xa path=x\n'],
    ['no length', 'path=x\n'],
    ['no space', '10'],
    ['no newline', '10 path=xy'],
    ['no equals sign', '11 pathxxx\n'],
    ['no key', '5 =x\n'],
    ['a NUL in the key', '11 pa\0th=x\n'],
    ['junk after the last record', '10 path=x\njunk'],
    ['one key twice', '10 path=x\n10 path=y\n'],
  ].map(([what = '', body = '']): [string, string, () => Buffer[]] => ['A25', what, () => [pax(body), file(`${P}/f`)]]),
  ['A25', 'a key that is not UTF-8', () => [pax(Buffer.from('6 \xff=x\n', 'latin1')), file(`${P}/f`)]],
  ['A26', 'a wrong checksum', () => [file(`${P}/f`, '', { checksum: 1 })]],
  ['A26', 'an unknown magic', () => [file(`${P}/f`, '', { magic: 'ustar\u000001' })]],
  ['A28', 'a negative size', () => [file(`${P}/f`, '', { size: base256(-1n, 12) })]],
  ['A28', 'a size above 2^53', () => [file(`${P}/f`, '', { size: base256(2n ** 53n, 12) })]],
  ['A28', 'a size with letters', () => [file(`${P}/f`, '', { size: Buffer.from('0000000x00\0 ') })]],
  ['A28', 'a size in decimal', () => [file(`${P}/f`, '', { size: Buffer.from('00000000008\0') })]],
  ['A28', 'a mode with a sign', () => [file(`${P}/f`, '', { mode: Buffer.from('-000644\0') })]],
  ['A28', 'an owner with junk', () => [file(`${P}/f`, '', { uid: Buffer.from('0000 12\0') })]],
  ['A28', 'a time with junk', () => [file(`${P}/f`, '', { mtime: Buffer.from('000000000z0\0') })]],
  ['A28', 'a pax size above 2^53', () => [pax(record('size', '9007199254740993')), file(`${P}/f`)]],
  ['A29', 'a GNU sparse file', () => [file(`${P}/f`, '', { type: 'S', magic: 'ustar  \0' })]],
  ['A29', 'a pax sparse file', () => [pax(record('GNU.sparse.realsize', '1000')), file(`${P}/f`)]],
  ['A31', 'a name with a byte that is no UTF-8', () => [file(Buffer.from(`${P}/\xff`, 'latin1'), 'x')]],
  ['A31', 'a name with an overlong form', () => [file(Buffer.from(`${P}/\xc0\xaf`, 'latin1'), 'x')]],
  [
    'A31',
    'a pax path with a surrogate',
    () => [pax(record('path', Buffer.from(`${P}/\xed\xa0\x80`, 'latin1'))), file('f')],
  ],
  ['A32', 'a NUL inside a name', () => [file(`${P}/f\0g`, 'x')]],
  ['A32', 'a NUL inside a pax path', () => [pax(record('path', `${P}/f\0g`)), file('f', 'x')]],
  ['A32', 'a NUL inside a long name', () => [gnuLong('L', `${P}/f\0g`), file('f', 'x')]],
  ['A32', 'a NUL inside a link target', () => [header({ name: `${P}/l`, type: '2', link: 'a\0b' })]],
  ['A32', 'an empty name', () => [file('')]],
  ['A32', 'an empty link target', () => [symlink(`${P}/l`, '')]],
  [
    'A36',
    'a second candidate of equal length',
    () => [directory('opt/store/pkg-2.0'), file('opt/store/pkg-2.0/.spack/binary_distribution')],
  ],
  ['A37', 'a file beside the parents', () => [file('opt/stray')]],
  ['A37', 'a directory beside the parents', () => [directory('opt/stray')]],
  ['A37', 'a symlink in place of nothing above the prefix', () => [symlink('opt/link', 'store')]],
];

/** What the message of each row must say, so that no row passes for another's reason. */
const reasons: Readonly<Record<string, RegExp>> = {
  A01: /leads upwards/,
  A02: /absolute/,
  A04: /lies outside of the prefix/,
  A05: /lies below .*, which is a symlink/,
  A06: /lies below .*, which is a symlink/,
  A07: /lies below .*, which is a symlink/,
  A08: /hard link .* absolute/,
  A09: /hard link .*(leads upwards|no earlier file)/,
  A10: /hard link .* no earlier file/,
  A11: /hard link .* no earlier file/,
  A12: /hard link .* no earlier file/,
  A13: /carries data/,
  A14: /an earlier (file|symlink) has the same name/,
  A15: /an earlier .* has the same name|lies below .*, which is a file/,
  A17: /is of type/,
  A21: /has two different sizes|malformed size/,
  A22: /leads upwards|absolute/,
  A23: /out of place/,
  A24: /a global header sets/,
  A25: /an extended header (holds a|names one key twice)/,
  A26: /wrong checksum|no known tar format/,
  A28: /malformed (number|size)/,
  A29: /sparse|is of type/,
  A31: /not valid UTF-8/,
  A32: /NUL inside|empty|to nowhere/,
  A36: /equal length/,
  A37: /lies outside of the prefix/,
};

test.each(refused)('%s is refused: %s', async (id, _what, members) => {
  const error = await arena.refuse(packageOf(...members()));
  expect(error).toMatchObject({
    name: 'BerthError',
    kind: 'archive',
    message: expect.stringMatching(reasons[id] ?? /^$/),
  });
});

test('A01–A37: each of the rows above was built, and a package without them is accepted', async () => {
  expect(refused.length).toBe(101);
  await expect(arena.unpack(packageOf())).resolves.toMatchObject({ oldPrefix: `/${P}` });
});

test('A02: a backslash is an ordinary byte here', async () => {
  await arena.unpack(packageOf(file(`${P}/..\\x`, '1'), file(`${P}/C:\\x`, '2'), file(`${P}/\\\\host\\x`, '3')));
  expect(readdirSync(arena.target).sort()).toEqual(['..\\x', '.spack', 'C:\\x', '\\\\host\\x']);
});

test('A03: harmless variants of names are normalised', async () => {
  const stored = packageOf(directory(`./${P}/d/`), file(`./${P}//d/./a`, 'x'), directory(`${P}/d`), directory('./'));
  const { members } = await arena.unpack(stored);
  expect([...members.keys()]).toEqual(['', '.spack', '.spack/spec.json', 'd', 'd/a', '.spack/binary_distribution']);
  expect(readFileSync(join(arena.target, 'd/a'), 'utf8')).toBe('x');
});

test('A16: names that differ only in case or normal form are different files here', async () => {
  const names = ['straße', 'STRASSE', 'caf\u00e9', 'cafe\u0301', 'Readme', 'README'];
  await arena.unpack(packageOf(...names.map((name) => file(`${P}/${name}`, name))));
  for (const name of names) expect(readFileSync(join(arena.target, name), 'utf8')).toBe(name);
});

test('A18: special mode bits are cleared, and the umask does not narrow the rest', async () => {
  const umask = process.umask(0o077);
  try {
    const stored = packageOf(
      directory(`${P}/d`, { mode: 0o7777 }),
      file(`${P}/d/suid`, '', { mode: 0o4755 }),
      file(`${P}/d/open`, '', { mode: 0o666 }),
      file(`${P}/d/group`, '', { mode: 0o2070 }),
      file(`${P}/d/owner`, '', { mode: 0o100 }),
    );
    const { members } = await arena.unpack(stored);
    for (const [path, mode] of Object.entries({
      d: 0o755,
      'd/suid': 0o755,
      'd/open': 0o644,
      'd/group': 0o644,
      'd/owner': 0o755,
    })) {
      expect([path, lstatSync(join(arena.target, path)).mode & 0o7777]).toEqual([path, mode]);
      expect(members.get(path)?.mode).toBe(mode);
    }
  } finally {
    process.umask(umask);
  }
});

test('A19: the owner in the archive is not applied', async () => {
  const uid = base256(4_294_967_295n, 8);
  await arena.unpack(packageOf(file(`${P}/f`, 'x', { uid, uname: 'daemon' }), file(`${P}/g`, 'x', { uid: 1 })));
  expect(lstatSync(join(arena.target, 'f')).uid).toBe(process.getuid?.());
  expect(lstatSync(join(arena.target, 'g')).uid).toBe(process.getuid?.());
});

test('A20: extended attributes in pax records are ignored', async () => {
  const records = [
    record('SCHILY.xattr.security.capability', Buffer.from([1, 0, 0, 2])),
    record('SCHILY.acl.access', 'x'),
  ];
  await arena.unpack(packageOf(pax(Buffer.concat([...records, record('mtime', '1.5')])), file(`${P}/f`, 'x')));
  expect(snapshot(join(arena.target, 'f'))['']).toMatch(/^100644 /);
});

test('A21: the pax size governs where the next header is', async () => {
  const data = Buffer.concat([file(`${P}/hidden`, 'hidden'), Buffer.from('rest')]);
  const stored = packageOf(pax(record('size', String(data.length))), header({ name: `${P}/f` }), padded(data));
  const { members } = await arena.unpack(stored);
  expect(members.has('hidden')).toBe(false);
  expect(readFileSync(join(arena.target, 'f'))).toEqual(data);
});

test('A21: a pax size of one gibibyte without the data is a cut archive', async () => {
  const stored = packageOf(pax(record('size', String(2 ** 30))), header({ name: `${P}/f` }));
  await expect(arena.refuse(stored)).resolves.toMatchObject({ kind: 'archive', code: 'ERR_ARCHIVE_CORRUPT' });
});

test('A23: a long name is limited before it is read', async () => {
  const stored = packageOf(header({ name: 'x', type: 'L', size: 100 * 2 ** 20, magic: 'ustar  \0' }));
  await expect(arena.refuse(stored)).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarHeaderValueBytes' },
  });
});

test('A23: an extended header and one of its values are limited', async () => {
  const header2M = packageOf(header({ name: 'x', type: 'x', size: 2 * 2 ** 20 }));
  await expect(arena.refuse(header2M)).resolves.toMatchObject({ kind: 'limit', details: { limit: 'tarHeaderBytes' } });
  const value65K = packageOf(pax(record('comment', 'c'.repeat(65_537))), file(`${P}/f`));
  await expect(arena.refuse(value65K)).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarHeaderValueBytes' },
  });
});

test.each([
  ['a long name', gnuLong('L', `${P}/x`)],
  ['a pax header', pax(record('path', `${P}/x`))],
])('A23: %s with no member after it is refused', async (_what, last) => {
  const whole = tarOf();
  const cut = whole.subarray(0, whole.length - END.length);
  for (const stored of [Buffer.concat([cut, last]), Buffer.concat([cut, last, END])]) {
    await expect(arena.refuse(gzipSync(stored))).resolves.toMatchObject({ kind: 'archive' });
  }
});

test('A24: a global comment is ignored', async () => {
  await expect(
    arena.unpack(packageOf(pax(record('comment', 'made by hand'), 'g'), file(`${P}/f`))),
  ).resolves.toBeDefined();
});

test('A26: an archive cut inside a header or inside data is refused', async () => {
  const whole = tarOf(file(`${P}/f`, 'x'.repeat(700)));
  const lastMember = whole.length - END.length - 1024;
  const cuts = [1, 2, 99, 100, 147, 256, 344, 500, 511, 513, 520, 600, 1023];
  for (const cut of cuts) {
    const error = await arena.refuse(gzipSync(whole.subarray(0, lastMember + cut)));
    expect(error).toMatchObject({ kind: 'archive', message: expect.stringContaining('cut short') });
  }
});

test('A27: missing end blocks after a complete member are accepted', async () => {
  const whole = tarOf(file(`${P}/f`, 'x'));
  await expect(arena.unpack(gzipSync(whole.subarray(0, whole.length - END.length)))).resolves.toBeDefined();
});

test('A27: one end block is accepted', async () => {
  await expect(arena.unpack(gzipSync(tarOf().subarray(0, -512)))).resolves.toBeDefined();
});

test.each([
  ['data after the end blocks', Buffer.concat([tarOf(), Buffer.from('x')])],
  ['data far after the end blocks', Buffer.concat([tarOf(), Buffer.alloc(100_000), Buffer.from('x')])],
  ['a member after one end block', Buffer.concat([tarOf().subarray(0, -512), file(`${P}/late`), END])],
  ['a second archive', Buffer.concat([tarOf(), tarOf()])],
])('A27: %s is refused', async (_what, stored) => {
  await expect(arena.refuse(gzipSync(stored))).resolves.toMatchObject({ kind: 'archive' });
});

test('A30: names and links are restored byte for byte and shown escaped', async () => {
  const names = ['new\nline', 'es\u001b[31mc', 'tab\t', `quo"te'`, '-rf', ' spaces ', '$(touch x)', '\u202egnp', '%s'];
  await arena.unpack(
    packageOf(...names.map((name) => file(`${P}/${name}`, name)), symlink(`${P}/link`, names[0] ?? '')),
  );
  expect(new Set(readdirSync(arena.target))).toEqual(new Set(['.spack', 'link', ...names]));

  const other = await createArena();
  const error = await other.refuse(packageOf(file(`${P}/es\u001b[31mc\n\u202e/..`)));
  await other[Symbol.asyncDispose]();
  const message = isBerthError(error) ? error.message : '';
  expect(message).toContain('es\\\\x1b[31mc\\\\n\\\\u{202e}/..');
  expect(message).not.toMatch(/[\n\u202e]/);
});

test('A33: long paths, long components and deep directories are limited, none of them published', async () => {
  const path = `${P}/${'d/'.repeat(2500)}f`;
  await expect(arena.refuse(packageOf(pax(record('path', path)), file('f')))).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarPathBytes' },
  });
  const component = `${P}/${'c'.repeat(300)}`;
  await expect(arena.refuse(packageOf(pax(record('path', component)), file('f')))).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarComponentBytes' },
  });
  const nested = Array.from({ length: 300 }, (_, depth) => {
    const name = `${P}/${'d/'.repeat(depth + 1)}`;
    return Buffer.concat([pax(record('path', name)), directory('d')]);
  });
  await expect(arena.refuse(packageOf(...nested))).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarDepth' },
  });
  const target = packageOf(pax(record('linkpath', 't'.repeat(4096))), symlink(`${P}/l`, 'x'));
  await expect(arena.refuse(target)).resolves.toMatchObject({ kind: 'limit', details: { limit: 'tarPathBytes' } });
});

test('A33: 100 000 nested directories end at the limit', async () => {
  const name = 'd/'.repeat(100_000);
  await expect(arena.refuse(packageOf(gnuLong('L', name.slice(0, 60_000)), directory('d')))).resolves.toMatchObject({
    kind: 'limit',
  });
});

test('A34: entries are limited, those that follow from names included', async () => {
  const limits = { tarEntries: 500 };
  const files = Array.from({ length: 500 }, (_, number) => file(`${P}/${number}`));
  await expect(arena.refuse(packageOf(...files), { limits })).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarEntries' },
  });
  const deep = Array.from({ length: 10 }, (_, number) => file(`${P}/${number}/${'d/'.repeat(30)}/f`));
  await expect(arena.refuse(packageOf(...deep), { limits: { tarEntries: 200 } })).resolves.toMatchObject({
    kind: 'limit',
    details: { limit: 'tarEntries' },
  });
  await expect(arena.unpack(packageOf(...files.slice(0, 400)), { limits })).resolves.toBeDefined();
});

test.each([
  ['missing', (): Buffer => Buffer.concat([directory('opt'), directory('opt/p'), file('opt/p/f'), END])],
  [
    'a symlink',
    (): Buffer =>
      Buffer.concat([directory('p'), directory('p/.spack'), symlink('p/.spack/binary_distribution', 'x'), END]),
  ],
  [
    'a directory',
    (): Buffer =>
      Buffer.concat([directory('p'), directory('p/.spack'), directory('p/.spack/binary_distribution'), END]),
  ],
  [
    'a hard link',
    (): Buffer => Buffer.concat([directory('p'), file('p/f'), hardlink('p/.spack/binary_distribution', 'p/f'), END]),
  ],
])('A35: an archive whose build information is %s is not a package', async (_what, archive) => {
  await expect(arena.refuse(gzipSync(archive()))).resolves.toMatchObject({ code: 'ERR_ARCHIVE_PREFIX' });
});

test('A36: the shortest name decides where the prefix is', async () => {
  const inner = [directory(`${P}/sub`), file(`${P}/sub/.spack/binary_distribution`, 'inner')];
  const { buildInfo, oldPrefix } = await arena.unpack(packageOf(...inner));
  expect(oldPrefix).toBe(`/${P}`);
  expect(buildInfo.toString()).toBe(BUILD_INFO);
  expect(readFileSync(join(arena.target, 'sub/.spack/binary_distribution'), 'utf8')).toBe('inner');
});

test.each([
  ['no directory entry for the prefix', [directory('opt'), file('opt/p/.spack/binary_distribution')]],
  ['no prefix at all', [directory('.spack'), file('.spack/binary_distribution')]],
  ['no member', []],
])('A37: an archive with %s is not a package', async (_what, members) => {
  await expect(arena.refuse(gzipSync(Buffer.concat([...members, END])))).resolves.toMatchObject({
    code: 'ERR_ARCHIVE_PREFIX',
  });
});

test('A38: withheld files never appear under their names, in whichever folder they are', async () => {
  const stored = packageOf(
    directory(`${P}/sub`),
    file(`${P}/sub/.spack/spec.json`, 'of something else'),
    hardlink(`${P}/copy`, `${P}/.spack/spec.json`),
  );
  const { withheld, members } = await arena.unpack(stored, { withhold: ['.spack/spec.json'] });
  expect(withheld.get('.spack/spec.json')?.toString()).toBe('{"spec":{}}');
  expect(existsSync(join(arena.target, '.spack/spec.json'))).toBe(false);
  expect(readFileSync(join(arena.target, 'sub/.spack/spec.json'), 'utf8')).toBe('of something else');
  expect(readFileSync(join(arena.target, 'copy'), 'utf8')).toBe('{"spec":{}}');
  expect(members.get('copy')).toMatchObject({ kind: 'file', hardLinkOf: '.spack/spec.json', sizeBytes: 11 });
});

test('A38: a member that is named like a temporary file of ours is only a file', async () => {
  const names = ['.berth-0', '.root-0', '.aside-0', '0'];
  await arena.unpack(packageOf(...names.map((name) => file(`${P}/${name}`, name))));
  expect(readdirSync(arena.target).sort()).toEqual(['.aside-0', '.berth-0', '.root-0', '.spack', '0']);
});

test('A40: only an empty directory of ours is a target', async () => {
  const cases: Record<string, (place: string) => void> = {
    file: (place) => {
      writeFileSync(place, 'x');
    },
    link: (place) => {
      symlinkSync(join(arena.canary, 'folder'), place);
    },
    full: (place) => {
      mkdirSync(join(place, 'x'), { recursive: true });
    },
    shared: (place) => {
      mkdirSync(place);
      mkdirSync(join(place, 'y'), 0o777);
    },
    ...(process.getuid?.() === 0
      ? {
          foreign: (place: string) => {
            mkdirSync(place);
            chownSync(place, 1, 1);
          },
        }
      : {}),
  };
  for (const [name, make] of Object.entries(cases)) {
    const place = join(arena.canary, name);
    make(place);
    const before = snapshot(arena.canary, { times: true });
    const error = await arena.unpack(packageOf(), { directory: place }).catch((reason: unknown) => reason);
    expect([name, error]).toEqual([name, expect.objectContaining({ code: 'ERR_UNPACK_DIRECTORY' })]);
    expect(snapshot(arena.canary, { times: true })).toEqual(before);
  }
  const error = await arena
    .unpack(packageOf(), { directory: join(arena.top, 'none') })
    .catch((reason: unknown) => reason);
  expect(isBerthError(error, 'ERR_IO') && errnoCode(error.cause)).toBe('ENOENT');
});

test('A41: a directory that others can write to is no target', async () => {
  const place = join(arena.top, 'open');
  const umask = process.umask(0);
  mkdirSync(place, 0o777);
  process.umask(umask);
  const error = await arena.unpack(packageOf(), { directory: place }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_UNPACK_DIRECTORY' });
  expect(readdirSync(place)).toEqual([]);
});

test('legitimate links are restored as data, wherever they point', async () => {
  const targets = ['../does-not-exist', '/etc/hostname', `/${P}/f`, '/opt/store/other-1.0/lib', '.', arena.canary];
  const links = targets.map((target, number) => symlink(`${P}/l${number}`, target));
  const { members } = await arena.unpack(packageOf(file(`${P}/f`, 'x'), ...links, hardlink(`${P}/h`, `${P}/f`)));
  targets.forEach((target, number) => {
    expect(members.get(`l${number}`)).toMatchObject({ kind: 'symlink', linkTarget: target });
    expect(snapshot(join(arena.target, `l${number}`))['']).toBe(`120777 ${target}`);
  });
  expect(lstatSync(join(arena.target, 'h')).ino).toBe(lstatSync(join(arena.target, 'f')).ino);
});
