import { afterEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pruneSearchPaths, readElf, rewriteShebangs, SBANG_SCRIPT, walkPrefix } from '../../src/index.ts';
import { bufferReader } from '../../src/relocate/byte-reader.ts';
import { buildElf, RPATH, RUNPATH } from '../support/elf-builder.ts';
import { makeTree, signal, type Tree } from '../support/relocation.ts';
import { toolTest } from '../support/tools.ts';

const trees: Tree[] = [];
afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.remove();
});
async function tree(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const made = await makeTree(files);
  trees.push(made);
  return made.directory;
}

const sbang = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/sbang.json'), 'utf8')) as {
  sbang_path: string;
  cases: { name: string; in: string; out: string; changed: boolean }[];
};

async function rewrite(
  directory: string,
  options: { readonly finalPrefix?: string; readonly sbangPath?: string; readonly platform?: 'linux' | 'darwin' } = {},
): ReturnType<typeof rewriteShebangs> {
  const { finalPrefix = '/opt/store/p', sbangPath = sbang.sbang_path, platform = 'linux' } = options;
  return rewriteShebangs(directory, {
    sbangPath,
    finalPrefix,
    platform,
    entries: await walkPrefix(directory, { signal }),
    signal,
  });
}

const LONG = `#!/opt/${'d'.repeat(150)}/bin/python3\n`;

describe('E10 long first lines', () => {
  test('all vectors, as files', async () => {
    const directory = await tree(
      Object.fromEntries(sbang.cases.map(({ name, in: input }) => [name, Buffer.from(input, 'base64')])),
    );
    for (const { name } of sbang.cases) await chmod(join(directory, name), 0o755);
    const { rewritten } = await rewrite(directory);
    expect([...rewritten].sort()).toEqual(
      sbang.cases
        .filter(({ changed }) => changed)
        .map(({ name }) => name)
        .sort(),
    );
    for (const { name, out } of sbang.cases) {
      expect([name, (await readFile(join(directory, name))).toString('base64')]).toEqual([name, out]);
    }
    expect(sbang.cases).toHaveLength(18);
  });

  test('only executable regular files are looked at; mode and time stay, hard links get the line each', async () => {
    const directory = await tree({ 'bin/a': `${LONG}x\n`, 'bin/data': `${LONG}x\n` });
    await chmod(join(directory, 'bin/a'), 0o555);
    await link(join(directory, 'bin/a'), join(directory, 'bin/b'));
    await utimes(join(directory, 'bin/a'), 1, 2);
    const before = await lstat(join(directory, 'bin/a'));
    expect(await rewrite(directory)).toEqual({ rewritten: ['bin/a', 'bin/b'], warnings: [] });
    const [a, b] = [await lstat(join(directory, 'bin/a')), await lstat(join(directory, 'bin/b'))];
    expect([a.mode, a.mtimeMs, a.nlink, b.nlink]).toEqual([before.mode, before.mtimeMs, 1, 1]);
    expect(await readFile(join(directory, 'bin/b'), 'utf8')).toBe(`#!/bin/sh ${sbang.sbang_path}\n${LONG}x\n`);
    expect(await readFile(join(directory, 'bin/data'), 'utf8')).toBe(`${LONG}x\n`);
    expect(await rewrite(directory)).toEqual({ rewritten: [], warnings: [] });
  });

  test('a script larger than one window keeps its rest', async () => {
    const rest = Buffer.alloc(5 * 1024 * 1024, 'abcdefghi\n');
    const directory = await tree({ s: Buffer.concat([Buffer.from(LONG), rest]) });
    await chmod(join(directory, 's'), 0o755);
    await rewrite(directory);
    const after = await readFile(join(directory, 's'));
    expect(after.subarray(-rest.length).equals(rest)).toBe(true);
    expect(after).toHaveLength(`#!/bin/sh ${sbang.sbang_path}\n${LONG}`.length + rest.length);
  });

  test('macOS runs longer lines', async () => {
    const directory = await tree({ s: LONG });
    await chmod(join(directory, 's'), 0o755);
    expect((await rewrite(directory, { platform: 'darwin' })).rewritten).toEqual([]);
  });

  test('a prefix with blanks is reported', async () => {
    const directory = await tree({ s: '#!/opt/my store/p/bin/python3\n' });
    await chmod(join(directory, 's'), 0o755);
    const { warnings } = await rewrite(directory, { finalPrefix: '/opt/my store/p' });
    expect(warnings).toEqual([{ file: 's', message: expect.stringContaining('blank') as unknown as string }]);
  });

  test('a script path that is itself too long is refused', async () => {
    const directory = await tree({});
    await expect(rewrite(directory, { sbangPath: `/${'r'.repeat(120)}/bin/sbang` })).rejects.toMatchObject({
      kind: 'config',
      code: 'ERR_SBANG_PATH',
    });
  });
});

describe('the sbang script', () => {
  /** A folder with sbang, an interpreter that shows how it is called, and `script`. */
  async function setUp(
    name: string,
    lines: (interpreter: string) => string,
  ): Promise<{ readonly sbangPath: string; readonly script: string; readonly interpreter: string }> {
    const directory = await tree({ 'bin/sbang': SBANG_SCRIPT });
    const folder = join(directory, 'd'.repeat(140));
    await mkdir(folder);
    const interpreter = join(folder, name);
    await writeFile(interpreter, '#!/bin/sh\nfor word; do printf \'<%s>\' "$word"; done\n');
    const script = join(directory, 'a script');
    await writeFile(script, lines(interpreter));
    for (const file of [interpreter, script, join(directory, 'bin/sbang')]) await chmod(file, 0o755);
    return { sbangPath: join(directory, 'bin/sbang'), script, interpreter };
  }

  const cases = [
    { name: 'python3', line: (i: string) => `#!${i} -E -s`, want: '<-E><-s><S>' },
    { name: 'python3', line: (i: string) => `#! \t${i}`, want: '<S>' },
    { name: 'node', line: (i: string) => `//!${i}`, want: '<S>' },
    { name: 'lua', line: (i: string) => `--!${i} -e`, want: '<-e><S>' },
    { name: 'perl', line: (i: string) => `#!${i} -w`, want: '<-w><-x><S>' },
    { name: 'ruby', line: (i: string) => `#!${i}`, want: '<-x><S>' },
    { name: 'perl5.36', line: (i: string) => `#!/usr/bin/env ${i}`, want: '<-x><S>' },
    { name: 'perl', line: (i: string) => `#!/usr/bin/env -S A=b ${i} -w`, want: '<-w><-x><S>' },
    { name: 'python3', line: (i: string) => `#!/usr/bin/env ${i}`, want: '<S>' },
    { name: 'python3', line: (i: string) => `#!${i} * ?`, want: '<*><?><S>' },
    { name: 'python3', line: (i: string) => `#!${i} -u\r`, want: '<-u><S>' },
  ];

  test.each(cases.map((one) => ({ ...one, title: one.line(one.name) })))(
    'runs $title',
    async ({ name, line, want }) => {
      const { sbangPath, script } = await setUp(name, (interpreter) => `#!/bin/sh SBANG\n${line(interpreter)}\nrest\n`);
      await writeFile(script, (await readFile(script, 'utf8')).replace('SBANG', sbangPath));
      const output = execFileSync(script, ['a b', '', '*', '--', '$x'], { encoding: 'utf8' });
      expect(output).toBe(`${want.replace('S>', `${script}>`)}<a b><><*><--><$x>`);
    },
  );

  test('php gets a line that it prints nothing of', async () => {
    const { sbangPath, script, interpreter } = await setUp('php', () => '');
    await writeFile(script, `#!/bin/sh ${sbangPath}\n<?php #!${interpreter} -q\n ?>rest`);
    expect(execFileSync(script, ['x'], { encoding: 'utf8' })).toBe(`<-q><${script}><x>`);
  });

  test('a script without the sbang line is run by its own first line', async () => {
    const { sbangPath, script } = await setUp('python3', (interpreter) => `#!${interpreter} -b\n`);
    expect(execFileSync(sbangPath, [script], { encoding: 'utf8' })).toBe(`<-b><${script}>`);
  });

  test.each([
    ['itself', '#!/bin/sh SBANG\nrest\n', 'asks for sbang itself'],
    ['no interpreter', 'rest\n', 'no interpreter line'],
    ['an empty line', '#!\n', 'no interpreter line'],
  ])('refuses %s', async (_, text, message) => {
    const { sbangPath, script } = await setUp('python3', () => text);
    await writeFile(script, text.replace('SBANG', sbangPath));
    const { status, stderr } = spawnSync('sh', [sbangPath, script], { encoding: 'utf8' });
    expect(status).toBe(126);
    expect(stderr).toContain(message);
  });

  test('refuses a script that is not there, and none at all', async () => {
    const { sbangPath } = await setUp('python3', () => '');
    expect(spawnSync('sh', [sbangPath, '/nowhere/at/all']).status).toBe(126);
    expect(spawnSync('sh', [sbangPath]).status).toBe(126);
  });

  toolTest(['perl'])('a real perl script runs', async () => {
    const { sbangPath, script } = await setUp('x', () => '');
    const perl = execFileSync('sh', ['-c', 'command -v perl'], { encoding: 'utf8' }).trim();
    await writeFile(script, `#!/bin/sh ${sbangPath}\n#!${perl} -w\nprint "perl @ARGV\\n";\n`);
    expect(execFileSync(script, ['1', '2'], { encoding: 'utf8' })).toBe('perl 1 2\n');
  });
});

describe('search path entries that lead nowhere are dropped', () => {
  async function prune(
    path: string,
    tag: number = RUNPATH,
  ): Promise<{ readonly text: string; readonly changed: readonly string[]; readonly size: readonly number[] }> {
    const { bytes } = buildElf({ strings: Buffer.from(`\0${path}\0tail\0`), dynamic: [[tag, 1]] });
    const directory = await tree({
      'lib/p.so': bytes,
      'lib/text': 'not ELF, although it is long enough to be one: 0123456789',
    });
    await chmod(join(directory, 'lib/p.so'), 0o555);
    const changed = await pruneSearchPaths(directory, {
      finalPrefix: '/opt/final/p',
      entries: await walkPrefix(directory, { signal }),
      signal,
      pathExists: (asked) => Promise.resolve(asked === '/opt/dep/lib'),
    });
    const after = await readFile(join(directory, 'lib/p.so'));
    expect((await lstat(join(directory, 'lib/p.so'))).mode & 0o777).toBe(0o555);
    const reading = readElf(bufferReader(after));
    return {
      text: reading.kind === 'image' ? (reading.image.searchPath?.text.toString() ?? '') : reading.kind,
      changed,
      size: [bytes.length, after.length],
    };
  }

  test.each([
    ['/opt/final/p/lib:/opt/final/p/lib64:/opt/dep/lib:/opt/dep/lib64', '/opt/final/p/lib:/opt/dep/lib'],
    ['$ORIGIN/../nowhere:relative/lib:./lib:/opt/final/px/lib', '$ORIGIN/../nowhere'],
    ['/nowhere', ''],
    ['/opt/final/p', '/opt/final/p'],
    ['/opt/dep/lib::/opt/dep/lib', '/opt/dep/lib:/opt/dep/lib'],
  ])('%s', async (before, after) => {
    const { text, changed, size } = await prune(before);
    expect(text).toBe(after);
    expect(changed).toEqual(before === after ? [] : ['lib/p.so']);
    expect(size[0]).toBe(size[1]);
  });

  test('DT_RPATH, too; without other knowledge the file system is asked', async () => {
    expect((await prune('/opt/dep/lib:/x', RPATH)).text).toBe('/opt/dep/lib');
    const { bytes } = buildElf({ strings: Buffer.from('\0/usr:/no/such/folder\0'), dynamic: [[RUNPATH, 1]] });
    const directory = await tree({ p: bytes });
    const entries = await walkPrefix(directory, { signal });
    expect(await pruneSearchPaths(directory, { finalPrefix: '/opt/final/p', entries, signal })).toEqual(['p']);
    expect((await readFile(join(directory, 'p'))).includes('/usr\0\0')).toBe(true);
  });
});
