import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tar from 'tar';
import {
  type BuildInfo,
  formatBuildInfo,
  packPrefix,
  parseBuildInfo,
  type Relocations,
  unpackPackage,
} from '../../src/index.ts';
import { formatFlowYaml } from '../../src/build-info/flow-yaml.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const signal = AbortSignal.timeout(60_000);
const what = 'p@1/abc';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'berth-build-info-'));
  await tar.extract({ file: join(fixtures, 'store.tar.gz'), cwd: work, preserveOwner: false, preservePaths: true });
});
afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

async function documentIn(archive: string): Promise<Buffer> {
  const directory = await mkdtemp(join(work, 'unpacked-'));
  const source = createReadStream(join(fixtures, 'archives', archive));
  return (await unpackPackage({ source, directory, what: archive, signal })).buildInfo;
}

const archives = readdirSync(join(fixtures, 'archives')).filter((file) => file.endsWith('.tar.gz'));

test('every golden document is read, and written back byte for byte unless its writer used another style', async () => {
  expect(archives).toHaveLength(14);
  let same = 0;
  for (const archive of archives) {
    const document = await documentIn(archive);
    const info = parseBuildInfo(document, { what });
    expect(info).toMatchObject({ hardLinksDeduped: true, relativeRpaths: false });
    expect(info.hashToPrefix.size).toBeGreaterThan(0);
    expect(parseBuildInfo(Buffer.from(formatBuildInfo(info)), { what })).toEqual(info);
    if (document.toString().startsWith('{')) {
      expect(formatBuildInfo(info)).toBe(document.toString());
      same += 1;
    }
  }
  expect(same).toBe(12);
});

const golden = [
  ['greet-63cee6ae.tar.gz', 'greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm'],
  ['libgreet-e76d86d9.tar.gz', 'libgreet-1.0-jcni4qeht7exvcpnt737c2cvqazoz7jz'],
  ['gcc-runtime-752737bd.tar.gz', 'gcc-runtime-12.2.0-ota4ukznoewu2hr52tqsbmyumurhjeal'],
] as const;

test.each(golden)('the lists collected from the prefix are those of %s', async (archive, name) => {
  const info = parseBuildInfo(await documentIn(archive), { what });
  const directory = join(work, 'opt/golden/store/linux-x86_64', name);
  const prefixes = [...info.hashToPrefix.values(), info.sbangInstallPath ?? '', info.buildPath];
  let collected: Relocations | undefined;
  const format = (relocations: Relocations): Uint8Array => {
    collected = relocations;
    return Buffer.alloc(0);
  };
  for await (const chunk of packPrefix({ prefix: directory, buildInfo: { prefixes, format }, signal })) {
    expect(chunk.length).toBeGreaterThan(0);
  }
  expect(formatBuildInfo({ ...info, ...collected })).toBe((await documentIn(archive)).toString());
});

const scalars = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/flow-yaml-scalars.json'), 'utf8')) as {
  value: string;
  yaml: string;
}[];

/** Written by the YAML writer of Spack 1.2.0.dev0 for strings of random pieces. */
test('strings are quoted as Spack quotes them, and read back as they were', () => {
  expect(scalars).toHaveLength(400);
  for (const { value, yaml } of scalars) {
    expect(`${formatFlowYaml(new Map([['a', [value]]]))}\n`).toBe(yaml);
    const document = `${formatFlowYaml(
      new Map<string, string | string[] | Map<string, string>>([
        ['buildpath', '/x'],
        ['hash_to_prefix', new Map<string, string>()],
        ['relocate_textfiles', [value]],
      ]),
    )}\n`;
    expect(parseBuildInfo(Buffer.from(document), { what }).relocateTextFiles).toEqual([value]);
  }
});

function parse(text: string): BuildInfo {
  return parseBuildInfo(Buffer.from(text), { what });
}

describe('older and other forms', () => {
  test('prefix_to_hash is read the other way round, missing flags are false', () => {
    expect(
      parse('buildpath: /opt/s\nprefix_to_hash: {/opt/s/a: abc, /opt/s/b: def}\nrelocate_binaries: [bin/a]\n'),
    ).toEqual({
      buildPath: '/opt/s',
      hardLinksDeduped: false,
      hashToPrefix: new Map([
        ['abc', '/opt/s/a'],
        ['def', '/opt/s/b'],
      ]),
      relocateBinaries: ['bin/a'],
      relocateLinks: [],
      relocateTextFiles: [],
      relativeRpaths: false,
    });
  });

  test('JSON and relative_rpaths', () => {
    const info = parse(
      '{"buildpath": "/opt/s", "hash_to_prefix": {"abc": "/opt/s/a"}, "relative_rpaths": true, "hardlinks_deduped": true}',
    );
    expect(info).toMatchObject({
      relativeRpaths: true,
      hardLinksDeduped: true,
      hashToPrefix: new Map([['abc', '/opt/s/a']]),
    });
  });

  test('Y06 text that looks like a number, a date or a truth value stays text', () => {
    const info = parse(
      '{buildpath: 0x10, hash_to_prefix: {12345678901234567890123456789012: 1e5}, relocate_binaries: [1.10, 2024-01-01, yes, null]}',
    );
    expect([info.buildPath, [...info.hashToPrefix], info.relocateBinaries]).toEqual([
      '0x10',
      [['12345678901234567890123456789012', '1e5']],
      ['1.10', '2024-01-01', 'yes', 'null'],
    ]);
  });
});

describe('what is no build info is refused', () => {
  const rest = 'buildpath: /o/s\nhash_to_prefix: {a: /o/s/a}\n';
  test.each([
    ['not YAML', '{a: [', 'ERR_BUILD_INFO'],
    ['not a mapping', '- a\n', 'ERR_BUILD_INFO'],
    ['empty', '', 'ERR_BUILD_INFO'],
    ['no prefixes', 'buildpath: /o/s\n', 'ERR_BUILD_INFO'],
    ['no root', 'hash_to_prefix: {}\n', 'ERR_BUILD_INFO'],
    ['a list that is none', `${rest}relocate_binaries: bin/a\n`, 'ERR_BUILD_INFO'],
    ['a list of lists', `${rest}relocate_binaries: [[bin/a]]\n`, 'ERR_BUILD_INFO'],
    ['a flag that is none', `${rest}hardlinks_deduped: maybe\n`, 'ERR_BUILD_INFO'],
    ['Y01 nested aliases', `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y02 merge keys of aliases', `a: &a {x: y}\nb:\n  <<: [*a, *a]\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y03 an anchor inside itself', `a: &a [*a]\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y04 a Python tag', `a: !!python/object/apply:os.system [ls]\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y04 a custom tag', `a: !x y\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y05 duplicate keys', `${rest}buildpath: /p/q\n`, 'ERR_BUILD_INFO'],
    ['several documents', `${rest}---\n${rest}`, 'ERR_BUILD_INFO'],
    ['Y01 too many nodes', `${rest}relocate_links: [${'x,'.repeat(250_001)}x]\n`, 'ERR_LIMIT'],
    ['too many bytes', `${rest}# ${'x'.repeat(16 * 1024 * 1024)}\n`, 'ERR_LIMIT'],
  ])('%s', (_, text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'BerthError', code }));
  });

  test('bytes that are not UTF-8', () => {
    expect(() => parseBuildInfo(Buffer.from([0x61, 0x3a, 0x20, 0xff]), { what })).toThrow(
      expect.objectContaining({ kind: 'format' }),
    );
  });

  test('a key of a prototype is an ordinary key', () => {
    expect(parse(`__proto__: {x: y}\n${rest}`).buildPath).toBe('/o/s');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});
