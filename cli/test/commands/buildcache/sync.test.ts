import { expect, test } from '@jest/globals';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, type Printed } from '../bench.ts';
import { MIRRORS, outcomesOf, quickstart, REPOSITORY } from './support.ts';

const LAYOUTS = join(REPOSITORY, 'plugins/mirror-oci/test/fixtures/oci-layout');
const GREET = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';

async function bench(): Promise<Bench & { readonly sync: (...words: readonly string[]) => Promise<Printed> }> {
  const place = await quickstart();
  return { ...place, sync: (...words) => place.berth('buildcache', 'sync', ...words) };
}

/** Every file of a folder by its path, without what berth keeps for itself. */
async function filesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes('/.berth/'))
      files.set(path.slice(folder.length + 1), await readFile(path, 'latin1'));
  }
  return files;
}

async function tagsOf(layout: string): Promise<Readonly<Record<string, string>>> {
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    readonly manifests: readonly { readonly digest: string; readonly annotations: Readonly<Record<string, string>> }[];
  };
  const pairs = manifests.map(({ digest, annotations }) => [annotations['org.opencontainers.image.ref.name'], digest]);
  return Object.fromEntries(pairs.filter(([tag]) => tag !== 'index.spack')) as Readonly<Record<string, string>>;
}

const ALL_COPIED = { greet: 'copied', libgreet: 'copied', 'gcc-runtime': 'copied' };

test('from a folder to a folder: the same manifests and blobs, byte for byte, and nothing again the second time', async () => {
  const { sync, cwd } = await bench();
  const first = await sync('-u', './mirror', './copy');
  expect(first).toMatchObject({ text: '3 copied\n', exitCode: 0, document: { index: { packages: 3, changed: true } } });
  const [from, to] = [await filesOf(join(cwd, 'mirror')), await filesOf(join(cwd, 'copy'))];
  const packages = [...to.keys()].filter((name) => !name.startsWith('v3/manifests/index/'));
  for (const name of packages.filter((each) => each.startsWith('v3/manifests/spec/'))) {
    expect(to.get(name)).toBe(from.get(name));
  }
  expect(packages.filter((name) => name.startsWith('v3/manifests/spec/'))).toHaveLength(3);
  const again = await sync('-u', './mirror', './copy');
  expect(again).toMatchObject({ text: '0 copied, 3 already there\n', document: { index: { changed: false } } });
  expect(await filesOf(join(cwd, 'copy'))).toEqual(to);
}, 20_000);

test('between image layouts whole images are copied: every tag names the same digest, base image included', async () => {
  const { sync, cwd } = await bench();
  for (const golden of ['cache', 'on-docker-base']) {
    await cp(join(LAYOUTS, golden), join(cwd, golden), { recursive: true });
    const copied = await sync(`oci-layout://${cwd}/${golden}`, `oci-layout://${cwd}/to-${golden}`);
    expect(copied).toMatchObject({ exitCode: 0, document: { index: { changed: true } } });
    const [from, to] = [await tagsOf(join(cwd, golden)), await tagsOf(join(cwd, `to-${golden}`))];
    expect(Object.keys(to).length).toBeGreaterThan(0);
    expect(from).toMatchObject(to);
    expect(new Set(Object.keys(to))).toEqual(new Set(Object.keys(from).filter((tag) => tag.endsWith('.spack'))));
  }
}, 20_000);

test('from a folder through an image layout to another folder: it installs, and has the archives of the first', async () => {
  const { sync, berth, cwd } = await bench();
  expect(outcomesOf(await sync('-u', './mirror', `oci-layout://${cwd}/usb`))).toEqual(ALL_COPIED);
  expect(outcomesOf(await sync('-u', `oci-layout://${cwd}/usb`, './back'))).toEqual(ALL_COPIED);
  const blobs = async (folder: string): Promise<readonly string[]> =>
    [...(await filesOf(join(cwd, folder))).keys()].filter((name) => name.startsWith('blobs/'));
  const before = await blobs('mirror');
  const archives = (await blobs('back')).filter((name) => before.includes(name));
  expect(archives.length).toBeGreaterThanOrEqual(3);
  await rm(join(cwd, 'mirror'), { recursive: true });
  await berth('mirror', 'add', '--unsigned', 'back', join(cwd, 'back'));
  expect(outcomesOf(await berth('buildcache', 'install', '--otherarch', 'greet'))).toMatchObject({
    greet: 'installed',
  });
}, 30_000);

test('an unindexed image layout is copied whole, and named packages with what they need', async () => {
  const { sync, cwd } = await bench();
  await sync('-u', './mirror', `oci-layout://${cwd}/layout`);
  const file = join(cwd, 'layout/index.json');
  const index = JSON.parse(await readFile(file, 'utf8')) as { manifests: { annotations: Record<string, string> }[] };
  index.manifests = index.manifests.filter(({ annotations }) => !Object.values(annotations).includes('index.spack'));
  await writeFile(file, JSON.stringify(index));
  await rm(join(cwd, 'layout/.berth'), { recursive: true });
  const layout = `oci-layout://${cwd}/layout`;
  expect(outcomesOf(await sync(layout, `oci-layout://${cwd}/all`))).toEqual(ALL_COPIED);
  expect(outcomesOf(await sync(layout, `oci-layout://${cwd}/lib`, 'libgreet'))).toEqual({
    libgreet: 'copied',
    'gcc-runtime': 'copied',
  });
  expect(
    outcomesOf(await sync('--only', 'package', layout, `oci-layout://${cwd}/one`, `/${GREET.slice(0, 7)}`)),
  ).toEqual({
    greet: 'copied',
  });
  await expect(sync(layout, `oci-layout://${cwd}/none`, 'nosuch')).rejects.toMatchObject({ code: 'ERR_NO_MATCH' });
}, 20_000);

test.each([
  ['v2-unsigned', ['greet', 'libgreet', 'gcc-runtime']],
  ['v1-unsigned', ['greet', 'libgreet']],
])(
  '%s becomes layout v3, with the same archives',
  async (name, names) => {
    const { sync, berth, cwd } = await bench();
    const copied = await sync('-u', join(MIRRORS, name), './v3');
    expect(outcomesOf(copied)).toEqual(Object.fromEntries(names.map((each) => [each, 'copied'])));
    const { packages } = copied.document as { readonly packages: readonly { readonly hash: string }[] };
    const checked = await berth(
      'buildcache',
      'check',
      '--verify',
      '-m',
      './v3',
      ...packages.map(({ hash }) => `/${hash}`),
    );
    expect(checked.text).toBe(`mirror ./v3: ${names.length} of ${names.length} packages are there\n`);
    const archives = [...(await filesOf(join(MIRRORS, name)))].filter(([key]) => key.endsWith('.spack'));
    const before = new Set(archives.map(([, bytes]) => bytes));
    const after = [...(await filesOf(join(cwd, 'v3')))].filter(
      ([key, text]) => key.startsWith('blobs/') && before.has(text),
    );
    expect(after).toHaveLength(names.length);
  },
  20_000,
);

test('signed documents stay signed in a folder, and are refused where they would have to be made anew', async () => {
  const { sync, cwd } = await bench();
  const source = join(MIRRORS, 'v3-signed');
  const copied = await sync(source, './copy');
  expect(copied.exitCode).toBe(0);
  const manifests = [...(await filesOf(join(cwd, 'copy')))].filter(([name]) => name.startsWith('v3/manifests/spec/'));
  expect(manifests.length).toBeGreaterThan(0);
  const golden = await filesOf(source);
  for (const [name, text] of manifests) {
    expect(text).toMatch(/^-----BEGIN PGP SIGNED MESSAGE-----/);
    expect(text).toBe(golden.get(name));
  }
  const refused = await sync(source, `oci-layout://${cwd}/layout`);
  expect(refused.exitCode).toBe(3);
  expect(JSON.stringify(refused.document)).toMatch(/ERR_SIGNATURE_LOST/);
  const unsigned = await sync('-u', source, `oci-layout://${cwd}/layout`);
  expect(unsigned.exitCode).toBe(0);
  expect(unsigned.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'SIGNATURE_LOST' }));
}, 20_000);

test('a target that wants signatures gets nothing that has none', async () => {
  const { sync, cwd } = await bench();
  const refused = await sync('quickstart', './copy');
  expect(refused).toMatchObject({ text: '0 copied, 3 failed\n', exitCode: 3 });
  expect(JSON.stringify(refused.document)).toMatch(/ERR_SIGNATURE_REQUIRED/);
  expect(await readdir(cwd)).not.toContain('copy');
});

test('J14, F03: a damaged archive and the manifest of another package fail alone, and leave nothing of themselves', async () => {
  const { sync, cwd } = await bench();
  const manifests = join(cwd, 'mirror/v3/manifests/spec');
  const fileOf = async (name: string): Promise<string> =>
    join(manifests, name, (await readdir(join(manifests, name)))[0] ?? '');
  const { data } = JSON.parse(await readFile(await fileOf('libgreet'), 'utf8')) as { data: { checksum: string }[] };
  const digest = data[0]?.checksum ?? '';
  const blob = join(cwd, 'mirror/blobs/sha256', digest.slice(0, 2), digest);
  const bytes = await readFile(blob);
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  await writeFile(blob, bytes);
  await writeFile(await fileOf('greet'), await readFile(await fileOf('gcc-runtime')));
  for (const target of ['./copy', `oci-layout://${cwd}/layout`]) {
    const copied = await sync('-u', './mirror', target);
    expect(outcomesOf(copied)).toEqual({ greet: 'failed', libgreet: 'failed', 'gcc-runtime': 'copied' });
    expect(copied.exitCode).toBe(3);
    expect(JSON.stringify(copied.document)).toMatch(/ERR_BINDING/);
    expect(JSON.stringify(copied.document)).toMatch(/ERR_DIGEST_MISMATCH/);
  }
  expect([...(await filesOf(join(cwd, 'copy'))).keys()].filter((name) => name.includes(digest))).toEqual([]);
  expect(Object.keys(await tagsOf(join(cwd, 'layout')))).toEqual([expect.stringMatching(/^gcc-runtime-/)]);
}, 20_000);
