import { describe, expect, test } from '@jest/globals';
import { DigestStream } from '@berth/base';
import { pipeline } from 'node:stream/promises';
import { checkBinding, type Mirror, objectStoreMirror, readEntrySpec } from '../src/index.ts';
import { connectionOf, loadMirror, signal } from './support/stores.ts';

interface Golden {
  readonly mirror: string;
  readonly view?: string;
  readonly layout: 3 | 2 | 1;
  readonly signed: 'none' | 'clearsigned';
  /** Packages by hash. */
  readonly packages: Readonly<Record<string, string>>;
}

const original = {
  '7y7a35nxci34gy7e3r7bdjnes5o2o7bm': 'greet',
  jcni4qeht7exvcpnt737c2cvqazoz7jz: 'libgreet',
  ota4ukznoewu2hr52tqsbmyumurhjeal: 'gcc-runtime',
};
const second = {
  '4nocb6qyckgdmyklrqtcy4n5r2rprrrd': 'greet',
  rogljam7ilnuccpny6byyfgcwcjgjqzz: 'libgreet',
  o3rt2ccssgy2neze4jtmkfefwfj7ydzp: 'gcc-runtime',
};
const spliced = {
  gayzj2lfzhio7os4e7cw26usd5o2o7bm: 'greet',
  rgwezbr7v7rsupklr34hhfrxgzub47bd: 'libgreet',
  ota4ukznoewu2hr52tqsbmyumurhjeal: 'gcc-runtime',
};
const first = { '7uwc4z7zi7ndprz6cchsrsc5qiseaajl': 'greet', khtmoztruajhg4xjvyqbj5wo46cnfwyp: 'libgreet' };

const mirrors: readonly Golden[] = [
  { mirror: 'v3-unsigned', layout: 3, signed: 'none', packages: original },
  { mirror: 'v3-signed', layout: 3, signed: 'clearsigned', packages: original },
  { mirror: 'v3-padded', layout: 3, signed: 'none', packages: original },
  { mirror: 'v3-view', layout: 3, signed: 'none', packages: original },
  { mirror: 'v3-view', view: 'team/a', layout: 3, signed: 'none', packages: original },
  { mirror: 'v3-spliced', layout: 3, signed: 'none', packages: spliced },
  { mirror: 'v2-migrated-to-v3', layout: 3, signed: 'none', packages: second },
  { mirror: 'v2-unsigned', layout: 2, signed: 'none', packages: second },
  { mirror: 'v2-signed', layout: 2, signed: 'clearsigned', packages: second },
  { mirror: 'v1-unsigned', layout: 1, signed: 'none', packages: first },
];

test('all nine golden mirrors are read, one of them also through its view', () => {
  expect(mirrors).toHaveLength(10);
});

describe.each(mirrors)('$mirror $view', ({ mirror: name, view, layout, signed, packages }) => {
  const open = (): Mirror => objectStoreMirror(loadMirror(name), connectionOf({ view }));

  test('lists its packages', async () => {
    const hashes: string[] = [];
    for await (const { hash } of open().list({ signal })) hashes.push(hash);
    expect(hashes.sort()).toEqual(Object.keys(packages).sort());
  });

  test('its index offers exactly its packages', async () => {
    const index = await open().index({ signal });
    expect(Array.from(index?.hashes() ?? []).sort()).toEqual(Object.keys(packages).sort());
    expect(index?.size).toBe(Object.keys(packages).length);
  });

  test.each(Object.entries(packages))(
    '%s (%s) is found by its spec, bound, and its archive verified',
    async (hash, packageName) => {
      const mirror = open();
      const spec = await (await mirror.index({ signal }))?.spec(hash, { signal });
      expect(spec?.name).toBe(packageName);
      if (spec === undefined) throw new Error('not in the index');
      const entry = await mirror.find(spec, { signal });
      expect({ layout: entry?.layout, signed: entry?.signed }).toEqual({ layout, signed });
      if (entry?.archive === undefined) throw new Error('no archive');
      expect(checkBinding(await readEntrySpec(mirror, entry, { signal }), spec, 'entry')).toBe('recomputed');
      const digest = new DigestStream();
      await pipeline(await mirror.open(entry.archive, { signal }), digest.resume());
      expect(digest.digest).toBe(entry.archive.digest);
      if (entry.archive.sizeBytes !== undefined) expect(digest.sizeBytes).toBe(entry.archive.sizeBytes);
      expect(await mirror.exists(spec, { signal })).toBe(true);
    },
  );

  test.each(Object.entries(packages))('%s (%s) is found by name, version and hash alone', async (hash, packageName) => {
    const version = packageName === 'gcc-runtime' ? '12.2.0' : '1.0';
    const entry = await open().find({ name: packageName, version, hash }, { signal });
    expect(entry?.layout).toBe(layout);
  });

  test('a package it does not have is not found', async () => {
    expect(await open().find({ name: 'greet', version: '1.0', hash: 'a'.repeat(32) }, { signal })).toBeUndefined();
  });
});

test('one package takes one request for its manifest and one for its archive', async () => {
  const store = loadMirror('v3-unsigned');
  const mirror = objectStoreMirror(store, connectionOf());
  const entry = await mirror.find(
    { name: 'greet', version: '1.0', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm' },
    { signal },
  );
  if (entry?.archive === undefined) throw new Error('no archive');
  (await mirror.open(entry.archive, { signal })).destroy();
  expect(store.calls).toHaveLength(2);
});

test('without a v2 index, a v2 package asked for by hash is found by listing', async () => {
  const store = loadMirror('v2-unsigned');
  store.objects.delete('build_cache/index.json');
  const mirror = objectStoreMirror(store, connectionOf());
  const entry = await mirror.find(
    { name: 'gcc-runtime', version: '12.2.0', hash: 'o3rt2ccssgy2neze4jtmkfefwfj7ydzp' },
    { signal },
  );
  expect(entry?.archive?.key).toContain('/none-none/gcc-runtime-12.2.0/');
});
