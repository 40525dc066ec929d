import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyRelocation, planRelocation, readElf, type BuildInfo, type RelocationMember } from '../../src/index.ts';
import { bufferReader } from '../../src/relocate/byte-reader.ts';
import { prefixMapOf } from '../../src/relocate/prefix-map.ts';
import { toolTest } from '../support/tools.ts';

interface RpathVector {
  readonly rpath_before: string;
  readonly tag_before: string;
  readonly interpreter_before: string;
  readonly map: [string, string][];
  readonly rpath_after: string;
  readonly interpreter_after: string;
  readonly how: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/elf-rpath.json', import.meta.url), 'utf8'),
) as readonly RpathVector[];
const signal = AbortSignal.timeout(120_000);
const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'berth-elf-'));
});
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

const compiled = toolTest(['gcc', 'readelf']);

async function compile(name: string, source: string, args: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(work, 'cc-'));
  await writeFile(join(directory, 'main.c'), source);
  const output = join(directory, name);
  execFileSync('gcc', [join(directory, 'main.c'), '-o', output, ...args]);
  return output;
}

function buildInfo(relocateBinaries: readonly string[]): BuildInfo {
  return {
    buildPath: '/old/r',
    hardLinksDeduped: true,
    hashToPrefix: new Map(),
    relocateBinaries,
    relocateLinks: [],
    relocateTextFiles: [],
    relativeRpaths: false,
  };
}

/** Relocates one file where it lies. */
async function relocate(file: string, map: readonly (readonly [string, string])[]): Promise<readonly string[]> {
  const { size: sizeBytes, mode } = await stat(file);
  const path = 'bin/file';
  const directory = await mkdtemp(join(work, 'tree-'));
  await mkdir(join(directory, 'bin'));
  await copyFile(file, join(directory, path));
  const members = new Map<string, RelocationMember>([[path, { path, kind: 'file', mode, sizeBytes }]]);
  const plan = await planRelocation({
    directory,
    finalPrefix: '/new/r/p',
    members,
    buildInfo: buildInfo([path]),
    prefixMap: prefixMapOf(map),
    platform: 'linux',
    what: 'p@1/abc',
    signal,
  });
  await applyRelocation(plan, { signal });
  await copyFile(join(directory, path), file);
  return plan.warnings.map(({ message }) => message);
}

async function names(file: string): Promise<{
  readonly path: string | undefined;
  readonly tag: string | undefined;
  readonly interpreter: string | undefined;
}> {
  const reading = readElf(bufferReader(await readFile(file)));
  if (reading.kind !== 'image') throw new Error(`not an image: ${reading.kind}`);
  const { searchPath, interpreter } = reading.image;
  return { path: searchPath?.text.toString(), tag: searchPath?.tag, interpreter: interpreter?.text.toString() };
}

/** What other tools make of the file; they complain on stderr when it is not well formed. */
function readelf(file: string, ...args: string[]): string {
  return execFileSync('readelf', ['-W', ...args, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function expectWellFormed(file: string): void {
  const output = execFileSync('sh', ['-c', 'readelf -aW "$1" 2>&1', 'sh', file], { encoding: 'utf8' });
  expect(output).not.toMatch(/warning|error|corrupt|out of range/i);
}

test('all search path vectors are run', () => {
  expect(vectors).toHaveLength(5);
});

describe('search paths and interpreters become what Spack makes of them', () => {
  compiled.each(vectors.map((vector) => ({ ...vector, title: JSON.stringify(vector.map) })))(
    '$title',
    async (vector) => {
      const tags = vector.tag_before === 'RUNPATH' ? '--enable-new-dtags' : '--disable-new-dtags';
      const file = await compile('p', 'int main(void) { return 0; }', [`-Wl,${tags},-rpath,${vector.rpath_before}`]);
      expect(await names(file)).toEqual({
        path: vector.rpath_before,
        tag: vector.tag_before,
        interpreter: vector.interpreter_before,
      });
      await relocate(file, vector.map);
      // Whatever grows, the tag and the path are kept.
      const path = vector.how.includes('lost') ? vector.rpath_before : vector.rpath_after;
      expect(await names(file)).toEqual({ path, tag: vector.tag_before, interpreter: vector.interpreter_after });
      expectWellFormed(file);
      expect(readelf(file, '-d')).toContain(`Library ${vector.tag_before.toLowerCase()}: [${path}]`);
      expect(readelf(file, '-l')).toContain(`interpreter: ${vector.interpreter_after}]`);
    },
  );
});

const LIBRARY = 'const char *name(void) { return "library"; }';
const PROGRAM = '#include <stdio.h>\nconst char *name(void);\nint main(void) { puts(name()); return 0; }';

interface Linkage {
  readonly name: string;
  readonly args: readonly string[];
}

const linkages: readonly Linkage[] = [
  { name: 'a position independent program', args: ['-pie', '-fPIE'] },
  { name: 'a program at a fixed address', args: ['-no-pie'] },
  { name: 'a program without notes', args: ['-pie', '-fPIE', '-Wl,--build-id=none', '-Wl,-z,noseparate-code'] },
  { name: 'a program with a large zeroed array', args: ['-no-pie', '-DBIG'] },
  { name: 'a program with pages of 2 MiB', args: ['-Wl,-z,max-page-size=0x200000'] },
  { name: 'a program with DT_RPATH', args: ['-Wl,--disable-new-dtags'] },
  { name: 'a program without symbols', args: ['-s'] },
];

/** Turns every note header into an unused one of a type nobody knows, so that none can be taken. */
async function withoutNotes(file: string): Promise<void> {
  const bytes = await readFile(file);
  const phoff = Number(bytes.readBigUInt64LE(32));
  for (let index = 0; index < bytes.readUInt16LE(56); index += 1) {
    const at = phoff + index * bytes.readUInt16LE(54);
    if ([4, 0x6474e553].includes(bytes.readUInt32LE(at))) bytes.writeUInt32LE(0x6fffff00, at);
  }
  await writeFile(file, bytes);
}

async function linked(
  args: readonly string[],
  strip: boolean,
): Promise<{ readonly program: string; readonly library: string; readonly moved: string }> {
  const library = await compile('libname.so', LIBRARY, [
    '-shared',
    '-fPIC',
    '-Wl,-rpath,/o/l/lib',
    ...args.filter((arg) => arg.startsWith('-Wl,-')),
  ]);
  const moved = join(await mkdtemp(join(work, 'moved-')), 'a/long/way/from/home/lib');
  await mkdir(moved, { recursive: true });
  const source = args.includes('-DBIG') ? `${PROGRAM}\nchar big[64 << 20];` : PROGRAM;
  const program = await compile('p', source, [
    '-L',
    dirname(library),
    '-lname',
    '-Wl,-rpath,/o/l/lib:/usr/lib',
    ...args,
  ]);
  if (strip) {
    await withoutNotes(program);
    await withoutNotes(library);
  }
  await copyFile(library, join(moved, 'libname.so'));
  return { program, library: join(moved, 'libname.so'), moved };
}

describe('a program runs after its search path has grown', () => {
  const runnable = toolTest(['gcc', 'readelf', 'ldd']);
  const cases = linkages.flatMap((linkage) => [
    { ...linkage, title: linkage.name, strip: false },
    { ...linkage, title: `${linkage.name}, no header to spare`, strip: true },
  ]);

  runnable.each(cases)('$title', async ({ args, strip }) => {
    const { program, library, moved } = await linked(args, strip);
    expect(() => execFileSync(program, { stdio: 'ignore' })).toThrow();
    const tag = args.includes('-Wl,--disable-new-dtags') ? 'RPATH' : 'RUNPATH';
    await relocate(program, [['/o/l/lib', moved]]);
    await relocate(library, [['/o/l/lib', moved]]);
    expect(await names(program)).toMatchObject({ path: `${moved}:/usr/lib`, tag, interpreter: INTERPRETER });
    expect(await names(library)).toMatchObject({ path: moved, tag });
    expect(execFileSync(program, { encoding: 'utf8' })).toBe('library\n');
    expect(execFileSync('ldd', [program], { encoding: 'utf8' })).toContain(`libname.so => ${moved}/libname.so`);
    expect(await readFile(program)).not.toContain('/o/l/lib');
    if (!strip) {
      expectWellFormed(program);
      expectWellFormed(library);
    }
  });

  runnable.each([false, true])('also when its interpreter grows (no header to spare: %s)', async (strip) => {
    const { program, moved } = await linked(['-pie', '-fPIE'], strip);
    const interpreter = join(moved, 'ld.so');
    await copyFile(INTERPRETER, interpreter);
    await relocate(program, [
      ['/o/l/lib', moved],
      [INTERPRETER, interpreter],
    ]);
    expect(await names(program)).toEqual({ path: `${moved}:/usr/lib`, tag: 'RUNPATH', interpreter });
    expect(execFileSync(program, { encoding: 'utf8' })).toBe('library\n');
  });

  runnable('and a second time, and back to something short', async () => {
    const { program, moved } = await linked(['-pie', '-fPIE'], false);
    const further = join(moved, 'and', 'even', 'further');
    await mkdir(further, { recursive: true });
    await copyFile(join(moved, 'libname.so'), join(further, 'libname.so'));
    await relocate(program, [['/o/l/lib', moved]]);
    await relocate(program, [[moved, further]]);
    expect(execFileSync('ldd', [program], { encoding: 'utf8' })).toContain(`libname.so => ${further}/libname.so`);
    await relocate(program, [[further, moved]]);
    expect(execFileSync(program, { encoding: 'utf8' })).toBe('library\n');
    expectWellFormed(program);
  });
});

describe('strings that share their ends', () => {
  compiled('a symbol whose name is the end of the search path keeps it', async () => {
    // The linker stores "lib" once, as the end of the path.
    const file = await compile('libs.so', 'int lib(void) { return 7; }', [
      '-shared',
      '-fPIC',
      '-Wl,-O2',
      '-Wl,-rpath,/old/root/lib',
    ]);
    const reading = await names(file);
    expect(reading.path).toBe('/old/root/lib');
    await relocate(file, [['/old/root', '/n']]);
    expect(await names(file)).toMatchObject({ path: '/n/lib', tag: 'RUNPATH' });
    expect(readelf(file, '--dyn-syms')).toMatch(/FUNC\s+GLOBAL\s+DEFAULT\s+\d+ lib$/m);
    expectWellFormed(file);
  });
});
